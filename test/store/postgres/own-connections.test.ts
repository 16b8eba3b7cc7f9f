import { rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import pg from 'pg'
import { afterEach, expect, it } from 'vitest'
import { type OpenDatabase, openDatabase } from '../../../src/store/postgres/open-database.js'
import { PromptRepository } from '../../../src/store/repositories/prompt-repository.js'
import { eventually } from '../../support/eventually.js'
import { caught, useStore } from '../fixture.js'

const store = useStore()

const open: OpenDatabase[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((database) => database.close()))
})

function opened(url: string, databaseMs = 2_000): OpenDatabase {
  const database = openDatabase(url, databaseMs)
  open.push(database)
  return database
}

it('has JIT off, and names itself where an operator looks', async () => {
  const { db } = opened(store.url)

  const { rows } = await sql`select current_setting('jit') as jit, current_setting('application_name') as name`.execute(db)

  expect(rows).toEqual([{ jit: 'off', name: 'agent-config' }])
})

it('leaves the name that the address gives', async () => {
  const { db } = opened(`${store.url}?application_name=billing`)

  const { rows } = await sql`select current_setting('application_name') as name`.execute(db)

  expect(rows).toEqual([{ name: 'billing' }])
})

it('gives reads less than their deadline at the server, and transactions the time of a write', async () => {
  const { db } = opened(store.url, 1_000)
  const limit = sql<{ limit: string }>`select current_setting('statement_timeout') as limit`

  const read = await limit.execute(db)
  const write = await db.transaction().execute((transaction) => limit.execute(transaction))
  const readAfter = await limit.execute(db)

  expect([read, write, readAfter].map(({ rows }) => rows[0]?.limit)).toEqual(['900ms', '2500ms', '900ms'])
})

it('gives the first transaction of a connection the time of a write too', async () => {
  const { db } = opened(store.url, 1_000)

  const { rows } = await db
    .transaction()
    .setIsolationLevel('read committed')
    .execute((transaction) => sql`select current_setting('statement_timeout') as limit`.execute(transaction))

  expect(rows).toEqual([{ limit: '2500ms' }])
})

it('leaves no statement running that waits for a lock longer than its reader', async () => {
  const locker = new pg.Client({ connectionString: store.url })
  await locker.connect()
  await locker.query('begin; lock table agent_config.prompts in access exclusive mode')
  const prompts = new PromptRepository(`${store.url}?application_name=waiting`)

  const refused = await Promise.all(Array.from({ length: 20 }, () => caught(() => prompts.find({ name: 'locked' }))))
  await eventually(async () => {
    const running = await store.sql(`select pid from pg_stat_activity where application_name = 'waiting' and state = 'active'`)
    expect(running).toEqual([])
  })
  await locker.query('rollback')
  await locker.end()

  expect(new Set(refused.map(({ code }) => code))).toEqual(new Set(['E_STORE_UNAVAILABLE']))
})

it.each([
  'postgresql://u:p@/name?host=/cloudsql/project:region:instance',
  'postgres://%2Fvar%2Frun%2Fpostgresql/name',
  'postgresql:///name',
  'postgresql://u@host/name?sslmode=no-verify',
  'socket:/var/run/postgresql?db=name',
  '/var/run/postgresql name',
])('takes %s, as pg does', async (url) => {
  const database = opened(url)

  expect(database.isEmbedded).toBe(false)
})

it('connects over a socket that the address names as a parameter', async () => {
  const error = await caught(() => sql`select 1`.execute(opened(`postgresql://u:secret@/name?host=${join(tmpdir(), 'no-such-folder')}`).db))

  expect(error).toMatchObject({ code: 'E_STORE_UNAVAILABLE', message: expect.stringContaining('no-such-folder') })
  expect(error.message).not.toContain('secret')
})

it.each(['mysql://host/name', 'host/name', 'postgresql://u:secret@host:port/name', 'postgresql://u:se/cret@host/name', ''])(
  'refuses %j when it is built, and repeats no password',
  async (url) => {
    const error = await caught(() => openDatabase(url, 2_000))

    expect(error).toMatchObject({ code: 'E_INVALID_ARGUMENT', field: 'database' })
    expect(JSON.stringify([error.message, error.cause, error.stack])).not.toMatch(/secret|cret@/)
  },
)

it('says which certificate cannot be read', async () => {
  const file = join(tmpdir(), 'agent-config-no-such.crt')
  writeFileSync(file, '')
  rmSync(file)

  const error = await caught(() => openDatabase(`postgresql://u@host/name?sslmode=verify-full&sslrootcert=${file}`, 2_000))

  expect(error).toMatchObject({ code: 'E_INVALID_ARGUMENT', message: expect.stringContaining(file) })
})
