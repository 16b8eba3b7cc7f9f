import { afterAll, beforeAll, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../support/test-database.js'
import { testRedisUrl, uniqueNamespace } from '../support/test-redis.js'
import { heard, NO_POLL, useManagers } from './managers.js'

let database: TestDatabase
const start = useManagers()

beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())

it('a worker that keeps two documents of sixty serves none of them old, and loads each at most once a read', async () => {
  const shared = {
    database: database.url,
    redis: testRedisUrl(),
    namespace: uniqueNamespace(),
    project: 'tiny',
    listen: false as const,
    ...NO_POLL,
  }
  const [writer, reader] = await Promise.all([start(shared), start({ ...shared, memory: { maxEntries: 2 } })])
  const names = Array.from({ length: 60 }, (_, place) => `p${place}`)
  await writer.transaction(async ({ prompts }) => {
    for (const name of names) await prompts.create({ name, template: '0', labels: ['production'] })
  })

  for (let round = 1; round <= 2; round++) {
    await writer.transaction(async ({ prompts }) => {
      for (const name of names.slice(0, 40)) await prompts.createVersion({ name, template: `${round}`, labels: ['production'] })
    })
    await heard(reader, writer.stats().revision ?? 0)
    const before = reader.stats().database.loads
    const templates = []
    for (const name of names) templates.push((await reader.getPrompt(name))?.template)

    expect(templates).toEqual([...Array(40).fill(`${round}`), ...Array(20).fill('0')])
    expect(reader.stats().database.loads - before).toBeLessThanOrEqual(names.length + 2)
    expect(reader.stats().memory.entries).toBeLessThanOrEqual(2)
  }
})

it('memory stays within its bytes', async () => {
  const manager = await start({ database: database.url, project: 'bytes', memory: { maxBytes: 100_000 }, ...NO_POLL })
  for (let place = 0; place < 20; place++) {
    await manager.prompts.create({ name: `p${place}`, template: 'x'.repeat(10_000), labels: ['production'] })
    expect((await manager.getPrompt(`p${place}`))?.template).toHaveLength(10_000)
    expect(manager.stats().memory.bytes).toBeLessThanOrEqual(100_000)
  }
  await manager.prompts.create({ name: 'large', template: 'x'.repeat(80_000), labels: ['production'] })

  expect((await manager.getPrompt('large'))?.template).toHaveLength(80_000)
  expect(manager.peekPrompt('large')).toBeUndefined()
})
