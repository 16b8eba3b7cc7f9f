import { RedisBus } from '../cache/redis/redis-bus.js'
import type { RedisClients } from '../cache/redis/redis-clients.js'
import { withDeadline } from '../shared/deadline.js'
import { notifyChannel } from '../store/postgres/notify-channel.js'
import type { OpenDatabase } from '../store/postgres/open-database.js'
import type { Bus } from './bus.js'
import type { ResolvedOptions } from './options.js'

export interface SubscriptionsParts {
  readonly options: ResolvedOptions
  readonly database: OpenDatabase
  readonly clients: RedisClients | undefined
  /** Where what is heard goes. */
  readonly bus: Bus
  /** What was announced before was not heard. */
  readonly onSubscribed: () => void
  /** Redis answers, and does not let this user subscribe. */
  readonly onRefused: (error: Error) => void
}

/** Hears announcements: over Redis, over LISTEN, or over both. */
export class Subscriptions {
  readonly #parts: SubscriptionsParts
  #opening: Promise<void> | undefined

  constructor(parts: SubscriptionsParts) {
    this.#parts = parts
  }

  /** Subscribes. What does not connect in time goes on trying behind. */
  async open(): Promise<void> {
    this.#opening ??= this.#open()
    await withDeadline(this.#opening, this.#parts.options.timeouts.redisMs * 2, () => new Error()).catch(() => {})
  }

  async #open(): Promise<void> {
    const { bus, clients } = this.#parts
    const redis = clients && this.#redisBus(clients)
    const notify = this.#notifyBus()
    bus.attach({ redis, notify })
    // A Cluster's nodes are known, and can be subscribed at, once it was asked for them.
    const subscribing = clients?.open().then(() => redis?.open())
    await Promise.all([subscribing, notify?.open()])
  }

  #redisBus(clients: RedisClients): RedisBus {
    const { bus, options, onSubscribed, onRefused } = this.#parts
    return new RedisBus({
      channel: options.channel,
      redisMs: options.timeouts.redisMs,
      pingMs: options.redisPingMs,
      client: clients.subscriber,
      onMessage: (text) => bus.receive(text),
      onSubscribed,
      onRefused,
    })
  }

  #notifyBus() {
    const { bus, database, options, onSubscribed } = this.#parts
    if (options.listen === false) return undefined
    return database.listen?.({
      channel: notifyChannel(options.schema),
      mode: options.listen,
      databaseMs: options.timeouts.databaseMs,
      onMessage: (text) => bus.receiveNotification(text),
      onListening: onSubscribed,
    })
  }
}
