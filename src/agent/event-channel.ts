/** Hands values from a producer to one reader, with backpressure: the producer waits until a value was read. */
export class EventChannel<Value> implements AsyncIterable<Value> {
  readonly #waiting: { readonly value: Value; readonly taken: () => void }[] = []
  #isClosed = false
  #wake: (() => void) | undefined

  /** Resolves when the value was taken, or the reader has left. */
  put(value: Value): Promise<void> {
    if (this.#isClosed) return Promise.resolve()
    return new Promise((resolve) => {
      this.#waiting.push({ value, taken: resolve })
      this.#wake?.()
    })
  }

  close(): void {
    this.#isClosed = true
    this.#wake?.()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Value, void, undefined> {
    try {
      for (;;) {
        const next = this.#waiting.shift()
        if (next !== undefined) {
          try {
            yield next.value
          } finally {
            next.taken()
          }
        } else if (this.#isClosed) return
        else {
          await new Promise<void>((resolve) => {
            this.#wake = resolve
          })
        }
      }
    } finally {
      this.#isClosed = true
      for (const { taken } of this.#waiting.splice(0)) taken()
    }
  }
}
