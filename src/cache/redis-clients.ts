import { Redis } from 'ioredis'
import { InvalidArgumentError } from '../shared/errors.js'
import type { RedisLike } from './redis-like.js'
import { reopenOnEnd } from './reopen-on-end.js'

/** The two connections a manager needs: a connection that is subscribed can send no other command. */
export interface RedisClients {
  readonly data: RedisLike
  /** Makes a connection for the subscription; it does not resubscribe by itself. */
  subscriber(): RedisLike
  /** Connects the data client, if it is this package's own; resolves when the first attempt succeeded or failed. */
  open(): Promise<void>
  /** Closes what `open` opened. */
  close(): void
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
    return ownClients(() => quiet(new Redis(url, neverHanging(redisMs)) as unknown as RedisLike))
  }
  if ((redis.options as { keyPrefix?: string }).keyPrefix) {
    throw new InvalidArgumentError(
      'redis',
      'must be a client without keyPrefix: ioredis puts the prefix before keys but not before channels. Use the option `namespace` instead.',
    )
  }
  return { data: redis, subscriber: () => quiet(redis.duplicate(neverHanging(redisMs))), open: async () => {}, close: () => {} }
}

function ownClients(create: () => RedisLike): RedisClients {
  const data = create()
  const letEnd = reopenOnEnd(data)
  return {
    data,
    subscriber: create,
    open: async () => void (await data.connect().catch(() => {})),
    close: () => {
      letEnd()
      data.disconnect()
    },
  }
}

/** ioredis prints the errors of a client that nobody listens to; these are noticed by the calls they fail. */
function quiet(client: RedisLike): RedisLike {
  client.on('error', () => {})
  return client
}

function parseRedisUrl(text: string): string {
  if (!URL.canParse(text) || !['redis:', 'rediss:'].includes(new URL(text).protocol)) {
    // The value may hold a password: it is not repeated.
    throw new InvalidArgumentError('redis', 'must be a URL like redis://host:6379/0 (rediss: for TLS), or an ioredis client')
  }
  return text
}
