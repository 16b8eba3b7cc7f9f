/** The clocks are compared again after this long. */
const COMPARE_AFTER_MS = 60_000
/** A smaller difference than this is the network's, and is left: it would put events of one process out of their order. */
const TOLERATED_MS = 1_000

/**
 * The database's clock, as this process knows it: one for exposures and outcomes of every worker, whatever their own clocks say. What
 * happens here keeps its order, since all of it is measured by the monotonic clock and moved by the same amount.
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
    const asked = performance.now()
    const server = await this.#now()
    const answered = performance.now()
    const offset = server - (asked + answered) / 2
    if (this.#offset === undefined || Math.abs(offset - this.#offset) > TOLERATED_MS + (answered - asked)) this.#offset = offset
    this.#comparedAt = answered
  }
}
