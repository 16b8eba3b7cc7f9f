import { Redis } from 'ioredis'
import { InvalidArgumentError } from '../shared/errors.js'
import type { RedisLike } from './redis-like.js'

/** The two connections a manager needs: a connection that is subscribed can send no other command. */
export interface RedisClients {
  readonly data: RedisLike
  /** Makes a connection for the subscription; it does not resubscribe by itself. */
  subscriber(): RedisLike
  /** Whether the data client is this package's to close. */
  readonly ownsData: boolean
}

/** Longest pause between two attempts to reconnect, in milliseconds. */
const MAX_RETRY_MS = 2_000

// ioredis waits for ever on a server that does not answer, unless each of these is set.
function neverHanging(redisMs: number) {
  return {
    lazyConnect: true,
    enableOfflineQueue: false,
    autoResubscribe: false,
    maxRetriesPerRequest: 1,
    connectTimeout: redisMs * 4,
    commandTimeout: redisMs,
    retryStrategy: (attempt: number) => Math.min(50 * 2 ** Math.min(attempt, 6), MAX_RETRY_MS) * (0.75 + Math.random() / 2),
  }
}

/** Clients from a URL, or from a host's own client. */
export function createRedisClients(redis: string | RedisLike, redisMs: number): RedisClients {
  if (typeof redis === 'string') {
    const url = parseRedisUrl(redis)
    const data = new Redis(url, neverHanging(redisMs)) as unknown as RedisLike
    return { data, ownsData: true, subscriber: () => new Redis(url, neverHanging(redisMs)) as unknown as RedisLike }
  }
  if ((redis.options as { keyPrefix?: string }).keyPrefix) {
    throw new InvalidArgumentError(
      'redis',
      'must be a client without keyPrefix: ioredis puts the prefix before keys but not before channels. Use the option `namespace` instead.',
    )
  }
  return { data: redis, ownsData: false, subscriber: () => redis.duplicate(neverHanging(redisMs)) }
}

function parseRedisUrl(text: string): string {
  if (!URL.canParse(text) || !['redis:', 'rediss:'].includes(new URL(text).protocol)) {
    // The value may hold a password: it is not repeated.
    throw new InvalidArgumentError('redis', 'must be a URL like redis://host:6379/0 (rediss: for TLS), or an ioredis client')
  }
  return text
}
