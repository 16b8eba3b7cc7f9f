/** The clocks are compared again after this long. */
const COMPARE_AFTER_MS = 60_000
/** How often the database is asked in one comparison, unless an answer is quick. */
const SAMPLES = 3
/** An answer within this many milliseconds is precise enough: no further sample is taken. */
const QUICK_MS = 5
/** Two offsets that differ by less than this plus their round trips count as equal. */
const SAME_MS = 5

interface Sample {
  readonly offset: number
  /** By how much it may be wrong: half of the round trip. */
  readonly error: number
}

/**
 * The database's clock, as this process knows it: exposures and outcomes of every worker are dated by it, whatever their own clocks say. What
 * happens in this process keeps its order, since all of it is measured by the monotonic clock and shifted by the same amount. Each process
 * knows the database's time to half of its shortest round trip.
 */
export class ServerClock {
  readonly #now: () => Promise<number>
  #offset: number | undefined
  #comparedAt = 0

  /** @param now asks the database, in milliseconds since 1970 */
  constructor(now: () => Promise<number>) {
    this.#now = now
  }

  /** @returns what turns a time of `performance.now()` into milliseconds since 1970 by the database's clock */
  async times(): Promise<(at: number) => number> {
    if (this.#offset === undefined || performance.now() - this.#comparedAt > COMPARE_AFTER_MS) await this.#compare()
    const offset = this.#offset as number
    return (at) => at + offset
  }

  async #compare(): Promise<void> {
    const { offset, error } = await this.#best()
    // A difference within the error means nothing, and correcting by it would reorder events of this process.
    if (this.#offset === undefined || Math.abs(offset - this.#offset) > SAME_MS + error) this.#offset = offset
    this.#comparedAt = performance.now()
  }

  /** Uses the sample with the shortest round trip: the longer it takes, the less precise it is. */
  async #best(): Promise<Sample> {
    let best = await this.#sample()
    for (let count = 1; count < SAMPLES && best.error > QUICK_MS / 2; count++) {
      const next = await this.#sample()
      if (next.error < best.error) best = next
    }
    return best
  }

  async #sample(): Promise<Sample> {
    const asked = performance.now()
    const server = await this.#now()
    const answered = performance.now()
    return { offset: server - (asked + answered) / 2, error: (answered - asked) / 2 }
  }
}
