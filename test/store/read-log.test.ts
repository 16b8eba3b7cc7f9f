import { afterAll, beforeAll, expect, it } from 'vitest'
import { type OpenDatabase, openDatabase } from '../../src/store/open-database.js'
import { readLog } from '../../src/store/read-log.js'
import { runSql } from '../manager/run-sql.js'
import { createTestDatabase, type TestDatabase } from '../support/test-database.js'

let database: TestDatabase
let open: OpenDatabase
beforeAll(async () => {
  database = await createTestDatabase()
  open = openDatabase(database.url, 2_000)
  await runSql(
    database.url,
    `update agent_config.config_state set revision = 3, token = 't3';
     insert into agent_config.config_heads select 'prompt:default:p' || n, 1 + n % 3, 't' || (1 + n % 3) from generate_series(1, 4500) as n`,
  )
})
afterAll(async () => {
  await open.close()
  await database.drop()
})

it('reads every head once, in pages that each have a deadline of their own', async () => {
  let pages = 0

  const log = await readLog(open.db, 'agent_config', 0, (query) => {
    pages++
    return query()
  })

  expect(pages).toBe(3)
  expect(new Set(log.heads.map(({ scope }) => scope)).size).toBe(4_500)
  expect(log).toMatchObject({ top: 3, topToken: 't3' })
})

it('asks for no further page when one did not come', async () => {
  let pages = 0

  const read = readLog(open.db, 'agent_config', 0, async (query) => {
    if (++pages === 2) throw new Error('too late')
    return query()
  })

  await expect(read).rejects.toThrow('too late')
  expect(pages).toBe(2)
})
