import type { ConfigurationManager } from '../manager/configuration-manager.js'
import { withDeadline } from '../shared/deadline.js'
import type { OpenFeatureEvent, OpenFeatureEventContext } from './openfeature-types.js'

/** What the provider needs of a manager. */
export type FlagManager = Pick<ConfigurationManager, 'project' | 'isClosed' | 'ready' | 'stats' | 'health' | 'on' | 'getFlagDetails'> &
  // For `track`.
  Partial<{ readonly outcomes: Pick<ConfigurationManager['outcomes'], 'record'> }>

export interface ManagerWatchParts {
  readonly manager: FlagManager
  readonly project: string
  readonly initializeTimeoutMs: number
  readonly emit: (event: OpenFeatureEvent, context: OpenFeatureEventContext) => void
}

/** How often the state of a manager that was late, or served stale values, is checked. */
const RECHECK_MS = 1_000

/**
 * Emits OpenFeature's events for a manager, from `start` to `stop`: ready, stale and ready again, and which flags changed. The SDK itself
 * emits Ready when `start` resolves and Error when it rejects; events before that would be lost, so none are emitted.
 */
export class ManagerWatch {
  readonly #parts: ManagerWatchParts
  #state: 'stopped' | 'starting' | 'late' | 'ready' | 'stale' = 'stopped'
  #stops: (() => void)[] = []
  #recheckTimer: NodeJS.Timeout | undefined

  constructor(parts: ManagerWatchParts) {
    this.#parts = parts
  }

  /** @throws {Error} when the manager is not ready in time, or cannot be; Ready is emitted as soon as it is */
  async start(): Promise<void> {
    const { manager, initializeTimeoutMs } = this.#parts
    this.stop()
    this.#state = 'starting'
    this.#listen()
    try {
      await withDeadline(
        manager.ready(),
        initializeTimeoutMs,
        () => new Error(`The manager was not ready within ${initializeTimeoutMs} ms.`),
      )
      if (this.#state === 'starting') this.#state = 'ready'
    } catch (error) {
      if (this.#state === 'starting') this.#awaitRecovery('late')
      throw error
    }
  }

  stop(): void {
    this.#state = 'stopped'
    clearTimeout(this.#recheckTimer)
    for (const stop of this.#stops.splice(0)) stop()
  }

  #listen(): void {
    const { manager, project } = this.#parts
    const isOurs = (event: { readonly kind: string; readonly project: string }) => event.kind === 'flag' && event.project === project
    const lost = () => {
      const { database, redis } = manager.stats()
      if (database.state === 'down' && redis.state !== 'up') this.#becameStale()
    }
    const restored = () => {
      if (this.#recheckTimer !== undefined) this.#scheduleRecheck(0)
    }
    this.#stops = [
      manager.on('change', (event) => {
        if (isOurs(event)) this.#flagChanged(event.name)
      }),
      manager.on('stale', (event) => {
        if (isOurs(event)) this.#becameStale()
      }),
      manager.on('database:lost', lost),
      manager.on('redis:lost', lost),
      manager.on('database:restored', restored),
      manager.on('redis:restored', restored),
    ]
  }

  #flagChanged(name: string): void {
    if (this.#state !== 'starting') this.#parts.emit('PROVIDER_CONFIGURATION_CHANGED', { flagsChanged: [name] })
  }

  #becameStale(): void {
    if (this.#state !== 'ready') return
    this.#awaitRecovery('stale')
    this.#parts.emit('PROVIDER_STALE', { message: 'Flags are served as they were last known: the stores do not answer.' })
  }

  #awaitRecovery(state: 'late' | 'stale'): void {
    this.#state = state
    this.#scheduleRecheck(RECHECK_MS)
  }

  #scheduleRecheck(delayMs: number): void {
    clearTimeout(this.#recheckTimer)
    const timer = setTimeout(() => void this.#recheck(timer), delayMs)
    timer.unref()
    this.#recheckTimer = timer
  }

  async #recheck(timer: NodeJS.Timeout): Promise<void> {
    const { manager, emit } = this.#parts
    if (manager.isClosed) return
    const { ok } = await manager.health()
    // Stopped, or another check was scheduled meanwhile.
    if (timer !== this.#recheckTimer || this.#state === 'stopped') return
    if (!ok) return this.#scheduleRecheck(RECHECK_MS)
    this.#recheckTimer = undefined
    this.#state = 'ready'
    emit('PROVIDER_READY', {})
  }
}
