/** How soon after one look at the sources the same tick looks again, in milliseconds: about as long as a look takes. */
const WAIT_MS = 0.01
/**
 * This many reads in a row count as a loop: it reads the clock once in as many reads, and spends at most a ninth of its time on looks at the
 * sources.
 */
const LOOP = 64
const LOOP_WAIT_PER_LOOK = 8

/**
 * Decides when fresh keys are compared with their sources: at the first read of each tick of the event loop. A long tick compares them
 * again after some microseconds, so that it sees what it wrote itself; a loop of reads compares less often.
 */
export class Freshness {
  #isKnown = false
  #lookedAt = 0
  #tookMs = 0
  /** When the clock was last read, and how many reads have come close to each other since. */
  #readAt = 0
  #row = 0
  /** How many reads go by before the clock is read again: this is all that a read in a loop costs. */
  #skip = 0

  isDue(): boolean {
    if (this.#skip === 0) return this.#isDueByClock()
    this.#skip--
    return false
  }

  #isDueByClock(): boolean {
    if (!this.#isKnown) return true
    const now = performance.now()
    const reads = this.#isLoop ? LOOP : 1
    this.#row = now - this.#readAt < WAIT_MS * reads ? this.#row + reads : 0
    this.#readAt = now
    this.#skip = this.#isLoop ? LOOP - 1 : 0
    return now - this.#lookedAt >= (this.#isLoop ? Math.max(WAIT_MS, this.#tookMs * LOOP_WAIT_PER_LOOK) : WAIT_MS)
  }

  get #isLoop(): boolean {
    return this.#row > LOOP
  }

  /** The sources have been compared, which took so long. */
  looked(tookMs: number): void {
    // A microtask runs when the current synchronous code has ended, before any timer or I/O callback.
    if (!this.#isKnown) queueMicrotask(this.#forget)
    this.#isKnown = true
    this.#tookMs = tookMs
    this.#lookedAt = performance.now()
    this.#readAt = this.#lookedAt
  }

  readonly #forget = (): void => {
    this.#isKnown = false
    this.#row = 0
    this.#skip = 0
  }
}
