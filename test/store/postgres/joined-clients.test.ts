import pg from 'pg'
import postgres from 'postgres'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type ConfigurationManager, createConfigManager, PromptRepository, RolloutRepository } from '../../../src/index.js'
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js'
import { caught } from '../fixture.js'

let database: TestDatabase
let manager: ConfigurationManager
let pool: pg.Pool
let postgresJs: postgres.Sql
let count = 0
let name = ''

beforeAll(async () => {
  database = await createTestDatabase()
  manager = createConfigManager({ database: database.url, redis: false })
  pool = new pg.Pool({ connectionString: database.url, max: 2 })
  postgresJs = postgres(database.url, { max: 2, onnotice: () => {} })
})
beforeEach(() => {
  name = `joined-${++count}`
})
afterAll(async () => {
  await manager.shutdown()
  await pool.end()
  await postgresJs.end()
  await database.drop()
})

/** A transaction of the host's, by the client of some library; `end` commits or rolls back. */
interface HostTransaction {
  readonly client: { query(text: string, values?: unknown[]): unknown }
  end(verb: 'commit' | 'rollback'): Promise<unknown>
}

const LIBRARIES: Record<string, () => Promise<HostTransaction>> = {
  'a client of a pg pool': async () => {
    const client = await pool.connect()
    await client.query('begin')
    return { client: client as never, end: async (verb) => client.query(verb).then(() => client.release()) }
  },
  'a pg client': async () => {
    const client = new pg.Client({ connectionString: database.url })
    await client.connect()
    await client.query('begin')
    return { client: client as never, end: async (verb) => client.query(verb).then(() => client.end()) }
  },
  'an object around postgres.js, which resolves with the rows': async () => {
    const reserved = await postgresJs.reserve()
    await reserved.unsafe('begin')
    return {
      client: { query: (text, values = []) => reserved.unsafe(text, values as never[]) },
      end: async (verb) => reserved.unsafe(verb).then(() => reserved.release()),
    }
  },
}

describe.each(Object.entries(LIBRARIES))('a transaction of the host by %s', (_library, begin) => {
  it('is joined by writes: they commit with it, and other workers are told', async () => {
    const { client, end } = await begin()
    const prompts = new PromptRepository(client)
    const created = await prompts.create({ name, template: 'one', labels: ['production'], parameters: { deep: [1] }, changedBy: 'ada' })
    await prompts.createVersion({ name, template: 'two' })
    const before = await manager.prompts.find({ name })
    await end('commit')

    expect(created).toMatchObject({ version: 1, propagated: undefined, parameters: { deep: [1] } })
    expect(before).toBeUndefined()
    await manager.catchUp()
    expect(await manager.getPrompt(name)).toMatchObject({ template: 'one' })
    expect(await manager.prompts.history({ name })).toMatchObject([{ newVersion: 2 }, { newVersion: 1, changedBy: 'ada' }])
  })

  it('takes its writes along when it rolls back', async () => {
    const { client, end } = await begin()
    await new PromptRepository(client).create({ name, template: 'one' })
    await end('rollback')

    expect(await manager.prompts.find({ name })).toBeUndefined()
  })

  it('stays usable after a write that failed', async () => {
    const { client, end } = await begin()
    const prompts = new PromptRepository(client)
    const refused = await caught(() => prompts.promote({ name, version: 7 }))
    const both = await Promise.all([
      prompts.create({ name, template: 'one', labels: ['production'] }),
      new RolloutRepository(client).list({ name }),
    ])
    await end('commit')

    expect(refused).toMatchObject({ code: 'E_NOT_FOUND' })
    expect(both).toMatchObject([{ version: 1 }, { items: [] }])
    expect(await manager.prompts.find({ name })).toMatchObject({ template: 'one' })
  })
})

it('is refused when no transaction is open on the client', async () => {
  const client = await pool.connect()
  const refused = await caught(() => new PromptRepository(client).create({ name, template: 'one' }))
  client.release()

  expect(refused).toMatchObject({ code: 'E_INVALID_ARGUMENT', field: 'database', message: expect.stringContaining('BEGIN') })
})

it('is not what a manager can work on', async () => {
  const client = new pg.Client({ connectionString: database.url })

  expect(() => createConfigManager({ database: client as never, redis: false })).toThrow(
    expect.objectContaining({ code: 'E_INVALID_ARGUMENT', field: 'database' }),
  )
  expect(() => createConfigManager({ database: { query: async () => ({ rows: [] }) } as never, redis: false })).toThrow(
    expect.objectContaining({ field: 'database' }),
  )
})
