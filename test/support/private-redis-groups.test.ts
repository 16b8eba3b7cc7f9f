import { Cluster, Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from './eventually.js'
import { type PrivateRedisCluster, startPrivateRedisCluster } from './private-redis-cluster.js'
import { type PrivateRedisSentinel, startPrivateRedisSentinel } from './private-redis-sentinel.js'
import { familyOf, signalAll } from './services/process-family.js'
import type { Server } from './services/server.js'

describe('a Redis Cluster of one test', () => {
  let cluster: PrivateRedisCluster

  beforeAll(async () => {
    cluster = await startPrivateRedisCluster()
  })
  afterAll(() => cluster.stop())

  it('serves every key, from its primary and to its replica', async () => {
    const client = new Cluster(cluster.nodes.map(({ port }) => ({ host: '127.0.0.1', port })))
    client.on('error', () => {})
    const keys = Array.from({ length: 30 }, (_, place) => `key-${place}`)

    for (const key of keys) await client.set(key, 'value')
    const primaries = await Promise.all(keys.map((key) => cluster.primaryOf(key)))
    const found = await Promise.all(keys.map((key, place) => withClient(primaries[place]!, (node) => node.get(key))))
    client.disconnect()

    expect(found).toEqual(keys.map(() => 'value'))
    expect(new Set(primaries)).toEqual(new Set(cluster.nodes.slice(0, 3)))
    expect(await cluster.primaryOfSlot(0)).toBe(cluster.nodes[0])
    expect(await cluster.primaryOf('{key-1}:other')).toBe(primaries[1])
    expect(new Set((await Promise.all(keys.map((key) => cluster.replicasOf(key)))).flat())).toEqual(new Set(cluster.nodes.slice(3)))
  })

  it('lets a replica take over for a primary that was killed, which comes back as a replica', async () => {
    const before = await cluster.primaryOf('kept')
    const [heir] = await cluster.replicasOf('kept')
    await withClient(before, async (node) => {
      await node.set('kept', 'value')
      await node.wait(1, 1_000)
    })

    await before.kill()
    await eventually(async () => (await cluster.primaryOf('kept')) === heir, { everyMs: 50 })
    const kept = await withClient(heir!, (node) => node.get('kept'))
    await before.restart()
    await cluster.whole()

    expect(kept).toBe('value')
    expect(await cluster.primaryOf('kept')).toBe(heir)
    expect(await cluster.replicasOf('kept')).toEqual([before])
  })

  it('is gone after stop(), frozen nodes too', async () => {
    await cluster.nodes[1]!.freeze()

    await endsWith(() => cluster.stop(), cluster.nodes)
  })
})

describe('a Redis with sentinels of one test', () => {
  let group: PrivateRedisSentinel

  beforeAll(async () => {
    group = await startPrivateRedisSentinel({ replicas: 2 })
  })
  afterAll(() => group.stop())

  it('lets a replica take over for a primary that was killed, which comes back as a replica', async () => {
    const before = await group.primary()
    const client = new Redis({ sentinels: group.sentinels.map(({ host, port }) => ({ host, port })), name: group.name })
    client.on('error', () => {})
    await client.set('kept', 'value')
    await client.wait(2, 1_000)

    await before.kill()
    const heir = await eventually(
      async () => {
        const primary = await group.primary()
        return primary !== before && primary
      },
      { everyMs: 50 },
    )
    const kept = await withClient(heir as Server, (node) => node.get('kept'))
    await before.restart()
    await group.whole()
    client.disconnect()

    expect(before).toBe(group.nodes[0])
    expect(kept).toBe('value')
    expect(await group.primary()).not.toBe(before)
    expect(await withClient(before, (node) => node.get('kept'))).toBe('value')
  })

  it('goes on with two of three sentinels', async () => {
    await group.sentinels[0]!.kill()
    const primary = await group.primary()
    await group.sentinels[0]!.restart()
    await group.whole()

    expect(await group.primary()).toBe(primary)
  })

  it('is gone after stop(), frozen nodes too', async () => {
    await group.nodes[1]!.freeze()

    await endsWith(() => group.stop(), [...group.nodes, ...group.sentinels])
  })
})

async function withClient<Value>(server: Server, work: (client: Redis) => Promise<Value>): Promise<Value> {
  const client = new Redis(server.url)
  client.on('error', () => {})
  try {
    return await work(client)
  } finally {
    client.disconnect()
  }
}

/** Fails unless no process of these servers outlives the end, and all of them lived before. */
async function endsWith(end: () => Promise<void>, servers: readonly Server[]): Promise<void> {
  const families = servers.map(({ pid }) => familyOf(pid))
  expect(families.map((family) => signalAll(family, 0))).toEqual(servers.map(() => true))
  await end()
  expect(families.map((family) => signalAll(family, 0))).toEqual(servers.map(() => false))
}
