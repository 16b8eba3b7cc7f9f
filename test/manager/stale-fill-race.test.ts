import { afterAll, beforeAll, expect, it } from 'vitest'
import type { ConfigurationManager } from '../../src/manager/configuration-manager.js'
import { createTestDatabase, type TestDatabase } from '../support/test-database.js'
import { testRedisUrl, uniqueNamespace } from '../support/test-redis.js'
import { DOCUMENT_READ, type GatedPool, gatedPool } from './gated-pool.js'
import { heard, NO_POLL, useManagers } from './managers.js'
import { forgetDocuments } from './redis-keys.js'

let database: TestDatabase
const start = useManagers()

beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())

type Repositories = Pick<ConfigurationManager, 'prompts'>
const two = async ({ prompts }: Repositories) => {
  await prompts.create({ name: 'raced', template: 'one', labels: ['production'] })
  await prompts.createVersion({ name: 'raced', template: 'two', labels: ['staging'] })
}

const WRITES = [
  {
    verb: 'create',
    before: async () => {},
    write: ({ prompts }: Repositories) => prompts.create({ name: 'raced', template: 'one', labels: ['production'] }),
    expected: 'one',
  },
  { verb: 'promote', before: two, write: ({ prompts }: Repositories) => prompts.promote({ name: 'raced', version: 2 }), expected: 'two' },
  {
    verb: 'rollback',
    before: async (repositories: Repositories) => {
      await two(repositories)
      await repositories.prompts.promote({ name: 'raced', version: 2 })
    },
    write: ({ prompts }: Repositories) => prompts.rollback({ name: 'raced' }),
    expected: 'one',
  },
  {
    verb: 'deactivate',
    before: two,
    write: ({ prompts }: Repositories) => prompts.deactivate({ name: 'raced', force: true }),
    expected: undefined,
  },
] as const

for (const { verb, before, write, expected } of WRITES) {
  for (const way of ['Redis', 'the log'] as const) {
    it(`never serves the old document after a ${verb} that overtook its loader, heard of by ${way}`, async () => {
      const redis =
        way === 'Redis' ? { redis: testRedisUrl(), namespace: uniqueNamespace(), listen: false as const } : { namespace: undefined }
      const project = `${verb}-${way === 'Redis' ? 'redis' : 'log'}`
      const shared = { ...redis, ...NO_POLL, project }
      const pool: GatedPool = gatedPool(database.url)
      const [reader, writer] = await Promise.all([start({ ...shared, database: pool }), start({ ...shared, database: database.url })])
      await before(writer)
      await reader.catchUp()
      // With the document in Redis there would be nothing to load.
      if (redis.namespace) await forgetDocuments(redis.namespace)

      const loaded = pool.hold(DOCUMENT_READ)
      const overtaken = reader.getPrompt('raced')
      await loaded
      const { revision } = await write(writer)
      if (way === 'Redis') await heard(reader, revision)
      else await reader.catchUp()
      pool.release()
      const newcomer = await start({ ...shared, database: database.url })

      expect((await overtaken)?.template).toBe(expected)
      expect(reader.peekPrompt('raced')?.template).toBe(expected)
      expect((await reader.getPrompt('raced'))?.template).toBe(expected)
      expect((await newcomer.getPrompt('raced'))?.template).toBe(expected)
      expect((await writer.getPrompt('raced'))?.template).toBe(expected)
      expect((await newcomer.verify()).mismatches).toEqual([])
      await reader.shutdown()
      await pool.end()
    })
  }
}

it('counts a fill that came too late', async () => {
  const shared = { ...NO_POLL, project: 'counted' }
  const pool = gatedPool(database.url)
  const [reader, writer] = await Promise.all([start({ ...shared, database: pool }), start({ ...shared, database: database.url })])
  await two(writer)
  await reader.catchUp()

  const loaded = pool.hold(DOCUMENT_READ)
  const overtaken = reader.getPrompt('raced')
  await loaded
  await writer.prompts.promote({ name: 'raced', version: 2 })
  await reader.catchUp()
  pool.release()
  await overtaken

  expect(reader.stats().refusedFills).toBe(1)
  await reader.shutdown()
  await pool.end()
})

it('gives a reader that comes after the announcement a load of its own', async () => {
  const shared = { ...NO_POLL, project: 'joined' }
  const pool = gatedPool(database.url)
  const [reader, writer] = await Promise.all([start({ ...shared, database: pool }), start({ ...shared, database: database.url })])
  await two(writer)
  await reader.catchUp()

  const loaded = pool.hold(DOCUMENT_READ)
  const early = reader.getPrompt('raced')
  await loaded
  await writer.prompts.promote({ name: 'raced', version: 2 })
  await reader.catchUp()
  const heldLoads = pool.asked.filter((text) => DOCUMENT_READ.test(text)).length
  const late = reader.getPrompt('raced')
  pool.release()

  expect((await late)?.template).toBe('two')
  expect((await early)?.template).toBe('two')
  expect(pool.asked.filter((text) => DOCUMENT_READ.test(text)).length).toBeGreaterThan(heldLoads)
  await reader.shutdown()
  await pool.end()
})
