import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { ConfigurationManager } from '../../src/manager/configuration-manager.js'
import type { ConfigManagerOptions } from '../../src/manager/options.js'
import { migrateToLatest } from '../../src/migrations.js'
import { notifyChannel } from '../../src/store/postgres/notify-channel.js'
import { NOTES } from '../kinds/a-kind.js'
import { everyCall } from '../store/every-call.js'
import { BUSY_MS } from '../support/busy-machine.js'
import { eventually } from '../support/eventually.js'
import { startPrivatePgBouncer } from '../support/private-pgbouncer.js'
import { startPrivatePostgres } from '../support/private-postgres.js'
import type { Server } from '../support/services/server.js'
import { testRedisUrl, uniqueNamespace } from '../support/test-redis.js'
import { eventsOf, heard, NO_POLL, refusal, useManagers } from './managers.js'
import { runSql } from './run-sql.js'

/** Fewer than the managers together would open: clients have to wait for each other. */
const POOL_SIZE = 5

let postgres: Server
let bouncer: Server
let project: string
const start = useManagers()

beforeAll(async () => {
  postgres = await startPrivatePostgres()
  bouncer = await startPrivatePgBouncer({ port: postgres.port, poolMode: 'transaction', poolSize: POOL_SIZE })
  await migrateToLatest(bouncer.url)
})
beforeEach(() => {
  project = uniqueNamespace()
})
afterAll(async () => {
  await bouncer.stop()
  await postgres.stop()
})

function options(more: ConfigManagerOptions = {}): ConfigManagerOptions {
  return { database: bouncer.url, project, ...more }
}

/** What is left in the sessions of PostgreSQL that PgBouncer hands from one client to the next. */
async function leftovers() {
  const clients = await Promise.all(Array.from({ length: POOL_SIZE }, () => connected(bouncer.url)))
  try {
    // A transaction keeps its session: together they keep all there are.
    await Promise.all(clients.map((client) => client.query('begin')))
    const rows = await Promise.all(
      clients.map(async (client) => {
        const { rows: found } = await client.query(`select pg_backend_pid() as pid,
          (select count(*)::int from pg_listening_channels()) as channels, (select count(*)::int from pg_prepared_statements) as statements,
          (select count(*)::int from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()) as locks,
          array(select name || '=' || setting from pg_settings where source = 'session' and name in ('lock_timeout', 'statement_timeout',
            'idle_in_transaction_session_timeout', 'synchronous_commit', 'default_transaction_isolation', 'search_path')) as settings`)
        return found[0] as { pid: number; channels: number; statements: number; locks: number; settings: string[] }
      }),
    )
    return {
      sessions: new Set(rows.map(({ pid }) => pid)).size,
      channels: rows.reduce((sum, row) => sum + row.channels, 0),
      statements: rows.reduce((sum, row) => sum + row.statements, 0),
      locks: rows.reduce((sum, row) => sum + row.locks, 0),
      settings: rows.flatMap((row) => row.settings),
    }
  } finally {
    await Promise.all(clients.map((client) => client.end()))
  }
}

const NOTHING_LEFT = { sessions: POOL_SIZE, channels: 0, statements: 0, locks: 0, settings: [] }

async function connected(url: string): Promise<pg.Client> {
  const client = new pg.Client(url)
  client.on('error', () => {})
  await client.connect()
  return client
}

async function create(manager: ConfigurationManager, name: string, template: string): Promise<number> {
  return (await manager.prompts.create({ name, template, labels: ['production'] })).revision
}

async function write(manager: ConfigurationManager, name: string, template: string): Promise<number> {
  return (await manager.prompts.createVersion({ name, template, labels: ['production'] })).revision
}

async function template(manager: ConfigurationManager, name: string, minRevision?: number): Promise<unknown> {
  return (await manager.getPrompt(name, minRevision === undefined ? {} : { minRevision }))?.template
}

describe('through PgBouncer in transaction mode', () => {
  const MANAGERS = 4
  const ROUNDS = 12

  it('concurrent writers and readers get nothing wrong, and the changelog has no gap', async () => {
    const managers = await Promise.all(Array.from({ length: MANAGERS }, () => start(options())))
    for (const name of ['left', 'right']) await create(managers[0]!, name, '0')
    const complaints: string[] = []
    let isWriting = true

    const writing = managers.map(async (manager, place) => {
      await create(manager, `own-${place}`, '0')
      for (let round = 1; round <= ROUNDS; round++) {
        const revision = await write(manager, `own-${place}`, `${round}`)
        if ((await template(manager, `own-${place}`)) !== `${round}`) complaints.push(`own-${place} was not served after it was written`)
        const neighbour = managers[(place + 1) % MANAGERS]!
        if ((await template(neighbour, `own-${place}`, revision)) !== `${round}`) complaints.push(`minRevision gave an older own-${place}`)
        // The pair is written in one transaction, and every third of them is taken back.
        await manager
          .transaction(async ({ prompts }) => {
            const last = Number((await prompts.find({ name: 'left', label: 'production' }))?.template)
            for (const name of ['left', 'right']) {
              await prompts.createVersion({ name, template: `${last + 1}`, labels: ['production'] })
            }
            if (round % 3 === 0) throw new Error('taken back')
          })
          .catch((error: Error) => error.message !== 'taken back' && Promise.reject(error))
      }
    })
    const reading = managers.map(async (manager, place) => {
      const last = { left: 0, right: 0 }
      while (isWriting) {
        const left = Number(await template(manager, 'left'))
        const right = Number(await template(manager, 'right'))
        if (right < left) complaints.push(`manager ${place} served right ${right} after left ${left}`)
        if (left < last.left || right < last.right) complaints.push(`manager ${place} went backwards`)
        Object.assign(last, { left, right })
        await new Promise((resolve) => setImmediate(resolve))
      }
    })
    await Promise.all(writing).finally(() => {
      isWriting = false
    })
    await Promise.all(reading)
    await Promise.all(managers.map((manager) => manager.catchUp()))

    const pairs = MANAGERS * ROUNDS * (2 / 3)
    const expected = { left: `${pairs}`, right: `${pairs}`, 'own-0': `${ROUNDS}`, 'own-3': `${ROUNDS}` }
    for (const manager of managers) {
      const served = await Promise.all(Object.keys(expected).map(async (name) => [name, await template(manager, name)]))
      expect(Object.fromEntries(served)).toEqual(expected)
      expect((await manager.verify()).mismatches).toEqual([])
    }
    const [log] = await runSql(
      postgres.url,
      `select count(distinct revision)::int as revisions, max(revision)::int as last, (select revision::int from agent_config.config_state) as counter
      from agent_config.config_changelog`,
    )
    const [backends] = await runSql(
      postgres.url,
      `select count(*)::int as count from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()`,
    )
    expect(complaints).toEqual([])
    expect(backends?.count).toBeLessThanOrEqual(POOL_SIZE)
    expect(log?.revisions).toBe(log?.last)
    expect(log?.counter).toBe(log?.last)
    expect(await leftovers()).toEqual(NOTHING_LEFT)
  })

  it('every call works, of every kind, also of a host’s own', async () => {
    const [manager, other] = await Promise.all([start(options({ kinds: [NOTES] })), start(options({ kinds: [NOTES] }))])
    const pool = new pg.Pool({ connectionString: bouncer.url, max: 2 })

    await everyCall(manager, new Kysely({ dialect: new PostgresDialect({ pool }) }), project)
    const { revision } = await manager.of(NOTES).create({ name: 'through a pooler', content: 'read by the other' })

    expect((await other.of(NOTES).get('through a pooler', { minRevision: revision }))?.content).toBe('read by the other')
    await pool.end()
  })

  it('changes are found by poll, and nobody listens', async () => {
    const [writer, reader] = await Promise.all([start(options(NO_POLL)), start(options(NO_POLL))])
    await create(writer, 'p', 'one')
    const before = await eventually(async () => (await template(reader, 'p')) === 'one')
    const looks = reader.stats().catchUps

    await write(writer, 'p', 'two')
    await eventually(async () => (await template(reader, 'p')) === 'two')

    expect(before).toBe(true)
    expect(reader.stats().catchUps).toBeGreaterThan(looks)
    expect((await reader.health()).subscriber).toBe('off')
    expect(await leftovers()).toEqual(NOTHING_LEFT)
  })

  it('a stranger who borrows the session gets none of our notifications, which are sent', async () => {
    const [writer, reader] = await Promise.all([start(options(NO_POLL)), start(options(NO_POLL))])
    const strangers = await Promise.all(Array.from({ length: POOL_SIZE }, () => connected(bouncer.url)))
    const direct = await connected(postgres.url)
    const [strange, expected]: [string[], string[]] = [[], []]
    for (const stranger of strangers) stranger.on('notification', ({ channel }) => void strange.push(channel))
    direct.on('notification', ({ channel }) => void expected.push(channel))
    await direct.query(`listen "${notifyChannel('agent_config')}"`)

    await create(writer, 'p', 'one')
    await eventually(() => expected.length > 0)
    // What waits in a session is handed over with the next answer.
    for (let round = 0; round < 3; round++) await Promise.all(strangers.map((stranger) => stranger.query('select pg_sleep(0.01)')))
    await Promise.all([...strangers, direct].map((client) => client.end()))

    expect(strange).toEqual([])
    expect((await reader.health()).subscriber).toBe('off')
  })

  it('changes arrive at once where there is Redis', async () => {
    const shared = options({ redis: testRedisUrl(), namespace: uniqueNamespace(), ...NO_POLL })
    const [writer, reader] = await Promise.all([start(shared), start(shared)])
    await create(writer, 'p', 'one')
    await template(reader, 'p')
    const looks = reader.stats().catchUps

    const revision = await write(writer, 'p', 'two')
    await heard(reader, revision)

    expect(await template(reader, 'p')).toBe('two')
    expect(reader.stats().catchUps).toBe(looks)
    expect((await reader.health()).subscriber).toBe('up')
  })

  it('an address with a name for the application is accepted', async () => {
    const url = new URL(bouncer.url)
    url.searchParams.set('application_name', 'support-desk')

    const manager = await start(options({ database: url.href }))
    await create(manager, 'p', 'one')

    expect(await manager.health()).toMatchObject({ ok: true, database: 'up' })
  })

  it('a write that waits gives up in time, and its limits stay with its transaction', async () => {
    const databaseMs = 1_000
    const manager = await start(options({ timeouts: { databaseMs } }))
    const holder = await connected(postgres.url)
    await holder.query('begin; update agent_config.config_state set revision = revision')
    const before = performance.now()

    const failure = await refusal(create(manager, 'p', 'one'))
    const waitedMs = performance.now() - before
    await holder.query('rollback')
    await holder.end()

    // The lock's own limit, of twice databaseMs; without it the answer would be missed after another second.
    expect(failure).toMatchObject({ code: 'E_STORE_UNAVAILABLE', outcome: 'none' })
    expect(failure.message).toContain('lock')
    expect(waitedMs).toBeLessThan(databaseMs * 2 + BUSY_MS)
    expect(await leftovers()).toEqual(NOTHING_LEFT)
    await create(manager, 'p', 'one')
    expect(await template(manager, 'p')).toBe('one')
  })
})

describe('while PgBouncer is away', () => {
  let isDead = false
  afterEach(async () => {
    if (isDead) await bouncer.restart()
    isDead = false
  })

  for (const [title, end] of [
    ['restarted in an orderly way', () => bouncer.restart()],
    [
      'killed and started again',
      async () => {
        isDead = true
        await bouncer.kill()
      },
    ],
  ] as const) {
    it(`what is known is served, and statements go on after it was ${title}`, async () => {
      const timeouts = { databaseMs: 1_000, readMs: 2_000 }
      const [writer, reader] = await Promise.all([start(options({ timeouts })), start(options({ timeouts }))])
      await create(writer, 'p', 'one')
      await eventually(async () => (await template(reader, 'p')) === 'one')

      await end()
      const known = await template(reader, 'p')
      const unwritten = isDead ? await refusal(write(writer, 'p', 'lost')) : undefined
      if (isDead) await bouncer.restart()
      isDead = false
      await eventually(() => write(writer, 'p', 'two'), { everyMs: 50 })
      await eventually(async () => (await template(reader, 'p')) === 'two')

      expect(known).toBe('one')
      if (unwritten) expect(unwritten).toMatchObject({ code: 'E_STORE_UNAVAILABLE', outcome: 'none' })
      expect((await writer.prompts.list({ project })).items.map(({ template: text }) => text)).not.toContain('lost')
      expect((await reader.health()).subscriber).toBe('off')
      expect(await leftovers()).toEqual(NOTHING_LEFT)
    })
  }

  it('reads of something unknown end in time while it is frozen, and events say what is lost and found', async () => {
    const timeouts = { databaseMs: 1_000, readMs: 2_000 }
    const manager = await start(options({ timeouts }))
    await create(manager, 'p', 'one')
    const { names } = eventsOf(manager)

    await bouncer.freeze()
    const known = await template(manager, 'p')
    const before = performance.now()
    const failure = await refusal(template(manager, 'unknown'))
    const waitedMs = performance.now() - before
    await eventually(() => template(manager, 'unknown').catch(() => names().includes('database:lost')))
    await bouncer.thaw()
    await eventually(() => template(manager, 'unknown').then(() => names().includes('database:restored')), { everyMs: 50 })

    expect([known, failure.code]).toEqual(['one', 'E_STORE_UNAVAILABLE'])
    expect(waitedMs).toBeLessThan(timeouts.readMs + BUSY_MS)
    expect(await template(manager, 'p')).toBe('one')
  })
})
