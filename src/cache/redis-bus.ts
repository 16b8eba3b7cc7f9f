import { withDeadline } from '../shared/deadline.js'
import type { RedisLike } from './redis-like.js'
import { reopenOnEnd } from './reopen-on-end.js'

export interface RedisBusOptions {
  readonly channel: string
  /** Most milliseconds a SUBSCRIBE or PING may take. */
  readonly redisMs: number
  readonly onMessage: (text: string) => void
  /** The subscription is confirmed: what was announced before it was not heard. */
  readonly onSubscribed: () => void
}

/** A frozen server sends no event; it is noticed by a PING that gets no answer. */
const PING_EVERY_MS = 1_000

/** The subscription to announcements. Comes back by itself, whatever happens to the connection. */
export class RedisBus {
  readonly #client: RedisLike
  readonly #options: RedisBusOptions
  #isSubscribed = false
  #closed = false
  #timer: NodeJS.Timeout | undefined
  #letEnd = (): void => {}

  constructor(client: RedisLike, options: RedisBusOptions) {
    this.#client = client
    this.#options = options
  }

  get isSubscribed(): boolean {
    return this.#isSubscribed
  }

  /** Resolves when the first attempt succeeded or failed; further ones go on behind. */
  async open(): Promise<void> {
    const client = this.#client
    client.on('message', ((_channel: string, text: string) => this.#options.onMessage(text)) as never)
    client.on('ready', () => void this.#subscribe())
    client.on('close', () => {
      this.#isSubscribed = false
    })
    this.#letEnd = reopenOnEnd(client)
    this.#timer = setInterval(() => void this.#watch(), PING_EVERY_MS)
    this.#timer.unref()
    await client.connect().catch(() => {})
  }

  close(): void {
    this.#closed = true
    this.#isSubscribed = false
    clearInterval(this.#timer)
    this.#letEnd()
    this.#client.disconnect()
  }

  async #subscribe(): Promise<void> {
    try {
      await this.#timely(this.#client.subscribe(this.#options.channel))
      if (this.#closed) return
      this.#isSubscribed = true
      this.#options.onSubscribed()
    } catch {
      this.#reconnect()
    }
  }

  async #watch(): Promise<void> {
    if (!this.#isSubscribed) return
    await this.#timely(this.#client.ping()).catch(() => this.#reconnect())
  }

  #reconnect(): void {
    if (this.#closed) return
    this.#isSubscribed = false
    // While it is connecting, a disconnect would end the client for good.
    if (this.#client.status === 'ready') this.#client.disconnect(true)
  }

  #timely<Answer>(call: Promise<Answer>): Promise<Answer> {
    return withDeadline(call, this.#options.redisMs, () => new Error(`Redis did not answer within ${this.#options.redisMs} ms.`))
  }
}
