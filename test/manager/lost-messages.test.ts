import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { ConfigurationManager } from '../../src/manager/configuration-manager.js'
import { eventually } from '../support/eventually.js'
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.js'
import { createTestDatabase, type TestDatabase } from '../support/test-database.js'
import { testRedisUrl, uniqueNamespace } from '../support/test-redis.js'
import { eventsOf, heard, NO_POLL, useManagers } from './managers.js'
import { withRedis } from './redis-keys.js'

let database: TestDatabase
let proxy: TcpProxy
const start = useManagers()

beforeAll(async () => {
  database = await createTestDatabase()
  const { port, hostname } = new URL(testRedisUrl())
  proxy = await startTcpProxy({ port: Number(port || 6379), host: hostname })
})
afterEach(() => proxy.accept())
afterAll(() => Promise.all([database.drop(), proxy.close()]))

function throughProxy(): string {
  const url = new URL(testRedisUrl())
  url.hostname = '127.0.0.1'
  url.port = `${proxy.port}`
  return url.href
}

/** What it cost a manager to have what it has. */
function fetched(manager: ConfigurationManager): number {
  const {
    database: { loads },
    redis,
  } = manager.stats()
  return loads + redis.hits
}

describe('a subscriber that is cut off while ten changes commit', () => {
  it('serves all ten once it is back, and loads nothing that did not change', async () => {
    const shared = { database: database.url, namespace: uniqueNamespace(), project: 'cut', listen: false as const, ...NO_POLL }
    const [writer, reader] = await Promise.all([start({ ...shared, redis: testRedisUrl() }), start({ ...shared, redis: throughProxy() })])
    const names = Array.from({ length: 30 }, (_, place) => `p${place}`)
    for (const name of names) await writer.prompts.create({ name, template: 'old', labels: ['production'] })
    for (const name of names) await reader.getPrompt(name)
    const changes = eventsOf(reader)
    const before = fetched(reader)

    await proxy.refuse()
    for (const name of names.slice(0, 10)) {
      await writer.prompts.createVersion({ name, template: 'new', labels: ['production'] })
      await sleep(200)
    }
    await proxy.accept()
    await eventually(async () => (await reader.health()).subscriber === 'up', { everyMs: 50 })
    await heard(reader, writer.stats().revision ?? 0)
    const templates = await Promise.all(names.map(async (name) => (await reader.getPrompt(name))?.template))
    const after = fetched(reader)

    expect(templates).toEqual([...Array(10).fill('new'), ...Array(20).fill('old')])
    expect(after - before).toBeLessThanOrEqual(10)
    expect(new Set(changes.of('change').map(({ event }) => event.name))).toEqual(new Set(names.slice(0, 10)))
  })
})

describe('one lost message of a transaction that changed two entities', () => {
  it('leaves both right after the next catchUp', async () => {
    const shared = { database: database.url, project: 'lost', listen: false as const, ...NO_POLL }
    const [writer, reader] = await Promise.all([start(shared), start(shared)])
    for (const name of ['a', 'b']) await writer.prompts.create({ name, template: 'old', labels: ['production'] })
    await reader.catchUp()
    await Promise.all([reader.getPrompt('a'), reader.getPrompt('b')])

    await writer.transaction(async ({ prompts }) => {
      for (const name of ['a', 'b']) await prompts.createVersion({ name, template: 'new', labels: ['production'] })
    })
    const between = [reader.peekPrompt('a')?.template, reader.peekPrompt('b')?.template]
    await reader.catchUp()

    expect(between).toEqual(['old', 'old'])
    expect([(await reader.getPrompt('a'))?.template, (await reader.getPrompt('b'))?.template]).toEqual(['new', 'new'])
  })

  for (const [first, second] of [
    ['a', 'b'],
    ['b', 'a'],
  ] as const) {
    it(`shows both or neither to a reader that comes across ${first} first`, async () => {
      const shared = { database: database.url, project: `whole-${first}`, listen: false as const, ...NO_POLL }
      const [writer, reader] = await Promise.all([start(shared), start(shared)])
      await writer.transaction(async ({ prompts, models }) => {
        await prompts.create({ name: 'a', template: 'old', labels: ['production'] })
        await models.create({ name: 'b', provider: 'p', model: 'old', labels: ['production'] })
      })
      const read = { a: async () => (await reader.getPrompt('a'))?.template, b: async () => (await reader.getModelConfig('b'))?.model }
      await reader.catchUp()
      // Only the second is held when the transaction commits unheard.
      await read[second]()
      await writer.transaction(async ({ prompts, models }) => {
        await prompts.createVersion({ name: 'a', template: 'new', labels: ['production'] })
        await models.createVersion({ name: 'b', provider: 'p', model: 'new', labels: ['production'] })
      })

      expect([await read[first](), await read[second]()]).toEqual(['new', 'new'])
    })
  }
})

it('messages out of order cost no query', async () => {
  const namespace = uniqueNamespace()
  const shared = { database: database.url, project: 'order', listen: false as const, ...NO_POLL }
  const reader = await start({ ...shared, redis: testRedisUrl(), namespace })
  // The writer announces elsewhere; the test passes its messages on.
  const writerNamespace = uniqueNamespace()
  const writer = await start({ ...shared, redis: testRedisUrl(), namespace: writerNamespace })
  const messages: string[] = []

  await withRedis(async (redis) => {
    const subscriber = redis.duplicate()
    subscriber.on('message', (_channel, text) => void messages.push(text))
    await subscriber.subscribe(`{${writerNamespace}}:config:invalidate`)
    for (let count = 0; count < 4; count++) await writer.prompts.create({ name: `p${count}`, template: 'x', labels: ['production'] })
    await eventually(() => messages.length === 4)
    await reader.catchUp()
    messages.length = 0
    for (let count = 0; count < 4; count++) await writer.prompts.createVersion({ name: `p${count}`, template: 'y', labels: ['production'] })
    await eventually(() => messages.length === 4)
    subscriber.disconnect()
    const before = reader.stats()

    // In one go: a message that stays away for longer than a gap may last does cost a query.
    const outOfOrder = redis.pipeline()
    for (const place of [3, 1, 2, 0]) outOfOrder.publish(`{${namespace}}:config:invalidate`, messages[place]!)
    await outOfOrder.exec()
    await heard(reader, writer.stats().revision ?? 0)
    await sleep(100)

    expect(reader.stats().catchUps).toBe(before.catchUps)
    expect(reader.stats()).toMatchObject({ gaps: 0, lag: 0 })
  })
})
