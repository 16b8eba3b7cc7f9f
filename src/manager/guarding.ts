import type { Guard, GuardMetric } from '../entities/guard.js'
import type { OpenDatabase } from '../store/postgres/open-database.js'
import { insertOutcomes, serverNow } from '../store/rollouts/outcomes.js'
import type { ConfigStore } from '../store/write/config-store.js'
import { type GuardEvent, Judge } from './judge.js'
import { Outcomes } from './outcomes.js'
import { ServerClock } from './server-clock.js'

export interface GuardingParts {
  readonly db: OpenDatabase['db']
  readonly store: ConfigStore
  readonly project: string
  readonly read: <Value>(query: () => Promise<Value>) => Promise<Value>
  /** Connects, unless the manager is connected already. */
  readonly ready: () => Promise<void>
  readonly flushExposures: () => Promise<void>
  readonly emit: (event: GuardEvent) => void
  readonly onError: (error: unknown, message: string) => void
}

/** What guarded rollouts need in a process: the outcomes, the clock they are measured by, and the judge. */
export class Guarding {
  readonly outcomes: Outcomes
  readonly #judge: Judge
  readonly #clock: ServerClock
  /** Metrics that guards watch, by rollout; they never change during a rollout. */
  readonly #watched = new Map<string, readonly GuardMetric[]>()

  constructor(parts: GuardingParts) {
    const { db, store, project, read } = parts
    this.#clock = new ServerClock(() => read(() => serverNow(db)))
    this.#judge = new Judge(parts)
    this.outcomes = new Outcomes({
      flushExposures: parts.flushExposures,
      write: async (rows) => {
        await parts.ready()
        const times = await this.#clock.times()
        const inTime = rows.map((row) => ({ ...row, at: times(row.at) }))
        return read(() => insertOutcomes(db, store.schema, project, inTime))
      },
      metricsOf: (rolloutId) => this.#watched.get(rolloutId),
      onWatched: () => this.wake(),
      onError: parts.onError,
    })
  }

  /** Returns a function that converts times of `performance.now()` to the database's clock. */
  serverTimes(): Promise<(at: number) => number> {
    return this.#clock.times()
  }

  /** A guarded rollout gave a subject an arm. */
  watch(rolloutId: string, { metrics }: Guard): void {
    this.#watched.set(rolloutId, metrics)
    this.wake()
  }

  /** A guarded rollout runs: this process judges it too. */
  wake(): void {
    this.#judge.wake()
  }

  /** Looks at every guarded rollout once, now. */
  judge(): Promise<boolean> {
    return this.#judge.judge()
  }

  async close(): Promise<void> {
    await this.outcomes.close()
    await this.#judge.close()
  }
}
