import { existsSync } from 'node:fs'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from './eventually.js'
import { startPrivatePgBouncer } from './private-pgbouncer.js'
import { startPrivatePostgres, startRestorablePostgres } from './private-postgres.js'
import { type PrivatePair, startPrivatePair } from './private-standby.js'
import { familyOf, signalAll } from './services/process-family.js'
import type { Server } from './services/server.js'
import { runStatement } from './services/template-database.js'

describe('a PgBouncer of one test', () => {
  let postgres: Server
  let bouncer: Server

  beforeAll(async () => {
    postgres = await startPrivatePostgres()
    bouncer = await startPrivatePgBouncer({ port: postgres.port, poolMode: 'transaction', poolSize: 1 })
  })
  afterAll(async () => {
    await bouncer.stop()
    await postgres.stop()
  })

  it('lends one server connection to many clients, transaction by transaction', async () => {
    const clients = await Promise.all([1, 2, 3].map(() => connected(bouncer.url)))

    const pids = await Promise.all(clients.map(async (client) => (await client.query('select pg_backend_pid() as pid')).rows[0].pid))
    await Promise.all(clients.map((client) => client.end()))

    expect(new Set(pids).size).toBe(1)
  })

  it('refuses a parameter it does not know, as in production', async () => {
    const client = new pg.Client({ connectionString: bouncer.url, statement_timeout: 1_000 })

    await expect(client.connect()).rejects.toThrow('unsupported startup parameter')
  })

  it('freezes, thaws, dies and comes back on the same port', async () => {
    const client = await connected(bouncer.url)

    await bouncer.freeze()
    const late = client.query('select 1 as one')
    const waited = await Promise.race([late, new Promise((resolve) => setTimeout(resolve, 100, 'nothing yet'))])
    await bouncer.thaw()
    const { rows } = await late
    await bouncer.kill()
    await expect(client.query('select 2')).rejects.toThrow()
    await bouncer.restart()

    expect([waited, rows]).toEqual(['nothing yet', [{ one: 1 }]])
    expect(await runStatement(bouncer.url, 'select 3 as three')).toEqual([{ three: 3 }])
  })

  it('is gone after stop()', async () => {
    const family = familyOf(bouncer.pid)
    const isThere = signalAll(family, 0)

    await bouncer.stop()

    expect([isThere, signalAll(family, 0)]).toEqual([true, false])
  })
})

describe('a PostgreSQL and its standby of one test', () => {
  let pair: PrivatePair
  const shown = async () => (await runStatement(pair.standby.url, 'select array_agg(id order by id) as ids from marks'))[0]?.ids
  const write = (id: number, url = pair.primary.url) => runStatement(url, `insert into marks values (${id})`)

  beforeAll(async () => {
    pair = await startPrivatePair()
    await runStatement(pair.primary.url, 'create table marks (id int)')
  })
  afterAll(() => pair.stop())

  it('shows on the standby what the primary commits, unless replay is paused', async () => {
    await write(1)
    await pair.standby.caughtUp()
    const before = await shown()

    await pair.standby.pauseReplay()
    await write(2)
    const received = 'select pg_last_wal_receive_lsn() > pg_last_wal_replay_lsn() as is_behind'
    await eventually(async () => (await runStatement(pair.standby.url, received))[0]?.is_behind === true)
    const paused = await shown()
    await pair.standby.resumeReplay()
    await pair.standby.caughtUp()

    expect([before, paused, await shown()]).toEqual([[1], [1], [1, 2]])
    await expect(write(9, pair.standby.url)).rejects.toThrow('read-only')
  })

  it('follows again after it was killed, and after its wire was cut', async () => {
    await pair.standby.kill()
    await write(3)
    await pair.standby.restart()
    await pair.standby.caughtUp()
    await pair.wire.refuse()
    await write(4)
    await pair.wire.accept()
    await pair.standby.caughtUp()

    expect(await shown()).toEqual([1, 2, 3, 4])
  })

  it('takes writes once promoted, without what never reached it', async () => {
    await pair.wire.refuse()
    await write(5)
    await pair.primary.kill()

    await pair.standby.promote()
    await write(6, pair.standby.url)

    expect(await shown()).toEqual([1, 2, 3, 4, 6])
  })

  it('is gone after stop()', async () => {
    const folder = String((await runStatement(pair.standby.url, 'show data_directory'))[0]?.data_directory)
    const family = familyOf(pair.standby.pid)
    const isThere = [signalAll(family, 0), existsSync(folder)]

    await pair.stop()

    expect([isThere, signalAll(family, 0), existsSync(folder)]).toEqual([[true, true], false, false])
  })
})

it('a PostgreSQL of one test brings a backup back under the same address', async () => {
  const postgres = await startRestorablePostgres()
  await runStatement(postgres.url, 'create table marks as select 1 as id')
  const restore = await postgres.backUp()
  await runStatement(postgres.url, 'insert into marks values (2)')

  await restore()
  const restored = await runStatement(postgres.url, 'select id from marks')
  await runStatement(postgres.url, 'insert into marks values (3)')
  await postgres.restart()

  expect(restored).toEqual([{ id: 1 }])
  expect(await runStatement(postgres.url, 'select id from marks order by id')).toEqual([{ id: 1 }, { id: 3 }])
  await postgres.stop()
})

async function connected(url: string): Promise<pg.Client> {
  const client = new pg.Client(url)
  client.on('error', () => {})
  await client.connect()
  return client
}
