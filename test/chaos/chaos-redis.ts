import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import type { RedisTopology } from '../../src/cache/redis/redis-topology.js'
import { eventually } from '../support/eventually.js'
import { startPrivateRedis } from '../support/private-redis.js'
import { startPrivateRedisCluster } from '../support/private-redis-cluster.js'
import { startPrivateRedisSentinel } from '../support/private-redis-sentinel.js'
import type { Server } from '../support/services/server.js'

/** What the workers of a run share: one server, or several that replace one another. */
export const REDIS_KINDS = ['server', 'cluster', 'sentinels'] as const
export type RedisKind = (typeof REDIS_KINDS)[number]

/** The namespace of all workers; in a Cluster it decides who serves them. */
export const NAMESPACE = 'chaos'

/** The Redis of a run. */
export interface ChaosRedis {
  /** The server that wires of workers lead to; `undefined` where clients have to find their server by themselves. */
  readonly server: Server | undefined
  /** What workers are told where there is no wire. */
  readonly topology: RedisTopology | undefined
  /** Freezes whoever serves; where there are replicas, at least until one has taken over. */
  freeze(ms: number): Promise<boolean>
  /** Kills whoever serves and restarts it empty. */
  kill(ms: number): Promise<boolean>
  /** Sends commands to the one server. */
  tell(commands: (client: Redis) => Promise<unknown>): Promise<boolean>
  stop(): Promise<void>
}

export async function startChaosRedis(kind: RedisKind): Promise<ChaosRedis> {
  if (kind === 'server') return oneServer(await startPrivateRedis())
  if (kind === 'cluster') {
    const cluster = await startPrivateRedisCluster()
    return group(cluster, { cluster: cluster.urls.slice(0, 3) }, () => cluster.primaryOf(`{${NAMESPACE}}:`))
  }
  const watched = await startPrivateRedisSentinel()
  const sentinels = watched.sentinels.map(({ host, port }) => ({ host, port }))
  return group(watched, { sentinels, name: watched.name }, () => watched.primary())
}

function oneServer(server: Server): ChaosRedis {
  return {
    server,
    topology: undefined,
    freeze: async (ms) => {
      await server.freeze()
      await sleep(ms)
      await server.thaw()
      return true
    },
    kill: async (ms) => {
      await server.kill()
      await sleep(ms / 3)
      await server.restart()
      return true
    },
    tell: async (commands) => {
      const client = new Redis(server.url, { lazyConnect: true, retryStrategy: () => null, commandTimeout: 3_000 })
      client.on('error', () => {})
      try {
        await client.connect()
        await commands(client)
        return true
      } catch {
        return false
      } finally {
        client.disconnect()
      }
    },
    stop: () => server.stop(),
  }
}

interface Group {
  whole(): Promise<void>
  stop(): Promise<void>
}

/** Servers of which one serves. A failover needs the others: the fault ends when all are there again. */
function group({ whole, stop }: Group, topology: RedisTopology, primary: () => Promise<Server>): ChaosRedis {
  const failOver = async (ms: number, harm: (server: Server) => Promise<void>, heal: (server: Server) => Promise<void>) => {
    const harmed = await primary()
    await harm(harmed)
    const isReplaced = await eventually(async () => (await primary()) !== harmed, { timeoutMs: 15_000 }).catch(() => false)
    await sleep(ms)
    await heal(harmed)
    await whole()
    return isReplaced
  }
  return {
    server: undefined,
    topology,
    freeze: (ms) =>
      failOver(
        ms,
        (server) => server.freeze(),
        (server) => server.thaw(),
      ),
    kill: (ms) =>
      failOver(
        ms,
        (server) => server.kill(),
        (server) => server.restart(),
      ),
    tell: async () => false,
    stop,
  }
}
