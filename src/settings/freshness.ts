/** How soon after one look at the sources the same tick looks again, in milliseconds; in a loop of reads ever later, up to the second. */
const FIRST_WAIT_MS = 0.005
const LONGEST_WAIT_MS = 1
/** How many reads may pass between two looks at the clock, which costs more than a read. */
const READS_PER_CLOCK = 64

/**
 * Decides when fresh keys are compared with their sources: at the first read of each tick of the event loop. A tick that goes on looks
 * again after some microseconds, so that what the tick itself writes is seen; a loop of reads looks ever more seldom.
 */
export class Freshness {
  #isKnown = false
  #lookedAt = 0
  #waitMs = FIRST_WAIT_MS
  #reads = 0

  isDue(): boolean {
    if (!this.#isKnown) {
      this.#isKnown = true
      this.#waitMs = FIRST_WAIT_MS
      // Microtasks run when the present code is through, before anything from outside can call.
      queueMicrotask(this.#forget)
      return this.#look()
    }
    // The first reads after a look ask the clock each time: few reads are a program, many are a loop.
    if (++this.#reads > READS_PER_CLOCK && this.#reads % READS_PER_CLOCK !== 0) return false
    if (performance.now() - this.#lookedAt < this.#waitMs) return false
    this.#waitMs = this.#reads < READS_PER_CLOCK ? FIRST_WAIT_MS : Math.min(this.#waitMs * 2, LONGEST_WAIT_MS)
    return this.#look()
  }

  #look(): true {
    this.#reads = 0
    this.#lookedAt = performance.now()
    return true
  }

  readonly #forget = (): void => {
    this.#isKnown = false
  }
}
