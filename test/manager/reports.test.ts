import { setImmediate } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { ConfigManagerOptions } from '../../src/manager/options.js'
import { migrateToLatest } from '../../src/migrations.js'
import { BUSY_MS } from '../support/busy-machine.js'
import { eventually } from '../support/eventually.js'
import { startPrivatePostgres } from '../support/private-postgres.js'
import { startPrivateRedis } from '../support/private-redis.js'
import type { Server } from '../support/services/server.js'
import { uniqueNamespace } from '../support/test-redis.js'
import { NO_POLL, useManagers } from './managers.js'
import { runSql } from './run-sql.js'

const READ_MS = 900

let postgres: Server
let redis: Server
const start = useManagers()

beforeAll(async () => {
  ;[postgres, redis] = await Promise.all([startPrivatePostgres(), startPrivateRedis()])
  await migrateToLatest(postgres.url)
})
afterEach(() => Promise.all([postgres.thaw(), redis.thaw()]))
afterAll(() => Promise.all([postgres.stop(), redis.stop()]))

function aManager(project: string, more: ConfigManagerOptions = {}) {
  // A statement may take longer than a read: the question itself has to be bounded.
  const timeouts = { redisMs: 200, databaseMs: 3_000, readMs: READ_MS }
  return start({ database: postgres.url, redis: redis.url, namespace: uniqueNamespace(), project, timeouts, ...NO_POLL, ...more })
}

describe('health()', () => {
  const FROZEN = {
    PostgreSQL: { freeze: () => postgres.freeze(), says: { ok: false, database: 'down', redis: 'up' } },
    Redis: { freeze: () => redis.freeze(), says: { ok: true, database: 'up', redis: 'down' } },
    both: { freeze: () => Promise.all([postgres.freeze(), redis.freeze()]), says: { ok: false, database: 'down', redis: 'down' } },
  } as const
  for (const [name, { freeze, says }] of Object.entries(FROZEN)) {
    it(`tells what is frozen at the first question, within the time of a read: ${name}`, async () => {
      const manager = await aManager('frozen')
      await freeze()

      const began = performance.now()
      const [one, other] = await Promise.all([manager.health(), manager.health()])
      const ms = performance.now() - began
      await Promise.all([postgres.thaw(), redis.thaw()])

      expect([one, other]).toEqual([expect.objectContaining(says), expect.objectContaining(says)])
      expect(ms).toBeLessThan(READ_MS + BUSY_MS)
      await eventually(async () => {
        const { ok, redis: state } = await manager.health()
        return ok && state === 'up'
      })
    })
  }

  it('of a manager that was shut down is that of one that has nothing', async () => {
    const [both, alone] = await Promise.all([aManager('closed'), aManager('closed', { redis: false, listen: false })])

    await Promise.all([both.shutdown(), alone.shutdown()])

    expect(await both.health()).toMatchObject({ ok: false, database: 'down', redis: 'down', subscriber: 'down' })
    expect(await alone.health()).toMatchObject({ ok: false, database: 'down', redis: 'off', subscriber: 'off' })
  })
})

describe('verify()', () => {
  it('finds what was changed behind the triggers, whatever kind it is', async () => {
    const manager = await aManager('behind', { redis: false })
    await manager.prompts.create({ name: 'p', template: 'x', labels: ['production'] })
    await manager.models.create({ name: 'm', provider: 'p', model: 'x', labels: ['production'] })
    const { revision } = await manager.contextRules.create({ context: 'c', important: 'x' })
    await Promise.all([manager.getPrompt('p'), manager.getPrompt('absent'), manager.getModelConfig('m'), manager.getContextRules()])
    const before = await manager.verify()

    await runSql(
      postgres.url,
      `begin; set local session_replication_role = replica;
       update agent_config.prompts set template = 'behind' where project = 'behind';
       update agent_config.context_rules set important = 'behind' where project = 'behind'; commit`,
    )
    const { mismatches } = await manager.verify()

    expect(before).toEqual({ checked: 4, mismatches: [] })
    expect(mismatches).toHaveLength(2)
    expect(mismatches).toContainEqual({ scope: 'prompt:behind:p', tier: 'memory', cached: revision - 2, actual: revision - 2 })
    expect(mismatches).toContainEqual({ scope: 'context_rules:behind', tier: 'memory', cached: revision, actual: revision })
  })

  it('takes no change that is made meanwhile for a mistake, and counts as no read', async () => {
    const shared = { namespace: uniqueNamespace() }
    const [manager, writer] = await Promise.all([aManager('meanwhile', shared), aManager('meanwhile', shared)])
    const names = Array.from({ length: 150 }, (_, place) => `p${place}`)
    await writer.transaction(async ({ prompts }) => {
      for (const name of names) await prompts.create({ name, template: '0', labels: ['production'] })
    })
    await Promise.all(names.map((name) => manager.getPrompt(name)))
    let isOver = false
    const writing = (async () => {
      for (let count = 0; !isOver; count++, await setImmediate())
        await writer.prompts.createVersion({ name: names[count % 150] as string, template: `${count}`, labels: ['production'] })
    })()

    const reports = []
    for (let count = 0; count < 10; count++) reports.push(await manager.verify())
    isOver = true
    await writing
    await manager.catchUp()
    await Promise.all(names.map((name) => manager.getPrompt(name)))
    const before = manager.stats()
    await manager.verify()
    const after = manager.stats()

    expect(reports.flatMap(({ mismatches }) => mismatches)).toEqual([])
    expect(reports.every(({ checked }) => checked > 100)).toBe(true)
    expect([after.memory.hits, after.redis, after.database.loads]).toEqual([before.memory.hits, before.redis, before.database.loads])
  })

  it('rejects in time while PostgreSQL is frozen, and readers go on', async () => {
    const manager = await aManager('frozen-verify', { timeouts: { databaseMs: 400, readMs: READ_MS } })
    await manager.prompts.create({ name: 'p', template: 'x', labels: ['production'] })
    await manager.getPrompt('p')
    await postgres.freeze()

    const verified = manager.verify().catch((error: unknown) => error)
    const read = await manager.getPrompt('p')

    expect(read).toMatchObject({ template: 'x', source: 'memory' })
    expect(await verified).toMatchObject({ code: 'E_STORE_UNAVAILABLE' })
  })
})
