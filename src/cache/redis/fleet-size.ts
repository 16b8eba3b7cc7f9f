import { withDeadline } from '../../shared/deadline.js'

export interface FleetSizeParts {
  /** How many workers listen on the channel. */
  readonly listeners: () => Promise<number>
  /** Most milliseconds one call may take. */
  readonly redisMs: number
}

/** How long a count is good for, in milliseconds. */
const COUNT_EVERY_MS = 10_000
/** Reads of the log that one core of PostgreSQL answers in a millisecond (docs/scaling.md). */
const READS_A_MS = 2
/** Longest time over which reads are spread, in milliseconds. */
const MAX_SPREAD_MS = 1_000

/**
 * How many workers there are, as Redis counts subscribers, so that reads of the log that all of them would begin in the same millisecond are spread:
 * ten workers over 5 ms, a thousand over half a second.
 */
export class FleetSize {
  readonly #parts: FleetSizeParts
  #workers = 0
  #countedAt = Number.NEGATIVE_INFINITY

  constructor(parts: FleetSizeParts) {
    this.#parts = parts
  }

  /** Milliseconds over which such reads are spread; 0 before the first count. */
  get spreadMs(): number {
    return Math.min(MAX_SPREAD_MS, this.#workers / READS_A_MS)
  }

  /** Counts again when the last count is old. Callers do not wait for it; when Redis does not answer, the old count stays. */
  count(): void {
    const now = performance.now()
    if (now - this.#countedAt < COUNT_EVERY_MS) return
    this.#countedAt = now
    const { listeners, redisMs } = this.#parts
    withDeadline(listeners(), redisMs, () => new Error('Redis did not answer in time.')).then(
      (workers) => {
        this.#workers = workers
      },
      () => {},
    )
  }
}
