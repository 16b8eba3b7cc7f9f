import { afterAll, beforeAll, expect, it } from 'vitest'
import { MIGRATIONS } from '../../migrations/index.js'
import { createConfigManager } from '../../src/manager/global-manager.js'
import { runStatement } from '../support/services/template-database.js'
import { createEmptyDatabase, createTestDatabase, type TestDatabase } from '../support/test-database.js'
import { refusal } from './managers.js'

const NEWEST = Object.keys(MIGRATIONS).at(-1) as string
let older: TestDatabase
let empty: TestDatabase

beforeAll(async () => {
  older = await createTestDatabase()
  await runStatement(older.url, `delete from agent_config.config_migrations where name = '${NEWEST}'`)
  empty = await createEmptyDatabase()
})
afterAll(async () => {
  await older.drop()
  await empty.drop()
})

it('is not ready on tables that are older than the package, and says which migration is missing', async () => {
  const manager = createConfigManager({ database: older.url, redis: false })

  const notReady = await refusal(manager.ready())
  const notRead = await refusal(manager.getPrompt('greeting'))
  const health = await manager.health()
  await manager.shutdown()

  for (const error of [notReady, notRead]) {
    expect(error.code).toBe('E_MIGRATION')
    expect(error.message).toContain(NEWEST)
    expect(error.message).toContain('npx agent-config migrate')
  }
  expect(health).toMatchObject({ ok: false, error: { code: 'E_MIGRATION', message: expect.stringContaining(NEWEST) } })
})

it('is not ready without tables, and health says so', async () => {
  const manager = createConfigManager({ database: empty.url, redis: false })

  const notReady = await refusal(manager.ready())
  const health = await manager.health()
  await manager.shutdown()

  expect(notReady.code).toBe('E_MIGRATION')
  expect(health).toMatchObject({ ok: false, error: { code: 'E_MIGRATION' } })
})

it('says nothing of an error while all is well', async () => {
  const manager = createConfigManager({ database: empty.url, redis: false, autoMigrate: true })

  const health = await manager.health()
  await manager.shutdown()

  expect(health.ok).toBe(true)
  expect(health.error).toBeUndefined()
})
