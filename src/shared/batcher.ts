interface Waiting<Value> {
  readonly resolve: (value: Value | undefined) => void
  readonly reject: (error: unknown) => void
}

/**
 * Answers keys asked for in the same tick with one call, at most `maxSize` keys a call. A key asked for twice before the call goes out is
 * sent once; keys asked for later go into the next call, so an answer is never older than its question.
 */
export class Batcher<Value> {
  readonly #load: (keys: readonly string[]) => Promise<ReadonlyMap<string, Value>>
  readonly #maxSize: number
  #waiting = new Map<string, Waiting<Value>[]>()

  constructor(load: (keys: readonly string[]) => Promise<ReadonlyMap<string, Value>>, maxSize: number) {
    this.#load = load
    this.#maxSize = maxSize
  }

  /** The value for `key`, `undefined` when the call did not give one. */
  load(key: string): Promise<Value | undefined> {
    return new Promise((resolve, reject) => {
      if (this.#waiting.size === 0) this.#schedule()
      const others = this.#waiting.get(key)
      if (others) others.push({ resolve, reject })
      else this.#waiting.set(key, [{ resolve, reject }])
      if (this.#waiting.size >= this.#maxSize) this.#flush()
    })
  }

  // A tick queued from a microtask runs when no microtask is left: every caller of this turn has asked by then.
  #schedule(): void {
    queueMicrotask(() => process.nextTick(() => this.#flush()))
  }

  #flush(): void {
    const batch = this.#waiting
    if (batch.size === 0) return
    this.#waiting = new Map()
    this.#load([...batch.keys()]).then(
      (values) => {
        for (const [key, waiting] of batch) for (const one of waiting) one.resolve(values.get(key))
      },
      (error) => {
        for (const waiting of batch.values()) for (const one of waiting) one.reject(error)
      },
    )
  }
}
