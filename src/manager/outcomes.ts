import type { GuardMetric } from '../entities/guard.js'
import { isMetricName, METRIC } from '../rollout/guard.js'
import { InvalidArgumentError, isConfigError, type StoreUnavailableError } from '../shared/errors.js'
import { MAX_SUBJECT } from '../store/rollouts/assignments.js'
import type { OutcomeRow, WrittenOutcomes } from '../store/rollouts/outcomes.js'

/** What became of a subject, for one metric. */
export interface Outcome {
  /** Whom the read was for. */
  readonly subject: string
  /** `error`, `slow`, or a name of your own: a letter, then letters, digits, `_`, `.` or `-`. */
  readonly metric: string
  /** Whether it went wrong. A subject's first bad outcome of a metric counts, once. @default false */
  readonly bad?: boolean
  /** A number, for means. A subject's first one counts. */
  readonly value?: number
  /** Only for rollouts of this kind. */
  readonly kind?: string
  /** Only for rollouts of this name. */
  readonly name?: string
  /** Only for this rollout, guarded or not. Absent: for every guarded rollout that the subject was exposed to. */
  readonly rolloutId?: string
}

export interface OutcomesParts {
  /** An outcome counts from its subject's exposure on, so these are written first. Never rejects. */
  readonly flushExposures: () => Promise<void>
  /** Times are those of `performance.now()`. */
  readonly write: (rows: readonly OutcomeRow[]) => Promise<WrittenOutcomes>
  /** The metrics that the guard of a rollout watches; the rollout gave a subject an arm in this process. */
  readonly metricsOf: (rolloutId: string) => readonly GuardMetric[] | undefined
  /** An outcome counts for a guard. */
  readonly onWatched: () => void
  readonly onError: (error: unknown, message: string) => void
}

const FLUSH_EVERY_MS = 1_000
const BATCH_SIZE = 500
/** Most outcomes that wait while the database is away; the oldest are dropped first. */
const MAX_WAITING = 10_000
/** How long an outcome waits for the exposure of its subject, which another worker may be about to write. */
const EXPOSED_WITHIN_MS = 10_000

interface Waiting extends OutcomeRow {
  /** When to try again, with exponential backoff: most subjects are in no rollout. */
  tryAt: number
}

/** Takes outcomes of subjects, and writes them in batches, after the subjects' exposures. */
export class Outcomes {
  readonly #parts: OutcomesParts
  #waiting: Waiting[] = []
  /** Outcomes dropped because the queue was full, since the last report of that. */
  #dropped = 0
  #isClosed = false
  #isRefused = false
  #isFailing = false
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> = Promise.resolve()

  constructor(parts: OutcomesParts) {
    this.#parts = parts
  }

  /**
   * Records the outcome of a subject. It is written about a second later, or by `flush()`; a process that is killed loses those of its last second.
   * Ten thousand wait while the database is away.
   *
   * @throws {InvalidArgumentError} when the outcome is not valid; never because of the database
   *
   * @example
   * ```ts
   * manager.outcomes.record({ subject: 'user-7', metric: 'error', bad: true })
   * ```
   */
  record(outcome: Outcome): void {
    checkOutcome(outcome)
    if (this.#isClosed || this.#isRefused) return
    const { subject, metric, bad = false, value, kind, name, rolloutId } = outcome
    this.#waiting.push({ subject, metric, bad, value, kind, name, rolloutId, at: performance.now(), tryAt: 0 } as Waiting)
    // Drops many at once, because removing the first element of an array moves all others.
    if (this.#waiting.length >= 2 * MAX_WAITING) this.#makeRoom()
    this.#flushSoon()
  }

  /**
   * What the guard of a rollout watches; `undefined` for one without a guard, and for one that gave no subject a version in this process.
   * Agents ask it before they record anything.
   */
  metricsOf(rolloutId: string): readonly GuardMetric[] | undefined {
    return this.#parts.metricsOf(rolloutId)
  }

  /**
   * Resolves when every outcome and exposure that can be written is written. Outcomes that wait for their subject's exposure are not. Never
   * rejects.
   */
  async flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#writing = this.#writing.then(() => this.#write())
    await this.#writing
  }

  /** Writes the waiting outcomes a last time, at shutdown. */
  async close(): Promise<void> {
    this.#isClosed = true
    for (const row of this.#waiting) row.tryAt = 0
    await this.flush()
    clearTimeout(this.#timer)
  }

  #makeRoom(): void {
    this.#dropped += this.#waiting.length - MAX_WAITING
    this.#waiting = this.#waiting.slice(-MAX_WAITING)
  }

  #flushSoon(): void {
    if (!this.#isClosed) this.#timer ??= setTimeout(() => void this.flush(), FLUSH_EVERY_MS).unref()
  }

  async #write(): Promise<void> {
    await this.#parts.flushExposures()
    if (this.#waiting.length > MAX_WAITING) this.#makeRoom()
    const due = this.#waiting.filter((row) => row.tryAt <= performance.now())
    for (let from = 0; from < due.length; from += BATCH_SIZE) {
      const batch = due.slice(from, from + BATCH_SIZE)
      try {
        this.#wrote(batch, await this.#parts.write(batch))
      } catch (error) {
        this.#failed(error)
        return
      }
    }
    if (this.#waiting.length > 0) this.#flushSoon()
  }

  #wrote(batch: readonly Waiting[], { early, isWatched }: WrittenOutcomes): void {
    this.#isFailing = false
    if (this.#dropped > 0)
      this.#parts.onError(undefined, `${this.#dropped} outcomes were dropped: more than ${MAX_WAITING} waited for the database.`)
    this.#dropped = 0
    const now = performance.now()
    const kept = new Set(early.map((place) => batch[place] as Waiting).filter((row) => now - row.at < EXPOSED_WITHIN_MS))
    for (const row of kept) row.tryAt = now + Math.max(FLUSH_EVERY_MS, now - row.at) / 2
    const gone = new Set(batch.filter((row) => !kept.has(row)))
    this.#waiting = this.#waiting.filter((row) => !gone.has(row))
    if (isWatched) this.#parts.onWatched()
  }

  #failed(error: unknown): void {
    if (isConfigError(error, 'E_STORE_UNAVAILABLE') && (error as StoreUnavailableError).reason === 'permission') {
      this.#isRefused = true
      this.#waiting = []
      this.#parts.onError(error, 'Outcomes are not recorded by this process: its role may not write to config_outcomes.')
      return
    }
    if (!this.#isFailing) this.#parts.onError(error, 'Outcomes could not be written; they are kept and tried again.')
    this.#isFailing = true
    this.#flushSoon()
  }
}

function checkOutcome({ subject, metric, bad, value, kind, name, rolloutId }: Outcome): void {
  if (typeof subject !== 'string' || subject === '' || subject.length > MAX_SUBJECT || !isStorable(subject))
    throw new InvalidArgumentError('subject', `must be a string of 1 to ${MAX_SUBJECT} characters that PostgreSQL can store`)
  if (!isMetricName(metric)) throw new InvalidArgumentError('metric', METRIC)
  if (bad !== undefined && typeof bad !== 'boolean') throw new InvalidArgumentError('bad', 'must be true or false')
  if (value !== undefined && !Number.isFinite(value)) throw new InvalidArgumentError('value', 'must be a finite number')
  checkOptional('kind', kind)
  checkOptional('name', name)
  checkOptional('rolloutId', rolloutId)
}

function checkOptional(field: string, text: unknown): void {
  if (text === undefined) return
  if (typeof text !== 'string' || text === '' || text.length > MAX_SUBJECT || !isStorable(text))
    throw new InvalidArgumentError(field, `must be a string of 1 to ${MAX_SUBJECT} characters`)
}

/** A text that PostgreSQL can store: without NUL and lone surrogates. */
function isStorable(text: string): boolean {
  return !UNSTORABLE.test(text)
}

const UNSTORABLE = /\0|[\ud800-\udfff]/u
