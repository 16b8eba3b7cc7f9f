import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ConfigManagerOptions } from '../../src/manager/options.js'
import { eventually } from '../support/eventually.js'
import { startPrivatePgBouncer } from '../support/private-pgbouncer.js'
import { startPrivatePostgres } from '../support/private-postgres.js'
import type { Server } from '../support/services/server.js'
import { testRedisUrl, uniqueNamespace } from '../support/test-redis.js'
import { refusal, useManagers } from './managers.js'
import { runSql } from './run-sql.js'

const POOL_SIZE = 3

let postgres: Server
let bouncer: Server
const start = useManagers()

beforeAll(async () => {
  postgres = await startPrivatePostgres()
  bouncer = await startPrivatePgBouncer({ port: postgres.port, poolMode: 'transaction', poolSize: POOL_SIZE })
  const manager = await start({ database: bouncer.url, autoMigrate: true })
  await manager.shutdown()
})
afterAll(async () => {
  await bouncer?.stop()
  await postgres?.stop()
})

function aManager(project: string, more: ConfigManagerOptions = {}) {
  return start({ database: bouncer.url, project, ...more })
}

describe('behind PgBouncer in transaction mode', () => {
  it('many managers write and read at once on few connections, without gaps and without anything old', async () => {
    const managers = await Promise.all(Array.from({ length: 6 }, () => aManager('crowd', { pollIntervalMs: 200 })))
    const [before] = await runSql(postgres.url, 'select revision from agent_config.config_state')
    const wrong: unknown[] = []

    await Promise.all(
      managers.map(async (manager, place) => {
        for (let round = 0; round < 10; round++) {
          const name = `p${(place + round) % 3}`
          const { revision } = await manager.prompts.createVersion({ name, template: `${place} ${round}`, labels: ['production'] })
          const other = managers[(place + 1) % managers.length]
          const read = await other?.getPrompt(name, { minRevision: revision })
          if (!read || read.revision < revision) wrong.push([name, revision, read?.revision])
        }
      }),
    )

    expect(wrong).toEqual([])
    const [counted] = await runSql(
      postgres.url,
      `select count(distinct revision) as revisions, max(revision) as last from agent_config.config_changelog where revision > ${before?.revision}`,
    )
    expect(Number(counted?.revisions)).toBe(60)
    expect(Number(counted?.last)).toBe(Number(before?.revision) + 60)
    const [backends] = await runSql(
      postgres.url,
      `select count(*) from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()`,
    )
    expect(Number(backends?.count)).toBeLessThanOrEqual(POOL_SIZE)
  })

  it('finds out that there is a pooler: nothing listens, no statement keeps a name, and the poll shows changes', async () => {
    const [writer, reader] = await Promise.all([aManager('alone'), aManager('alone')])
    await writer.prompts.create({ name: 'p', template: 'one', labels: ['production'] })
    await reader.catchUp()
    await reader.getPrompt('p')

    await writer.prompts.createVersion({ name: 'p', template: 'two', labels: ['production'] })
    await eventually(() => reader.peekPrompt('p')?.template === 'two')
    const health = await reader.health()
    const left = await onEverySession(async (client) => {
      const listening = await client.query<{ count: string }>('select count(*) from pg_listening_channels()')
      const prepared = await client.query<{ count: string }>('select count(*) from pg_prepared_statements')
      return [listening, prepared].map(({ rows }) => Number(rows[0]?.count))
    })

    expect(health).toMatchObject({ ok: true, subscriber: 'off' })
    expect(left).toEqual(Array.from({ length: POOL_SIZE }, () => [0, 0]))
  })

  it('hears of changes over Redis at once', async () => {
    const shared = { redis: testRedisUrl(), namespace: uniqueNamespace(), pollIntervalMs: 600_000 }
    const [writer, reader] = await Promise.all([aManager('redis', shared), aManager('redis', shared)])
    await writer.prompts.create({ name: 'p', template: 'one', labels: ['production'] })
    await reader.getPrompt('p')

    const { receipt } = await writer.prompts.createVersion({ name: 'p', template: 'two', labels: ['production'], waitForWorkers: 5_000 })

    expect(receipt).toMatchObject({ workers: 2, applied: 2 })
    expect((await reader.getPrompt('p'))?.template).toBe('two')
  })

  it('gives up a write that waits for the lock too long, and leaves the borrowed connection as it was', async () => {
    const manager = await aManager('locked', { timeouts: { databaseMs: 300 } })
    const holder = new pg.Client({ connectionString: postgres.url })
    await holder.connect()
    await holder.query('begin; select * from agent_config.config_state for update')

    const refused = await refusal(manager.prompts.create({ name: 'p', template: 'one' }))
    await holder.query('rollback')
    await holder.end()
    const timeouts = await onEverySession(async (client) => (await client.query('show lock_timeout')).rows[0])

    expect(refused).toMatchObject({ code: 'E_STORE_UNAVAILABLE' })
    expect(timeouts).toEqual(Array.from({ length: POOL_SIZE }, () => ({ lock_timeout: '0' })))
    expect((await manager.prompts.create({ name: 'p', template: 'one' })).version).toBe(1)
  })

  it('goes on when the pooler was restarted', async () => {
    const manager = await aManager('restarted', { pollIntervalMs: 200 })
    await manager.prompts.create({ name: 'p', template: 'one', labels: ['production'] })

    await bouncer.restart()
    const held = await manager.getPrompt('p')
    await eventually(async () => (await manager.health()).ok)
    const written = await manager.prompts.createVersion({ name: 'p', template: 'two', labels: ['production'] })

    expect(held?.template).toBe('one')
    expect(written.version).toBe(2)
  })
})

/** Asks each connection of the pooler, all of them borrowed at the same time. */
async function onEverySession<Value>(ask: (client: pg.Client) => Promise<Value>): Promise<Value[]> {
  const clients = Array.from({ length: POOL_SIZE }, () => new pg.Client({ connectionString: bouncer.url }))
  try {
    for (const client of clients) {
      await client.connect()
      await client.query('begin')
    }
    return await Promise.all(clients.map(ask))
  } finally {
    for (const client of clients) await client.end()
  }
}
