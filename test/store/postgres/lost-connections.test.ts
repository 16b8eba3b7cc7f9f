import { inspect } from 'node:util'
import { type Kysely, sql } from 'kysely'
import pg from 'pg'
import { afterEach, describe, expect, it } from 'vitest'
import { migrateToLatest } from '../../../src/migrations.js'
import { StoreUnavailableError } from '../../../src/shared/errors.js'
import { openDatabase } from '../../../src/store/postgres/open-database.js'
import { ConfigStore } from '../../../src/store/write/config-store.js'
import { eventually } from '../../support/eventually.js'
import { startTcpProxy } from '../../support/tcp-proxy.js'
import { startCommitProxy } from '../commit-proxy.js'
import { caught, repositoriesOn, useStore } from '../fixture.js'

const store = useStore()
const cleanUps: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

/** Repositories behind a database option, with short timeouts and a hook. */
function repositoriesAt(database: string | pg.Pool, beforeCommit?: (transaction: Kysely<unknown>) => Promise<void>, databaseMs = 1_000) {
  const { db, close } = openDatabase(database, databaseMs)
  cleanUps.push(close)
  const hooks = beforeCommit && { beforeCommit: (_change: unknown, transaction: unknown) => beforeCommit(transaction as Kysely<unknown>) }
  return repositoriesOn(new ConfigStore({ db, schema: 'agent_config', databaseMs, ...(hooks && { hooks }) }))
}

async function namesIn(project: string): Promise<string[]> {
  const rows = await store.sql<{ name: string }>('select name from agent_config.prompts where project = $1 order by name, version', [
    project,
  ])
  return rows.map((row) => row.name)
}

describe('a transaction that timed out on the client', () => {
  it('takes its connection with it, so that the next write is really committed', async () => {
    const target = new URL(store.url)
    const proxy = await startTcpProxy({ port: Number(target.port || 5432), host: target.hostname })
    const url = new URL(store.url)
    url.hostname = '127.0.0.1'
    url.port = String(proxy.port)
    const pool = new pg.Pool({ connectionString: url.href, max: 1, query_timeout: 1_500 })
    cleanUps.push(
      () => proxy.close(),
      () => pool.end(),
    )
    let stalls = true
    const { prompts, project } = repositoriesAt(pool, async (transaction) => {
      if (!stalls) return
      proxy.stall()
      stalls = false
      await sql`select 1`.execute(transaction)
    })

    const error = await caught(() => prompts.create({ name: 'lost', template: 'x' }))
    proxy.resume()
    const written = await prompts.create({ name: 'kept', template: 'x' })

    expect(error).toBeInstanceOf(StoreUnavailableError)
    expect(error).toMatchObject({ outcome: 'none' })
    expect(written.version).toBe(1)
    expect(await namesIn(project)).toEqual(['kept'])
  })

  it('during COMMIT, ends the write in time, though the host’s pool waits for connections for ever', async () => {
    const target = new URL(store.url)
    const proxy = await startTcpProxy({ port: Number(target.port || 5432), host: target.hostname })
    const url = new URL(store.url)
    url.hostname = '127.0.0.1'
    url.port = String(proxy.port)
    const pool = new pg.Pool({ connectionString: url.href, max: 1, query_timeout: 1_500 })
    cleanUps.push(
      () => proxy.close(),
      () => pool.end(),
    )
    const { prompts } = repositoriesAt(pool, async () => proxy.stall())

    const error = await caught(() => prompts.create({ name: 'lost', template: 'x' }))
    proxy.resume()

    expect(error).toMatchObject({ name: 'StoreUnavailableError', outcome: 'unknown' })
  })
})

describe('a backend that is killed', () => {
  it('inside a transaction, ends the write and not the process, and nothing was written', async () => {
    let kills = true
    const { prompts, project } = repositoriesAt(store.url, async (transaction) => {
      if (!kills) return
      kills = false
      const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(transaction)
      await store.sql('select pg_terminate_backend($1)', [rows[0]?.pid])
      await eventually(async () => (await store.sql('select 1 from pg_stat_activity where pid = $1', [rows[0]?.pid])).length === 0)
    })

    const error = await caught(() => prompts.create({ name: 'lost', template: 'x' }))
    await prompts.create({ name: 'kept', template: 'x' })

    expect(error).toMatchObject({ name: 'StoreUnavailableError', outcome: 'none' })
    expect(await namesIn(project)).toEqual(['kept'])
  })

  it('while it is idle in the pool, is noticed by nobody', async () => {
    const { prompts } = repositoriesAt(store.url)
    await prompts.create({ name: 'before', template: 'x' })

    await store.sql(
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and state = 'idle'`,
    )
    const found = await eventually(() => prompts.find({ name: 'before' }))

    expect(found?.template).toBe('x')
  })
})

describe('a connection that is lost during COMMIT', () => {
  async function broken(fault: Parameters<Awaited<ReturnType<typeof startCommitProxy>>['breakNext']>[0], options = '') {
    const proxy = await startCommitProxy(store.url)
    cleanUps.push(() => proxy.close())
    const url = new URL(proxy.url)
    if (options) url.searchParams.set('options', options)
    const { prompts, project } = repositoriesAt(url.href, undefined, 600)
    await prompts.create({ name: 'before', template: 'x' })
    proxy.breakNext(fault)
    const outcome = await prompts.create({ name: 'a', template: 'x' }).catch((error: unknown) => error)
    return { prompts, project, outcome, names: await namesIn(project) }
  }

  it('before COMMIT arrived, ends with outcome none and nothing written', async () => {
    const { outcome, names, prompts } = await broken('swallow')

    expect(outcome).toMatchObject({ code: 'E_STORE_UNAVAILABLE', outcome: 'none', message: expect.stringContaining('Nothing was written') })
    expect(names).toEqual(['before'])
    expect(await prompts.create({ name: 'a', template: 'x' })).toMatchObject({ version: 1 })
  })

  it('after COMMIT arrived, ends as the write that it is, once', async () => {
    const { outcome, names, prompts } = await broken('lose-answer')

    expect(outcome).toMatchObject({ name: 'a', version: 1 })
    expect(names).toEqual(['a', 'before'])
    expect(await prompts.history({ name: 'a' })).toHaveLength(1)
  })

  it.each(['', '-c default_transaction_isolation=serializable'])(
    'waits for a COMMIT that is still on its way, whatever isolation is the default (%s)',
    async (options) => {
      const { outcome, names } = await broken('late', options)

      expect(outcome).toMatchObject({ name: 'a', version: 1 })
      expect(names).toEqual(['a', 'before'])
    },
  )

  it.each(['swallow-and-leave', 'lose-answer-and-leave'] as const)(
    'has an unknown outcome when PostgreSQL cannot be asked any more (%s)',
    async (fault) => {
      const { outcome, names } = await broken(fault)

      expect(outcome).toMatchObject({ code: 'E_STORE_UNAVAILABLE', outcome: 'unknown' })
      expect(names).toEqual(fault === 'swallow-and-leave' ? ['before'] : ['a', 'before'])
    },
  )
})

describe('PostgreSQL that cannot be reached', () => {
  const SECRET = 's3cr3t-w0rd'
  const ADDRESSES = [
    `postgresql://me:${SECRET}@127.0.0.1:9/none`,
    `postgresql://me:${SECRET}@host.invalid:5432/none`,
    `postgresql://me:${SECRET}%zz@127.0.0.1:9/none`,
    `postgresql://me:${SECRET}/x@127.0.0.1:9/none`,
    `mysql://me:${SECRET}@127.0.0.1/none`,
    `me:${SECRET}@127.0.0.1`,
  ]

  it.each(ADDRESSES)('is a typed error that does not hold the password: %#', async (address) => {
    const errors = [
      await caught(() => repositoriesOn(address).prompts.create({ name: 'a', template: 'x' })),
      await caught(() => repositoriesOn(address).prompts.find({ name: 'a' })),
      await caught(() => migrateToLatest(address)),
    ]

    for (const error of errors) {
      expect(error.code).toMatch(/^E_(STORE_UNAVAILABLE|INVALID_ARGUMENT)$/)
      expect(inspect(error, { depth: 12, showHidden: true })).not.toContain(SECRET)
    }
  })

  it('is a StoreUnavailableError with outcome none for a write, also where the server refuses the connection', async () => {
    const missing = new URL(store.url)
    missing.pathname = '/there_is_no_such_database'

    const errors = [
      await caught(() => repositoriesOn(ADDRESSES[0] as string).prompts.create({ name: 'a', template: 'x' })),
      await caught(() => repositoriesOn(missing.href).prompts.create({ name: 'a', template: 'x' })),
    ]

    for (const error of errors) expect(error).toMatchObject({ code: 'E_STORE_UNAVAILABLE', outcome: 'none' })
    expect(errors[1]?.message).toContain('there_is_no_such_database')
  })
})

it("adds one error listener to a host's pool, however many repositories work on it", () => {
  const pool = new pg.Pool({ connectionString: store.url })

  for (let made = 0; made < 20; made++) repositoriesOn(pool)

  expect(pool.listenerCount('error')).toBe(1)
})
