import type { RedisDriver } from './redis-on-demand.js'

/** What a connector of ioredis asks sentinels by. */
interface Connector {
  connectToSentinel(endpoint: unknown, options?: object): { on(event: 'error', listener: () => void): unknown }
}

/**
 * The connector of ioredis for sentinels, with a listener on each of its clients: those that wait for news of a failover have none, and
 * ioredis prints the error of a client that nobody listens to. A sentinel that is away is asked again, and the others are there.
 */
export function quietSentinels({ SentinelConnector }: RedisDriver): never {
  const Asking = SentinelConnector as unknown as new (options: object) => Connector
  return class QuietSentinels extends Asking {
    override connectToSentinel(endpoint: unknown, options?: object) {
      const client = super.connectToSentinel(endpoint, options)
      client.on('error', () => {})
      return client
    }
  } as never
}
