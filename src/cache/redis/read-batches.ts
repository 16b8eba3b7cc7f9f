import type { Scope } from '../../entities/scope.js'
import type { StoredValue } from '../held/stamped-document.js'

/** What Redis said of a scope, and when it was asked, on the clock of `performance.now()`. */
export interface RedisAnswer {
  readonly value: StoredValue | undefined
  readonly askedAt: number
}

interface Waiting<Served> {
  readonly promise: Promise<Served>
  readonly resolve: (served: Served | Promise<Served>) => void
}

const MAX_SIZE = 100

/**
 * Reads of one tick that ask Redis together, and are answered in the tick in which the reply arrives. A read costs one promise and one entry
 * of a map that is dropped when it is answered: a map that lives on would move documents that memory drops soon into the collector's old space.
 */
export class ReadBatches<Served> {
  readonly #ask: (scopes: readonly Scope[]) => Promise<ReadonlyMap<Scope, StoredValue>>
  readonly #answer: (scope: Scope, answer: RedisAnswer) => Served | Promise<Served>
  #waiting = new Map<Scope, Waiting<Served>>()

  /**
   * @param ask never rejects: when Redis does not answer in time, the answer is empty
   * @param answer makes of one value what its readers get
   */
  constructor(
    ask: (scopes: readonly Scope[]) => Promise<ReadonlyMap<Scope, StoredValue>>,
    answer: (scope: Scope, answer: RedisAnswer) => Served | Promise<Served>,
  ) {
    this.#ask = ask
    this.#answer = answer
  }

  /** Readers of one scope share an answer as long as its question has not been sent. */
  read(scope: Scope): Promise<Served> {
    const waiting = this.#waiting.get(scope)
    if (waiting) return waiting.promise
    // A tick queued from a microtask runs when no microtask is left: every caller of this turn has asked by then.
    if (this.#waiting.size === 0) queueMicrotask(() => process.nextTick(() => this.#send()))
    let resolve!: Waiting<Served>['resolve']
    const promise = new Promise<Served>((settle) => {
      resolve = settle
    })
    this.#waiting.set(scope, { promise, resolve })
    if (this.#waiting.size >= MAX_SIZE) this.#send()
    return promise
  }

  #send(): void {
    const batch = this.#waiting
    if (batch.size === 0) return
    this.#waiting = new Map()
    const askedAt = performance.now()
    void this.#ask([...batch.keys()]).then((values) => {
      for (const [scope, { resolve }] of batch) {
        try {
          resolve(this.#answer(scope, { value: values.get(scope), askedAt }))
        } catch (error) {
          resolve(Promise.reject(error))
        }
      }
    })
  }
}
