import { RedisBus } from '../cache/redis/redis-bus.js'
import type { RedisClients } from '../cache/redis/redis-clients.js'
import { withDeadline } from '../shared/deadline.js'
import { notifyChannel } from '../store/postgres/notify-channel.js'
import type { Bus } from './bus.js'
import type { Connections } from './connections.js'
import type { ResolvedOptions } from './options.js'
import type { Reporter } from './reporter.js'

export interface SubscriptionsParts {
  readonly options: ResolvedOptions
  readonly connections: Connections
  readonly reporter: Reporter
  /** Takes the messages that arrive. */
  readonly bus: Bus
  /** Called after each (re)subscription: announcements made before it may have been missed. */
  readonly onSubscribed: () => void
}

/** Hears announcements: over Redis, over LISTEN, or over both. */
export class Subscriptions {
  readonly #parts: SubscriptionsParts
  #opening: Promise<void> | undefined

  constructor(parts: SubscriptionsParts) {
    this.#parts = parts
  }

  /** Subscribes. A connection that is not up in time is retried in the background. */
  async open(): Promise<void> {
    this.#opening ??= this.#open()
    await withDeadline(this.#opening, this.#parts.options.timeouts.redisMs * 2, () => new Error()).catch(() => {})
  }

  async #open(): Promise<void> {
    const { bus, connections } = this.#parts
    const { clients } = connections
    const redis = clients && this.#redisBus(clients)
    const notify = this.#notifyBus()
    bus.attach({ redis, notify })
    // A Cluster client knows the nodes to subscribe to only after it has connected.
    const subscribing = clients?.open().then(() => redis?.open())
    await Promise.all([subscribing, notify?.open()])
  }

  #redisBus(clients: RedisClients): RedisBus {
    const { bus, options, reporter, onSubscribed } = this.#parts
    return new RedisBus({
      channel: options.channel,
      redisMs: options.timeouts.redisMs,
      pingMs: options.redisPingMs,
      client: clients.subscriber,
      onMessage: (text) => bus.receive(text),
      onSubscribed,
      onRefused: (error) =>
        reporter.failed(
          error,
          `Redis does not let this user subscribe to "${options.channel}"; docs/operations.md lists what it needs. Changes are heard by NOTIFY or poll.`,
        ),
    })
  }

  #notifyBus() {
    const { bus, connections, options, onSubscribed } = this.#parts
    if (options.listen === false) return undefined
    return connections.primary.database.listen?.({
      channel: notifyChannel(options.schema),
      mode: options.listen,
      databaseMs: options.timeouts.databaseMs,
      onMessage: (text) => bus.receiveNotification(text),
      onListening: onSubscribed,
    })
  }
}
