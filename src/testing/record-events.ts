import type { ConfigurationManager } from '../manager/configuration-manager.js'
import type { ConfigurationManagerEvents } from '../manager/events.js'

/** One event as it was emitted. */
export type RecordedEvent = {
  [Name in keyof ConfigurationManagerEvents]: { readonly name: Name; readonly event: Parameters<ConfigurationManagerEvents[Name]>[0] }
}[keyof ConfigurationManagerEvents]

/** The events of a manager, in their order. */
export interface EventRecord {
  readonly events: readonly RecordedEvent[]
  /** The payloads of one event. */
  of<Name extends keyof ConfigurationManagerEvents>(name: Name): readonly Parameters<ConfigurationManagerEvents[Name]>[0][]
  clear(): void
  stop(): void
}

const NAMES: readonly (keyof ConfigurationManagerEvents)[] = [
  'change',
  'stale',
  'fallback',
  'exposure',
  'redis:lost',
  'redis:restored',
  'database:lost',
  'database:restored',
  'prefetch:progress',
  'error',
]

/** Records what a manager emits from now on. */
export function recordEvents(manager: Pick<ConfigurationManager, 'on'>): EventRecord {
  const events: RecordedEvent[] = []
  const stops = NAMES.map((name) => manager.on(name, ((event: unknown) => events.push({ name, event } as RecordedEvent)) as never))
  return {
    events,
    of: (name) => events.filter((recorded) => recorded.name === name).map((recorded) => recorded.event) as never,
    clear: () => void events.splice(0),
    stop: () => {
      for (const stop of stops) stop()
    },
  }
}
