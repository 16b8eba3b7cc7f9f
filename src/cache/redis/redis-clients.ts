import { once } from 'node:events'
import type { ClusterOptions, RedisOptions } from 'ioredis'
import { withDeadline } from '../../shared/deadline.js'
import { InvalidArgumentError } from '../../shared/errors.js'
import { quietSentinels } from './quiet-sentinels.js'
import { type RedisReasons, watchReasons } from './redis-failure.js'
import type { RedisLike } from './redis-like.js'
import { type RedisDriver, RedisOnDemand } from './redis-on-demand.js'
import { type RedisClusterTopology, type RedisSentinelTopology, type RedisTopology, readNodes } from './redis-topology.js'
import { readRedisUrl } from './redis-url.js'
import { reopenOnEnd } from './reopen-on-end.js'

/** The connections a manager needs: one that is subscribed can send no other command. */
export interface RedisClients {
  readonly data: RedisLike
  /** Why `data` has no connection. */
  readonly reasons: RedisReasons
  /** Passwords, which no message may repeat. */
  readonly secrets: readonly string[]
  /** A new client for one connection to subscribe on: it is given up when it ends. `undefined` while there is no node to connect to. */
  subscriber(): RedisLike | undefined
  /** How many connections are subscribed to a channel. */
  listeners(channel: string): Promise<number>
  /** Connects the data client, or waits for a host's own; resolves when the first attempt succeeded or failed. */
  open(): Promise<void>
  /** Closes what `open` opened. */
  close(): void
}

/** Longest pause between two attempts of the data client to reconnect, in milliseconds. */
const MAX_RETRY_MS = 2_000

// ioredis waits for ever on a server that does not answer, unless each of these is set.
function neverHanging(redisMs: number) {
  return {
    lazyConnect: true,
    autoResubscribe: false,
    connectTimeout: redisMs * 4,
    commandTimeout: redisMs,
    // Gives up a connection whose other end vanished without closing it; TCP alone would take a quarter of an hour.
    socketTimeout: redisMs * 4,
    disconnectTimeout: 100,
  }
}

/** For a client that finds its server again by itself. */
function reconnecting(redisMs: number) {
  return {
    ...neverHanging(redisMs),
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    retryStrategy: (attempt: number) => Math.min(50 * 2 ** Math.min(attempt, 6), MAX_RETRY_MS) * (0.75 + Math.random() / 2),
    // A primary became a replica: connect again, so that the name leads to the new primary.
    reconnectOnError: (error: Error) => error.message.startsWith('READONLY'),
  }
}

/** For a client that lives as long as its connection. */
function forOneConnection(redisMs: number) {
  return { ...neverHanging(redisMs), maxRetriesPerRequest: 0, retryStrategy: null }
}

/** Clients from a URL, from the nodes of a Cluster, from sentinels, or from a host's own client. */
export function createRedisClients(redis: string | RedisLike | RedisTopology, redisMs: number): RedisClients {
  if (typeof redis === 'string') return ofServer(redis, redisMs)
  if (isClient(redis)) return ofHost(redis, redisMs)
  if ('cluster' in redis) return ofCluster(redis, redisMs)
  if ('sentinels' in redis) return ofSentinels(redis, redisMs)
  throw new InvalidArgumentError('redis', 'must be a URL, an ioredis client, { cluster: […] } or { sentinels: […], name }')
}

function isClient(redis: RedisLike | RedisTopology): redis is RedisLike {
  return typeof (redis as Partial<RedisLike> | null)?.mget === 'function'
}

function ofServer(url: string, redisMs: number): RedisClients {
  const { username, password } = readRedisUrl('redis', url)
  const client = (options: RedisOptions) => (driver: RedisDriver) => new driver.Redis(url, options) as unknown as RedisLike
  const data = new RedisOnDemand(client(reconnecting(redisMs)))
  const secrets = [password, decodeURIComponent(password), ...(password === '' ? [decodeURIComponent(username)] : [])]
  return own(data, () => data.driver && client(forOneConnection(redisMs))(data.driver), redisMs, secrets)
}

function ofSentinels(topology: RedisSentinelTopology, redisMs: number): RedisClients {
  const { sentinels, name, db = 0, sentinelUsername, sentinelPassword, sentinelTls } = topology
  if (typeof name !== 'string' || name === '') {
    throw new InvalidArgumentError('redis.name', 'must be what the sentinels call the primary, such as mymaster')
  }
  if (!Number.isInteger(db) || db < 0) throw new InvalidArgumentError('redis.db', 'must be the number of a database, 0 or more')
  // User, password and TLS in the URLs of sentinels are for the sentinels; those of the servers come as options.
  const { tls: serverTls = false, username, password } = topology
  const list = readNodes('redis.sentinels', sentinels, {
    ...(sentinelUsername !== undefined && { username: sentinelUsername }),
    ...(sentinelPassword !== undefined && { password: sentinelPassword }),
    ...(sentinelTls !== undefined && { tls: sentinelTls }),
  })
  const options: RedisOptions = {
    sentinels: [...list.nodes],
    name,
    db,
    sentinelCommandTimeout: redisMs,
    ...(list.username !== undefined && { sentinelUsername: list.username }),
    ...(list.password !== undefined && { sentinelPassword: list.password }),
    ...(list.tls && { sentinelTLS: list.tls }),
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(serverTls && { tls: serverTls === true ? {} : serverTls, enableTLSForSentinelMode: true }),
  }
  const client = (more: RedisOptions) => (driver: RedisDriver) =>
    new driver.Redis({ ...options, ...more, Connector: quietSentinels(driver) }) as unknown as RedisLike
  const data = new RedisOnDemand(client({ ...reconnecting(redisMs), failoverDetector: true }))
  const subscriber = () => {
    if (!data.driver) return undefined
    // Sentinels that do not answer are asked again by the next client.
    const subscribed = client({ ...forOneConnection(redisMs), sentinelRetryStrategy: () => null })(data.driver)
    // On news of a failover the data client drops its connection. This one has to be dropped too, since a primary that was only cut off from
    // its sentinels would keep it.
    const follow = () => subscribed.disconnect()
    data.on('close', follow)
    subscribed.on('end', () => data.off('close', follow))
    return subscribed
  }
  return own(data, subscriber, redisMs, [list.password, password, sentinelPassword])
}

function ofCluster(topology: RedisClusterTopology, redisMs: number): RedisClients {
  const { nodes, username, password, tls } = readNodes('redis.cluster', topology.cluster, topology)
  const options: ClusterOptions = {
    lazyConnect: true,
    enableOfflineQueue: false,
    // One to the node that has the slot now, one more if it moves at that moment.
    maxRedirections: 2,
    // A failover moves the slot. Commands that are redirected show it; a frozen primary does not redirect.
    slotsRefreshInterval: 2_000,
    slotsRefreshTimeout: redisMs * 2,
    redisOptions: {
      ...neverHanging(redisMs),
      connectTimeout: redisMs * 2,
      maxRetriesPerRequest: 0,
      ...(username !== undefined && { username }),
      ...(password !== undefined && { password }),
      ...(tls && { tls }),
    },
    // Certificates name hosts, not addresses.
    ...(tls && { dnsLookup: (host: string, done: (error: null, address: string) => void) => done(null, host) }),
  }
  const cluster = new RedisOnDemand((driver) => new driver.Cluster([...nodes], options) as unknown as RedisLike, true)
  return own(cluster, nodeByNode(cluster, redisMs), redisMs, [password])
}

function ofHost(redis: RedisLike, redisMs: number): RedisClients {
  if ((redis.options as { keyPrefix?: string }).keyPrefix) {
    throw new InvalidArgumentError(
      'redis',
      'must be a client without keyPrefix: ioredis puts the prefix before keys but not before channels. Use the option `namespace` instead.',
    )
  }
  const subscriber = redis.isCluster ? nodeByNode(redis, redisMs) : () => redis.duplicate(forOneConnection(redisMs))
  const open = async () => {
    if (redis.isCluster) await ready(redis, redisMs * 2)
  }
  const { password } = redis.options as { password?: unknown }
  return { ...shared(redis, subscriber, redisMs, [password]), open, close: () => {} }
}

/** Waits for a host's Cluster that is still finding its nodes, and connects one that waits for its first command. */
async function ready(cluster: RedisLike, ms: number): Promise<void> {
  if (cluster.status === 'ready') return
  if (cluster.status === 'wait') cluster.connect().catch(() => {})
  await once(cluster as never, 'ready', { signal: AbortSignal.timeout(ms) }).catch(() => {})
}

/**
 * The Cluster client's own subscriber stays on a node that stalls, and emits no event. A message published on one node reaches all, so
 * plain clients go from one node to the next; the first is chosen at random, so that workers spread.
 */
function nodeByNode(cluster: RedisLike, redisMs: number): () => RedisLike | undefined {
  let next = Math.floor(Math.random() * 16_384)
  return () => {
    const nodes = nodesOf(cluster)
    return nodes[next++ % nodes.length]?.duplicate({ ...forOneConnection(redisMs), readOnly: false })
  }
}

function nodesOf(cluster: RedisLike): readonly RedisLike[] {
  return cluster.nodes?.('all') ?? []
}

function own(data: RedisLike, subscriber: () => RedisLike | undefined, redisMs: number, secrets: readonly unknown[]): RedisClients {
  quiet(data)
  const letEnd = reopenOnEnd(data)
  return {
    ...shared(data, subscriber, redisMs, secrets),
    open: async () => void (await data.connect().catch(() => {})),
    close: () => {
      letEnd()
      data.disconnect()
    },
  }
}

function shared(
  data: RedisLike,
  subscriber: () => RedisLike | undefined,
  redisMs: number,
  secrets: readonly unknown[],
): Pick<RedisClients, 'data' | 'reasons' | 'secrets' | 'subscriber' | 'listeners'> {
  return {
    data,
    reasons: watchReasons(data),
    secrets: secrets.filter((secret): secret is string => typeof secret === 'string' && secret !== ''),
    subscriber: () => {
      const client = subscriber()
      return client && quiet(client)
    },
    listeners: async (channel) => {
      if (!data.isCluster) return numSub(data, channel)
      // Each node counts its own subscribers. A node that is away counts as none: its subscribers hear nothing.
      const counts = nodesOf(data).map((node) => withDeadline(numSub(node, channel), redisMs / 2, () => new Error()).catch(() => 0))
      return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0)
    },
  }
}

async function numSub(client: RedisLike, channel: string): Promise<number> {
  return Number((await client.pubsub('NUMSUB', channel))[1])
}

/** ioredis prints the errors of a client that nobody listens to; these are noticed by the calls they fail. */
function quiet(client: RedisLike): RedisLike {
  client.on('error', () => {})
  return client
}
