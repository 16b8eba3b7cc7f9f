/**
 * What SIGINT does: it ends a command at once, until it comes to work that must not be left half done. From there on the command goes to its
 * end, which is near, and says itself what was done: "stopped" would say that nothing was.
 */
export class Interruptions {
  readonly #stopping = new AbortController()
  readonly #stopped: Promise<never>
  #reject: (reason: unknown) => void = () => {}
  #isStoppable = true

  constructor() {
    this.#stopped = new Promise((_, reject) => {
      this.#reject = reject
    })
    this.#stopped.catch(() => {})
  }

  get signal(): AbortSignal {
    return this.#stopping.signal
  }

  stop(): void {
    this.#stopping.abort()
    if (this.#isStoppable) this.#reject(this.signal.reason)
  }

  async uninterrupted<Value>(work: () => Promise<Value>): Promise<Value> {
    this.signal.throwIfAborted()
    this.#isStoppable = false
    return work()
  }

  interruptible<Value>(work: Promise<Value>): Promise<Value> {
    return Promise.race([work, this.#stopped])
  }
}
