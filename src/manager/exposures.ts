import { BoundedMap } from '../cache/held/bounded-map.js'
import type { LabelledKind } from '../entities/config-kind.js'
import type { Guard } from '../entities/guard.js'
import type { Rollout } from '../entities/rollout.js'
import type { Selection } from '../entities/selection.js'
import { isConfigError, type StoreUnavailableError } from '../shared/errors.js'
import type { ExposureRow } from '../store/rollouts/assignments.js'

/** A subject was given an arm for the first time, as far as this process remembers. */
export interface Exposure {
  readonly kind: LabelledKind
  readonly project: string
  readonly name: string
  readonly label: string
  readonly version: number
  readonly subject: string
  readonly rolloutId: string
  readonly arm: number
}

export interface ExposuresParts {
  readonly emit: (exposure: Exposure) => void
  /** Times are those of `performance.now()`. */
  readonly write: (rows: readonly ExposureRow[]) => Promise<void>
  /** A rollout that a guard watches gave a subject an arm. */
  readonly onWatched: (rolloutId: string, guard: Guard) => void
  readonly onError: (error: unknown, message: string) => void
}

/** Subjects remembered, so that each is reported once for each arm. */
const MAX_REMEMBERED = 50_000
const FLUSH_EVERY_MS = 1_000
const BATCH_SIZE = 500
/** Most rows that wait while the database is away; the oldest are dropped first. */
const MAX_WAITING = 10_000

/** Reports which subject was given which arm: an event at once, and rows in batches for rollouts that record exposures. */
export class Exposures {
  readonly #parts: ExposuresParts
  readonly #seen = new BoundedMap<true>(MAX_REMEMBERED)
  #waiting: ExposureRow[] = []
  #isClosed = false
  /** The database role may not insert exposures: rows are dropped from then on. */
  #isRefused = false
  /** Whether a failure was reported; the next one is reported after rows were written again. */
  #isFailing = false
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> = Promise.resolve()

  constructor(parts: ExposuresParts) {
    this.#parts = parts
  }

  note(rollout: Rollout, { version, arm = 0 }: Selection, subject: string): void {
    if (rollout.guard) this.#parts.onWatched(rollout.id, rollout.guard)
    const key = `${rollout.id}:${arm}:${subject}`
    if (this.#seen.get(key)) return
    this.#seen.set(key, true)
    const { kind, project, name, label, id: rolloutId } = rollout
    this.#parts.emit({ kind, project, name, label, version, subject, rolloutId, arm })
    if (rollout.recordExposures && !this.#isRefused) this.#add({ rolloutId, subject, arm, version, at: performance.now() })
  }

  /** Writes the waiting rows a last time, at shutdown. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.flush()
  }

  /** Writes the waiting rows. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#writing = this.#writing.then(() => this.#write())
    await this.#writing
  }

  #add(row: ExposureRow): void {
    this.#waiting.push(row)
    if (this.#waiting.length > MAX_WAITING) this.#waiting.shift()
    this.#flushSoon()
  }

  #flushSoon(): void {
    if (!this.#isClosed) this.#timer ??= setTimeout(() => void this.flush(), FLUSH_EVERY_MS).unref()
  }

  async #write(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.slice(0, BATCH_SIZE)
      try {
        await this.#parts.write(batch)
      } catch (error) {
        this.#failed(error)
        return
      }
      this.#isFailing = false
      const written = new Set(batch)
      this.#waiting = this.#waiting.filter((row) => !written.has(row))
    }
  }

  #failed(error: unknown): void {
    if (isConfigError(error, 'E_STORE_UNAVAILABLE') && (error as StoreUnavailableError).reason === 'permission') {
      this.#isRefused = true
      this.#waiting = []
      this.#parts.onError(error, 'Exposures are not recorded by this process: its role may not write to config_exposures.')
      return
    }
    if (!this.#isFailing) this.#parts.onError(error, 'Exposures could not be written; they are kept and tried again.')
    this.#isFailing = true
    this.#flushSoon()
  }
}
