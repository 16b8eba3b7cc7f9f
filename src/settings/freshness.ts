/** How soon after one look at the sources the same tick looks again, in milliseconds: a look takes about as long. */
const WAIT_MS = 0.02
/** How many reads in a row may pass between two looks at the clock, which costs more than a read. */
const READS_PER_CLOCK = 64

/**
 * Decides when fresh keys are compared with their sources: at the first read of each tick of the event loop. A tick that goes on looks
 * again after some microseconds, so that what the tick itself writes is seen, and a loop of reads does not look each time.
 */
export class Freshness {
  #isKnown = false
  #lookedAt = 0
  #reads = 0

  isDue(): boolean {
    if (!this.#isKnown) return true
    // The first reads after a look ask the clock each time: few reads are a program, many are a loop.
    if (++this.#reads > READS_PER_CLOCK && this.#reads % READS_PER_CLOCK !== 0) return false
    return performance.now() - this.#lookedAt >= WAIT_MS
  }

  /** The sources have been compared. */
  looked(): void {
    // Microtasks run when the present code is through, before anything from outside can call.
    if (!this.#isKnown) queueMicrotask(this.#forget)
    this.#isKnown = true
    this.#reads = 0
    this.#lookedAt = performance.now()
  }

  readonly #forget = (): void => {
    this.#isKnown = false
  }
}
