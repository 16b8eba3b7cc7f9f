import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Receipt } from '../../entities/written.js'
import { formatReceiptMessage } from '../../shared/bus-message.js'
import { withDeadline } from '../../shared/deadline.js'
import type { RedisClients } from './redis-clients.js'

export interface ReceiptsParts extends Pick<RedisClients, 'data' | 'listeners'> {
  /** Announces a message. @returns whether it was */
  readonly publish: (message: string) => Promise<boolean>
}

export interface ReceiptsOptions {
  readonly namespace: string
  readonly channel: string
  /** Most milliseconds one call may take. */
  readonly redisMs: number
}

/** How long answers are kept, in milliseconds: longer than a writer may wait for them. */
const KEEP_MS = 60_000
/** Most answers a second: any publisher can ask, and each answer writes a key. */
const ANSWERS_PER_SECOND = 1_000
/** Pause between two looks at the answers, in milliseconds. */
const LOOK_EVERY_MS = 2

/** Finds out which workers serve a write: the writer asks over the channel, and each worker that serves it puts its name into a set. */
export class Receipts {
  readonly #parts: ReceiptsParts
  readonly #options: ReceiptsOptions
  readonly #worker = randomUUID()
  #answers = 0
  #countedSince = 0

  constructor(parts: ReceiptsParts, options: ReceiptsOptions) {
    this.#parts = parts
    this.#options = options
  }

  /** Says that this worker serves the write that was asked about. A Redis that is away is no answer. */
  async answer(database: string, reply: string): Promise<void> {
    if (!this.#mayAnswer()) return
    const key = this.#keyOf(database, reply)
    const { data } = this.#parts
    await this.#timely(Promise.all([data.sadd(key, this.#worker), data.pexpire(key, KEEP_MS)])).catch(() => {})
  }

  /**
   * Asks, and waits until as many workers answered as listen, at most `waitMs` milliseconds, or until `signal` is aborted. Workers that died
   * do not listen.
   *
   * @returns `undefined` when Redis does not answer
   */
  async collect(database: string, after: number, waitMs: number, signal?: AbortSignal): Promise<Receipt | undefined> {
    const reply = randomUUID()
    const key = this.#keyOf(database, reply)
    const start = performance.now()
    const { data, listeners, publish } = this.#parts
    try {
      if (!(await publish(formatReceiptMessage({ database, after, reply })))) return undefined
      for (;;) {
        const [applied, listening] = await this.#timely(Promise.all([data.scard(key), listeners(this.#options.channel)]))
        const workers = Math.max(listening, applied)
        const ms = performance.now() - start
        if ((applied >= workers && workers > 0) || ms >= waitMs || signal?.aborted)
          return { workers, applied, ms: Math.round(ms * 10) / 10 }
        await sleep(Math.min(LOOK_EVERY_MS, waitMs - ms))
      }
    } catch {
      return undefined
    }
  }

  #mayAnswer(): boolean {
    const now = performance.now()
    if (now - this.#countedSince >= 1_000) {
      this.#countedSince = now
      this.#answers = 0
    }
    return ++this.#answers <= ANSWERS_PER_SECOND
  }

  #keyOf(database: string, reply: string): string {
    return `{${this.#options.namespace}}:${database}:receipts:${reply}`
  }

  #timely<Answer>(call: Promise<Answer>): Promise<Answer> {
    return withDeadline(call, this.#options.redisMs, () => new Error('Redis did not answer in time.'))
  }
}
