import { afterEach, beforeEach, expect, it } from 'vitest'
import { type OpenDatabase, openDatabase } from '../../../src/store/postgres/open-database.js'
import { LogReader } from '../../../src/store/read/log-reader.js'
import { runSql } from '../../manager/run-sql.js'
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js'

const SCOPES = 4_500
const PAGES = 3

let database: TestDatabase
let open: OpenDatabase
beforeEach(async () => {
  database = await createTestDatabase()
  open = openDatabase(database.url, 2_000)
  await runSql(
    database.url,
    `update agent_config.config_state set revision = 3, token = 't3';
     insert into agent_config.config_heads
       select 'prompt:default:p' || n, 1 + n % 3, 't' || (1 + n % 3) from generate_series(1, ${SCOPES}) as n;
     ${logged(1)} ${logged(2)} ${logged(3)}`,
  )
})
afterEach(async () => {
  await open.close()
  await database.drop()
})

/** A row of the changelog. */
function logged(revision: number, token = `t${revision}`): string {
  return `insert into agent_config.config_changelog (revision, token, config_type, config_name, project, change_type)
    values (${revision}, '${token}', 'prompt', 'p1', 'default', 'sql');`
}

/** A write of one scope. */
function written(revision: number, name: string, token = `t${revision}`): string {
  return `update agent_config.config_state set revision = ${revision}, token = '${token}';
    update agent_config.config_heads set revision = ${revision}, token = '${token}' where scope = 'prompt:default:${name}';
    ${logged(revision, token)}`
}

/** A reader, and what happens before its pages by their number from 1; a page before which something throws is not sent. */
function reader(before: Record<number, () => unknown> = {}) {
  const asked = { pages: 0 }
  const log = new LogReader(open.db, 'agent_config', async (query) => {
    await before[++asked.pages]?.()
    return query()
  })
  return { log, asked }
}

const late = () => {
  throw new Error('too late')
}

it('reads every head once, in pages that each have a deadline of their own', async () => {
  const { log, asked } = reader()

  const read = await log.read(0)

  expect(asked.pages).toBe(PAGES)
  expect(new Set(read.heads.map(({ scope }) => scope)).size).toBe(SCOPES)
  expect(read.heads).toHaveLength(SCOPES)
  expect(read).toMatchObject({ top: 3, topToken: 't3' })
})

it('finds a head that moved while pages were read on a later page', async () => {
  const { log } = reader({ 2: () => runSql(database.url, written(4, 'p3')) })

  const read = await log.read(0)

  expect(read).toMatchObject({ top: 4, topToken: 't4' })
  expect(read.heads.filter(({ scope }) => scope === 'prompt:default:p3').at(-1)).toMatchObject({ revision: 4, token: 't4' })
})

it('goes on where it ended when a page did not come and it is asked again', async () => {
  const { log, asked } = reader({ 2: late, 4: late })

  await expect(log.read(0)).rejects.toThrow('too late')
  await runSql(database.url, written(4, 'p3'))
  await expect(log.read(0)).rejects.toThrow('too late')
  const read = await log.read(0)

  // One page each for the three attempts, and the two that were not sent.
  expect(asked.pages).toBe(PAGES + 2)
  expect(new Set(read.heads.map(({ scope }) => scope)).size).toBe(SCOPES)
  expect(read).toMatchObject({ top: 4, topToken: 't4' })
  expect(read.heads.at(-1)).toMatchObject({ scope: 'prompt:default:p3', revision: 4 })
})

it('begins anew after another revision', async () => {
  const { log, asked } = reader({ 2: late })

  await expect(log.read(0)).rejects.toThrow('too late')
  const read = await log.read(2)

  expect(asked.pages).toBe(3)
  expect(read.tokenAtAfter).toBe('t2')
  expect(read.heads).toHaveLength(SCOPES / 3)
})

it('says which token the revision asked about has, also when the log moves on between two pages', async () => {
  const { log, asked } = reader({ 2: () => runSql(database.url, written(4, 'p3')) })

  expect((await log.read(1)).tokenAtAfter).toBe('t1')
  expect(asked.pages).toBe(2)
  expect((await log.read(4)).tokenAtAfter).toBe('t4')
  expect((await log.read(9)).tokenAtAfter).toBeUndefined()
})

it.each(['in one read', 'between two tries'])('drops its pages when the database fails over to another history %s', async (when) => {
  // The write of p5 is lost, and another one made instead.
  const failOver = () =>
    runSql(
      database.url,
      `insert into agent_config.config_pruning values (pg_current_xact_id()); delete from agent_config.config_changelog where revision = 3;
       update agent_config.config_heads set revision = 2, token = 't2' where revision = 3;
       ${written(3, 'p1', 'other')} ${written(4, 'p4')}`,
    )
  const isOneRead = when === 'in one read'
  const { log } = reader({ 2: isOneRead ? failOver : late })

  if (!isOneRead) {
    await expect(log.read(0)).rejects.toThrow('too late')
    await failOver()
  }
  const read = await log.read(0)

  expect(read).toMatchObject({ top: 4, topToken: 't4' })
  expect(read.heads).toHaveLength(SCOPES)
  expect(read.heads.filter(({ token }) => token === 't3')).toEqual([])
  expect(read.heads.filter(({ token }) => token === 'other')).toHaveLength(1)
})

it('drops its pages when a write that was made between two of them is lost', async () => {
  // Page 2 would have had p997, page 3 has it for as long as the write stands.
  const { log } = reader({
    2: () => runSql(database.url, written(4, 'p997')),
    3: () =>
      runSql(
        database.url,
        `insert into agent_config.config_pruning values (pg_current_xact_id()); delete from agent_config.config_changelog where revision = 4;
         update agent_config.config_heads set revision = 2, token = 't2' where revision = 4;
         ${written(4, 'p4', 'other')}`,
      ),
  })

  const read = await log.read(0)

  expect(read).toMatchObject({ top: 4, topToken: 'other' })
  expect(read.heads.filter(({ scope }) => scope === 'prompt:default:p997')).toMatchObject([{ revision: 2, token: 't2' }])
})
