import { Kysely } from 'kysely'
import { PostgresJSDialect } from 'kysely-postgres-js'
import postgres from 'postgres'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { ConfigurationManager } from '../../../src/manager/configuration-manager.js'
import { createConfigManager } from '../../../src/manager/global-manager.js'
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js'
import { everyCall } from '../every-call.js'
import { caught } from '../fixture.js'

// postgres.js encodes a parameter by the type PostgreSQL names for it, pg by the value it is given.
let database: TestDatabase
let driver: postgres.Sql
let host: Kysely<unknown>
let manager: ConfigurationManager

beforeAll(async () => {
  database = await createTestDatabase()
  driver = postgres(database.url, { max: 5, onnotice: () => {} })
  host = new Kysely({ dialect: new PostgresJSDialect({ postgres: driver }) })
  manager = createConfigManager({ database: host, redis: false })
})
afterAll(async () => {
  await manager.shutdown()
  await driver.end()
  await database.drop()
})

it('does everything on a host’s Kysely whose driver is postgres.js', async () => {
  await everyCall(manager, host)

  // The last of the calls shortens the changelog to what a rollback needs.
  const [change] = await manager.prompts.history({ name: 'call-prompts' })
  expect(change).toMatchObject({
    changeType: 'remove_label',
    previousData: { labels: { staging: 2 } },
    newData: { labels: { staging: null } },
  })
})

it('stores JSON as JSON there', async () => {
  const parameters = { temperature: 0.5, stop: ['\n'], nested: { on: true, none: null } }
  const fallbacks = [{ provider: 'ollama', model: 'qwen', parameters: { seed: 1 } }]

  await manager.models.create({ name: 'json', provider: 'ollama', model: 'llama3', parameters, fallbacks, labels: ['production'] })

  const read = await manager.models.find({ name: 'json' })
  const [row] =
    await driver`select jsonb_typeof(parameters) as parameters, jsonb_typeof(fallbacks) as fallbacks from agent_config.model_configs where name = 'json'`
  expect(read).toMatchObject({ parameters, fallbacks })
  expect(row).toEqual({ parameters: 'object', fallbacks: 'array' })
})

it('takes dates there', async () => {
  const { createdAt } = await manager.prompts.create({ name: 'dated', template: 'a' })
  const since = new Date(createdAt)

  const { items } = await manager.changelog.list({ name: 'dated', since })

  expect(items).toHaveLength(1)
  expect(Math.abs(Date.parse(items[0]?.changedAt as string) - since.getTime())).toBeLessThan(5_000)
})

it('says that the database is away when postgres.js cannot connect', async () => {
  const away = postgres('postgresql://nobody@127.0.0.1:1/none', { max: 1, connect_timeout: 1 })
  const lost = createConfigManager({ database: new Kysely({ dialect: new PostgresJSDialect({ postgres: away }) }), redis: false })

  const error = await caught(() => lost.ready())
  await lost.shutdown()
  await away.end()

  expect(error).toMatchObject({ code: 'E_STORE_UNAVAILABLE' })
})
