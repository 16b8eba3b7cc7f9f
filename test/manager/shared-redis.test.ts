import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import type { RedisLike } from '../../src/cache/redis/redis-like.js'
import { createConfigManager } from '../../src/manager/global-manager.js'
import { migrateToLatest } from '../../src/migrations.js'
import { eventually } from '../support/eventually.js'
import { startPrivateRedis } from '../support/private-redis.js'
import { createTestDatabase, type TestDatabase } from '../support/test-database.js'
import { testRedisUrl, uniqueNamespace } from '../support/test-redis.js'
import { heard, NO_POLL, useManagers } from './managers.js'
import { keysOf, withRedis } from './redis-keys.js'

let first: TestDatabase
let second: TestDatabase
const hosts: Redis[] = []
const start = useManagers()

beforeAll(async () => {
  // Copies of one template, so that even the uuid they were born with is the same.
  ;[first, second] = await Promise.all([createTestDatabase(), createTestDatabase()])
})
afterEach(() => {
  for (const host of hosts.splice(0)) host.disconnect()
})
afterAll(() => Promise.all([first.drop(), second.drop()]))

function aHostClient(options: object = {}): Redis {
  const client = new Redis(testRedisUrl(), options)
  client.on('error', () => {})
  hosts.push(client)
  return client
}

describe('two databases on one Redis and one namespace', () => {
  it('never serve each other, and say once what to set', async () => {
    const warn = vi.fn()
    const logger = { debug: () => {}, info: () => {}, warn, error: () => {} }
    const shared = { redis: testRedisUrl(), namespace: uniqueNamespace(), logger, listen: false as const, ...NO_POLL }
    const [here, there] = await Promise.all([start({ ...shared, database: first.url }), start({ ...shared, database: second.url })])

    await here.prompts.create({ name: 'p', template: 'here', labels: ['production'] })
    expect(await there.getPrompt('p')).toBeUndefined()
    await there.prompts.create({ name: 'p', template: 'there', labels: ['production'] })
    await here.prompts.createVersion({ name: 'p', template: 'here again', labels: ['production'] })
    await eventually(() => warn.mock.calls.length >= 2)
    const newcomers = await Promise.all([start({ ...shared, database: first.url }), start({ ...shared, database: second.url })])

    expect([(await here.getPrompt('p'))?.template, (await there.getPrompt('p'))?.template]).toEqual(['here again', 'there'])
    expect(await Promise.all(newcomers.map(async (manager) => (await manager.getPrompt('p'))?.template))).toEqual(['here again', 'there'])
    // One each, however many messages came.
    expect(warn).toHaveBeenCalledTimes(2)
    for (const [, message] of warn.mock.calls) expect(message).toContain('`namespace`')
    expect(here.stats()).toMatchObject({ gaps: 0, lag: 0 })
  })
})

describe('two schemas of one database', () => {
  it('never serve each other, on one Redis and by LISTEN', async () => {
    const other = 'Odd "schema"'
    await migrateToLatest(first.url, { schema: other })
    const shared = { database: first.url, redis: testRedisUrl(), namespace: uniqueNamespace(), project: 'schemas', ...NO_POLL }
    const [here, there] = await Promise.all([start(shared), start({ ...shared, schema: other })])

    await here.prompts.create({ name: 'p', template: 'here', labels: ['production'] })
    expect(await there.getPrompt('p')).toBeUndefined()
    const { revision } = await there.prompts.create({ name: 'p', template: 'there', labels: ['production'] })
    const newcomer = await start({ ...shared, schema: other })

    expect(revision).toBe(1)
    expect((await here.getPrompt('p'))?.template).toBe('here')
    expect((await there.getPrompt('p'))?.template).toBe('there')
    expect((await newcomer.getPrompt('p'))?.template).toBe('there')
  })
})

describe("a host's own Redis client", () => {
  it('is used, announced over, and left open', async () => {
    const namespace = uniqueNamespace()
    const client = aHostClient()
    const manager = await start({ database: first.url, redis: client as unknown as RedisLike, namespace, project: 'host', ...NO_POLL })
    const other = await start({ database: first.url, redis: testRedisUrl(), namespace, project: 'host', listen: false, ...NO_POLL })

    const { propagated, revision } = await manager.prompts.create({ name: 'p', template: 'x', labels: ['production'] })
    await heard(other, revision)
    await eventually(async () => (await manager.health()).subscriber === 'up')
    await manager.shutdown()

    expect(propagated).toBe(true)
    expect(client.status).toBe('ready')
    expect(await client.ping()).toBe('PONG')
    expect(await keysOf(client, namespace)).toHaveLength(1)
  })

  it('with keyPrefix is refused at once, with the option to use instead', () => {
    const client = aHostClient({ keyPrefix: 'mine:', lazyConnect: true })

    expect(() => createConfigManager({ database: first.url, redis: client as unknown as RedisLike })).toThrow(/`namespace`/)
  })
})

describe('a Redis that is full', () => {
  it('still announces, and the document comes from PostgreSQL', async () => {
    const server = await startPrivateRedis({ args: ['--maxmemory', '3mb', '--maxmemory-policy', 'noeviction'] })
    const shared = {
      database: first.url,
      redis: server.url,
      namespace: uniqueNamespace(),
      project: 'full',
      listen: false as const,
      ...NO_POLL,
    }
    const [writer, reader] = await Promise.all([start(shared), start(shared)])
    await reader.getPrompt('p')
    await withRedis(async (redis) => {
      for (let place = 0, isFull = false; !isFull; place++) {
        isFull = await redis.set(`filler:${place}`, 'x'.repeat(50_000)).then(
          () => false,
          () => true,
        )
      }
    }, server.url)

    const { propagated, revision } = await writer.prompts.create({ name: 'p', template: 'x'.repeat(100_000), labels: ['production'] })
    await heard(reader, revision)

    expect(propagated).toBe(true)
    expect((await reader.getPrompt('p'))?.template).toHaveLength(100_000)
    await Promise.all([writer.shutdown(), reader.shutdown()])
    await server.stop()
  })
})

it('goes on announcing and storing after SCRIPT FLUSH between two writes', async () => {
  const server = await startPrivateRedis()
  const shared = {
    database: first.url,
    redis: server.url,
    namespace: uniqueNamespace(),
    project: 'flushed',
    listen: false as const,
    ...NO_POLL,
  }
  const [writer, reader] = await Promise.all([start(shared), start(shared)])
  await writer.prompts.create({ name: 'p', template: 'one', labels: ['production'] })
  await reader.getPrompt('p')

  await withRedis((redis) => redis.script('FLUSH'), server.url)
  const { propagated, revision } = await writer.prompts.createVersion({ name: 'p', template: 'two', labels: ['production'] })
  await heard(reader, revision)
  const newcomer = await start(shared)

  expect(propagated).toBe(true)
  expect((await reader.getPrompt('p'))?.template).toBe('two')
  expect(await newcomer.getPrompt('p')).toMatchObject({ template: 'two', source: 'redis' })
  await Promise.all([writer.shutdown(), reader.shutdown(), newcomer.shutdown()])
  await server.stop()
})
