import { StoreUnavailableError } from '../../shared/errors.js'

/** Most writes that may wait. */
export const MAX_WAITING_WRITES = 10_000

/** A write that waits for its turn. */
interface Waiting {
  readonly begin: () => void
  readonly timer: NodeJS.Timeout
}

export interface WriteQueueOptions {
  /** Longest time a write may wait for its turn, in milliseconds. */
  readonly queueMs: number
  /** @default 10_000 */
  readonly maxWaiting?: number
}

/**
 * Lets the writes of one process take turns before they take a connection. PostgreSQL carries out one configuration write at a time anyway,
 * so waiting there would only use up connections that reads need.
 *
 * Turns go round by name: a thousand writes of one name do not keep the first write of another waiting.
 */
export class WriteQueue {
  readonly #options: Required<WriteQueueOptions>
  /** The names that wait, in the order in which they get their next turn. */
  readonly #waiting = new Map<string, Waiting[]>()
  #count = 0
  #isBusy = false

  constructor({ queueMs, maxWaiting = MAX_WAITING_WRITES }: WriteQueueOptions) {
    this.#options = { queueMs, maxWaiting }
  }

  /** How many writes wait. */
  get length(): number {
    return this.#count
  }

  /**
   * Runs `work` when its turn comes.
   *
   * @throws {StoreUnavailableError} with `outcome: 'none'`, when too many wait already (`reason: 'queue_full'`) or the turn did not come in time
   *   (`reason: 'queue_timeout'`)
   */
  async run<Value>(name: string, work: () => Promise<Value>): Promise<Value> {
    if (this.#isBusy) await this.#turn(name)
    this.#isBusy = true
    try {
      return await work()
    } finally {
      this.#next()
    }
  }

  #turn(name: string): Promise<void> {
    const { queueMs, maxWaiting } = this.#options
    if (this.#count >= maxWaiting) {
      throw new StoreUnavailableError(
        `${maxWaiting} writes wait for their turn in this process already. Nothing was written: write fewer at a time.`,
        { outcome: 'none', reason: 'queue_full', retryable: true },
      )
    }
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#leave(name, waiting)
        reject(
          new StoreUnavailableError(`The write waited ${queueMs} ms for its turn in this process (queueMs). Nothing was written.`, {
            outcome: 'none',
            reason: 'queue_timeout',
            retryable: true,
          }),
        )
      }, queueMs)
      const waiting: Waiting = { begin: resolve, timer }
      this.#count++
      const ofName = this.#waiting.get(name)
      if (ofName) ofName.push(waiting)
      else this.#waiting.set(name, [waiting])
    })
  }

  /** Gives the turn to the name that has waited longest; the queue counts as busy meanwhile, so that no later write goes first. */
  #next(): void {
    const [turn] = this.#waiting
    if (!turn) {
      this.#isBusy = false
      return
    }
    const [name, ofName] = turn
    const first = ofName.shift() as Waiting
    // The name goes to the end of the line.
    this.#waiting.delete(name)
    if (ofName.length > 0) this.#waiting.set(name, ofName)
    this.#count--
    clearTimeout(first.timer)
    first.begin()
  }

  #leave(name: string, waiting: Waiting): void {
    const rest = (this.#waiting.get(name) ?? []).filter((other) => other !== waiting)
    if (rest.length > 0) this.#waiting.set(name, rest)
    else this.#waiting.delete(name)
    this.#count--
  }
}
