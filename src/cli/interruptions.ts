/**
 * Handles SIGINT. It ends a command at once, until the command begins work that must not be left half done (`uninterrupted`). From then
 * on the command runs to its end and prints what it did; "stopped" would mean that nothing was changed.
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
