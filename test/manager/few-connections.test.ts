import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { runStatement } from '../support/services/template-database.js'
import { createTestDatabase, type TestDatabase, testAdminUrl } from '../support/test-database.js'
import { heard, useManagers } from './managers.js'

const managed = useManagers()
const role = `few_${process.pid}`
let database: TestDatabase
let url: string

beforeAll(async () => {
  database = await createTestDatabase()
  await runStatement(
    database.url,
    `create role ${role} login; grant usage on schema agent_config to ${role};
     grant all on all tables in schema agent_config to ${role}; grant execute on all functions in schema agent_config to ${role}`,
  )
  const address = new URL(database.url)
  address.username = role
  url = address.href
})
afterAll(async () => {
  await runStatement(database.url, `drop owned by ${role}`)
  await database.drop()
  await runStatement(testAdminUrl(), `drop role ${role}`)
})

it.each([1, 2])('reads and writes first when there are %i connections: LISTEN gives way and the log is polled', async (limit) => {
  await runStatement(database.url, `alter role ${role} connection limit ${limit}`)
  const manager = await managed({ database: url })
  const other = await managed({ database: database.url })

  const writes = await Promise.all(
    Array.from({ length: 5 }, (_, place) =>
      manager.prompts.create({ name: `few-${limit}-${place}`, template: 'a', labels: ['production'] }),
    ),
  )
  const reads = await Promise.all(Array.from({ length: 20 }, (_, place) => manager.prompts.list({ search: `few-${limit}-${place % 5}` })))
  const { subscriber, ok } = await manager.health()
  const { revision } = await other.prompts.createVersion({ name: `few-${limit}-0`, template: 'b' })
  await heard(manager, revision)

  expect(writes).toHaveLength(5)
  expect(reads.map(({ items }) => items.length)).toEqual(Array(20).fill(1))
  expect({ subscriber, ok }).toEqual({ subscriber: 'down', ok: true })
})

it('reads first on a host’s pool too, whose connections are all there are', async () => {
  await runStatement(database.url, `alter role ${role} connection limit 1`)
  const pool = new pg.Pool({ connectionString: url, max: 1 })
  pool.on('error', () => {})
  const manager = await managed({ database: pool })

  const written = await manager.prompts.create({ name: 'host', template: 'a', labels: ['production'] })
  const { subscriber } = await manager.health()
  await manager.shutdown()
  await pool.end()

  expect(written.version).toBe(1)
  expect(subscriber).toBe('down')
})
