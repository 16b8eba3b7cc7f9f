import { afterEach } from 'vitest'
import type { ConfigurationManager } from '../../src/manager/configuration-manager.js'
import { createConfigManager } from '../../src/manager/global-manager.js'
import type { ConfigManagerOptions } from '../../src/manager/options.js'
import { eventually } from '../support/eventually.js'

/** A log that is looked at so rarely that a test never meets the look: what arrives, arrived by an announcement. */
export const NO_POLL = { pollIntervalMs: 600_000 } as const

/** Makes managers that are shut down after the test, whatever became of it. */
export function useManagers(): (options: ConfigManagerOptions) => Promise<ConfigurationManager> {
  const open: ConfigurationManager[] = []
  afterEach(async () => {
    await Promise.all(open.splice(0).map((manager) => manager.shutdown()))
  })
  return async (options) => {
    const manager = createConfigManager({ redis: false, ...options })
    open.push(manager)
    await manager.ready()
    return manager
  }
}

/** Resolves when a manager knows every change up to a revision. Asks nobody. */
export async function heard(manager: ConfigurationManager, revision: number): Promise<void> {
  await eventually(() => (manager.stats().revision ?? -1) >= revision)
}

/** Collects what a manager emits. */
export function eventsOf(manager: ConfigurationManager) {
  const events: { readonly name: string; readonly event: Record<string, unknown> }[] = []
  for (const name of ['change', 'stale', 'redis:lost', 'redis:restored', 'database:lost', 'database:restored', 'error'] as const) {
    manager.on(name, (event: object) => void events.push({ name, event: event as Record<string, unknown> }))
  }
  return { events, names: () => events.map(({ name }) => name), of: (name: string) => events.filter((one) => one.name === name) }
}

/** A promise that rejects, as its error; fails when it does not reject. */
export async function refusal(work: Promise<unknown>): Promise<Error & { code?: string }> {
  const value = await work.catch((error: unknown) => error)
  if (!(value instanceof Error)) throw new Error(`It was not refused: ${JSON.stringify(value)}`)
  return value
}
