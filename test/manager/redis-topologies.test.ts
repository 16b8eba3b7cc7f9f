import { Cluster } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RedisLike } from '../../src/cache/redis/redis-like.js'
import type { RedisTopology } from '../../src/cache/redis/redis-topology.js'
import type { ConfigManagerOptions } from '../../src/manager/options.js'
import { eventually } from '../support/eventually.js'
import { startPrivateRedisCluster } from '../support/private-redis-cluster.js'
import { startPrivateRedisSentinel } from '../support/private-redis-sentinel.js'
import type { Server } from '../support/services/server.js'
import { createTestDatabase, type TestDatabase } from '../support/test-database.js'
import { uniqueNamespace } from '../support/test-redis.js'
import { NO_POLL, useManagers } from './managers.js'

/** Several Redis servers that replace one another. */
interface Group {
  readonly topology: RedisTopology
  /** The one that serves a namespace now. */
  primary(namespace: string): Promise<Server>
  /** Resolves when all are there again. */
  whole(): Promise<void>
  stop(): Promise<void>
}

const GROUPS: Record<string, () => Promise<Group>> = {
  'a Redis Cluster': async () => {
    const cluster = await startPrivateRedisCluster()
    return {
      topology: { cluster: cluster.urls.slice(0, 2) },
      primary: (namespace) => cluster.primaryOf(`{${namespace}}:`),
      whole: () => cluster.whole(),
      stop: () => cluster.stop(),
    }
  },
  'a Redis with sentinels': async () => {
    const group = await startPrivateRedisSentinel()
    return {
      topology: { sentinels: group.sentinels.slice(0, 2), name: group.name },
      primary: () => group.primary(),
      whole: () => group.whole(),
      stop: () => group.stop(),
    }
  },
}

const FAULTS = {
  killed: { harm: (server: Server) => server.kill(), heal: (server: Server) => server.restart() },
  frozen: { harm: (server: Server) => server.freeze(), heal: (server: Server) => server.thaw() },
} as const

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())

for (const [title, startGroup] of Object.entries(GROUPS)) {
  describe(title, () => {
    let group: Group
    const start = useManagers()
    beforeAll(async () => {
      group = await startGroup()
    })
    afterAll(() => group?.stop())

    function options(more: ConfigManagerOptions = {}) {
      const namespace = uniqueNamespace()
      // Only Redis tells of changes here.
      return { database: database.url, redis: group.topology, namespace, project: namespace, listen: false, ...NO_POLL, ...more }
    }

    it('holds documents, announces, and says who serves a write', async () => {
      const shared = options()
      const [writer, ...readers] = await Promise.all([start(shared), start(shared), start(shared)])
      await writer.prompts.create({ name: 'p', template: 'one', labels: ['production'] })

      const first = await readers[0]?.getPrompt('p')
      const second = await writer.prompts.createVersion({ name: 'p', template: 'two', labels: ['production'], waitForWorkers: 5_000 })

      expect(first).toMatchObject({ template: 'one', source: 'redis' })
      expect(second).toMatchObject({ propagated: true, receipt: { workers: 3, applied: 3 } })
      for (const reader of readers) expect((await reader.getPrompt('p'))?.template).toBe('two')
      expect(await writer.health()).toMatchObject({ ok: true, redis: 'up', subscriber: 'up' })
    })

    for (const [fault, { harm, heal }] of Object.entries(FAULTS)) {
      it(`goes on by its replica when its primary is ${fault}`, async () => {
        const shared = options({ pollIntervalMs: 500 })
        const [writer, reader] = await Promise.all([start(shared), start(shared)])
        await writer.prompts.create({ name: 'p', template: '0', labels: ['production'] })
        await reader.getPrompt('p')
        const primary = await group.primary(shared.namespace)

        await harm(primary)
        const first = await writer.prompts.createVersion({ name: 'p', template: 'meanwhile', labels: ['production'] })
        const meanwhile = await reader.getPrompt('p', { minRevision: first.revision })
        // Until the replica has taken over, and both have found it.
        let writes = 0
        await eventually(
          async () => {
            const written = await writer.prompts.createVersion({
              name: 'p',
              template: `after ${++writes}`,
              labels: ['production'],
              waitForWorkers: 200,
            })
            return written.propagated && written.receipt?.applied === 2
          },
          { timeoutMs: 20_000 },
        )

        expect(meanwhile?.template).toBe('meanwhile')
        expect((await reader.getPrompt('p'))?.template).toBe(`after ${writes}`)
        expect((await group.primary(shared.namespace)).port).not.toBe(primary.port)
        await heal(primary)
        await group.whole()
        await eventually(async () => (await writer.prompts.promote({ name: 'p', version: 1, waitForWorkers: 500 })).receipt?.applied === 2)
        // Each process asks a server it could not reach again once a second.
        for (const manager of [writer, reader]) {
          await eventually(async () => expect(await manager.health()).toMatchObject({ ok: true, redis: 'up', subscriber: 'up' }))
        }
      })
    }
  })
}

describe('a Cluster of which a node is frozen that nobody replaces', () => {
  const start = useManagers()

  it('is up and gives receipts, if another one serves the namespace', async () => {
    const group = await startPrivateRedisCluster({ replicas: 0 })
    const namespace = uniqueNamespace()
    const shared = {
      database: database.url,
      redis: { cluster: group.urls },
      namespace,
      project: namespace,
      listen: false,
      // Long enough for the primary that is well, on a machine with other work.
      timeouts: { redisMs: 1_000 },
      ...NO_POLL,
    } as const
    const [writer, reader] = await Promise.all([start(shared), start(shared)])
    const lost: unknown[] = []
    for (const manager of [writer, reader]) manager.on('redis:lost', (event) => lost.push(event))
    await writer.prompts.create({ name: 'p', template: 'one', labels: ['production'] })
    const own = await group.primaryOf(`{${namespace}}:`)
    await group.nodes.find((node) => node !== own)?.freeze()

    const promote = (waitForWorkers: number) => writer.prompts.promote({ name: 'p', version: 1, waitForWorkers })
    // Before the others have given the frozen one up, which takes them a second.
    const receipts: unknown[] = []
    for (let time = 0; time < 3; time++) receipts.push((await promote(50)).receipt)
    for (let time = 0; time < 20; time++) expect((await writer.health()).redis).toBe('up')
    // Who was subscribed at the frozen one finds another.
    await eventually(async () => (await promote(1_000)).receipt?.applied === 2, { timeoutMs: 20_000 })

    expect(receipts).not.toContain(undefined)
    expect((await promote(5_000)).receipt).toMatchObject({ workers: 2, applied: 2 })
    expect(lost).toEqual([])
    await group.stop()
  })
})

describe("a host's own Cluster client", () => {
  const start = useManagers()

  it.each([false, true])('is used for documents and announcements, and left open (lazyConnect: %s)', async (lazyConnect) => {
    const group = await startPrivateRedisCluster()
    // Handed over before it has found its nodes.
    const client = new Cluster([...group.urls], { lazyConnect })
    const namespace = uniqueNamespace()
    const shared = {
      database: database.url,
      redis: client as unknown as RedisLike,
      namespace,
      project: namespace,
      listen: false,
      ...NO_POLL,
    }
    const [writer, reader] = await Promise.all([start(shared), start(shared)])

    await writer.prompts.create({ name: 'p', template: 'one', labels: ['production'] })
    const first = await reader.getPrompt('p')
    const second = await writer.prompts.createVersion({ name: 'p', template: 'two', labels: ['production'], waitForWorkers: 5_000 })
    await Promise.all([writer.shutdown(), reader.shutdown()])

    expect(first?.source).toBe('redis')
    expect(second.receipt).toMatchObject({ workers: 2, applied: 2 })
    expect(client.status).toBe('ready')
    client.disconnect()
    await group.stop()
  })
})
