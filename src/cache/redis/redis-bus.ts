import { withDeadline } from '../../shared/deadline.js'
import { isRefusal, redisFailure } from './redis-failure.js'
import type { RedisLike } from './redis-like.js'

export interface RedisBusOptions {
  readonly channel: string
  /** Most milliseconds a SUBSCRIBE or PING may take. */
  readonly redisMs: number
  /** Milliseconds between two PINGs: a frozen server sends no event, and is noticed by a PING without an answer. `false` for none. */
  readonly pingMs: number | false
  /** A new client for one connection; `undefined` while there is no node to connect to. */
  readonly client: () => RedisLike | undefined
  readonly onMessage: (text: string) => void
  /** The subscription is confirmed. What was announced before it was missed. */
  readonly onSubscribed: () => void
  /** The server answers, and refuses the subscription: called once for each distinct refusal, until the subscription succeeds. */
  readonly onRefused?: (error: Error) => void
}

/** Each step of connecting has a deadline of its own; this one bounds all steps together, which could repeat for ever. */
const CONNECT_WITHIN = 20
/**
 * Before the next connection a worker waits a random time up to this, in milliseconds, twice as much after each failure: a thousand workers
 * whose server restarted must not all connect, and then read the log, at the same moment.
 */
const FIRST_PAUSE_MS = 250
const LONGEST_PAUSE_MS = 2_000

/** The subscription to announcements. Each connection is a new client, so that a lost one leaves nothing behind; comes back by itself. */
export class RedisBus {
  readonly #options: RedisBusOptions
  #client: RedisLike | undefined
  #isSubscribed = false
  #refusal: string | undefined
  #failures = 0
  #closed = false
  /** Whether a message came since the last PING was due, which shows that the server answers. */
  #hasHeard = false
  #pingTimer: NodeJS.Timeout | undefined
  #retryTimer: NodeJS.Timeout | undefined

  constructor(options: RedisBusOptions) {
    this.#options = options
  }

  get isSubscribed(): boolean {
    return this.#isSubscribed
  }

  /** Resolves when the first attempt succeeded or failed; further attempts go on in the background. */
  async open(): Promise<void> {
    if (this.#closed) return
    const { pingMs } = this.#options
    if (pingMs !== false) this.#pingTimer ??= setInterval(() => void this.#watch(), pingMs).unref()
    const client = this.#options.client()
    this.#client = client
    if (!client) return this.#reopenLater()
    client.on('message', ((_channel: string, text: string) => {
      this.#hasHeard = true
      this.#options.onMessage(text)
    }) as never)
    client.on('end', () => this.#lost(client))
    try {
      await this.#timely(client.connect(), CONNECT_WITHIN)
      await this.#timely(client.subscribe(this.#options.channel))
    } catch (error) {
      if (isRefusal(error)) this.#refused(redisFailure(error, undefined, []))
      this.#lost(client)
      return
    }
    if (this.#client !== client) return
    this.#isSubscribed = true
    this.#failures = 0
    this.#refusal = undefined
    this.#options.onSubscribed()
  }

  close(): void {
    this.#closed = true
    this.#isSubscribed = false
    clearInterval(this.#pingTimer)
    clearTimeout(this.#retryTimer)
    this.#client?.disconnect()
    this.#client = undefined
  }

  async #watch(): Promise<void> {
    const client = this.#client
    const hasHeard = this.#hasHeard
    this.#hasHeard = false
    if (!client || !this.#isSubscribed || hasHeard) return
    await this.#timely(client.ping()).catch(() => this.#lost(client))
  }

  #refused(error: Error): void {
    if (this.#refusal === error.message) return
    this.#refusal = error.message
    this.#options.onRefused?.(error)
  }

  #lost(client: RedisLike): void {
    if (this.#client !== client) return
    this.#client = undefined
    this.#isSubscribed = false
    client.disconnect()
    this.#reopenLater()
  }

  #reopenLater(): void {
    const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** Math.min(this.#failures++, 10), LONGEST_PAUSE_MS)
    this.#retryTimer = setTimeout(() => void this.open(), Math.random() * pauseMs).unref()
  }

  #timely<Answer>(call: Promise<Answer>, times = 1): Promise<Answer> {
    const ms = this.#options.redisMs * times
    return withDeadline(call, ms, () => new Error(`Redis did not answer within ${ms} ms.`))
  }
}
