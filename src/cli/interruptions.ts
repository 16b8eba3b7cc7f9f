/** What SIGINT does: it ends a command at once, except for work that must not be left half done. */
export class Interruptions {
  readonly #stopping = new AbortController()
  readonly #stopped: Promise<never>
  #reject: (reason: unknown) => void = () => {}
  #uninterrupted = 0

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
    this.#settle()
  }

  async uninterrupted<Value>(work: () => Promise<Value>): Promise<Value> {
    this.signal.throwIfAborted()
    this.#uninterrupted++
    try {
      return await work()
    } finally {
      this.#uninterrupted--
      // The command itself goes first: what it says of the work that has ended is worth more than "stopped".
      setImmediate(() => this.#settle())
    }
  }

  interruptible<Value>(work: Promise<Value>): Promise<Value> {
    return Promise.race([work, this.#stopped])
  }

  #settle(): void {
    if (this.signal.aborted && this.#uninterrupted === 0) this.#reject(this.signal.reason)
  }
}
