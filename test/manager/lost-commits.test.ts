import { setTimeout } from 'node:timers/promises'
import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { ConfigManagerOptions } from '../../src/manager/options.js'
import { migrateToLatest } from '../../src/migrations.js'
import { type CommitFault, type CommitProxy, startCommitProxy } from '../store/commit-proxy.js'
import { eventually } from '../support/eventually.js'
import { startPrivatePostgres } from '../support/private-postgres.js'
import type { Server } from '../support/services/server.js'
import { testRedisUrl, uniqueNamespace } from '../support/test-redis.js'
import { NO_POLL, useManagers } from './managers.js'
import { runSql } from './run-sql.js'

type Manager = Awaited<ReturnType<ReturnType<typeof useManagers>>>
type Outcome = { readonly revision?: number; readonly outcome?: string; readonly code?: string; readonly receipt?: unknown }

let postgres: Server
let wire: CommitProxy
const start = useManagers()

beforeAll(async () => {
  postgres = await startPrivatePostgres({ fsync: true })
  await migrateToLatest(postgres.url)
})
afterEach(() => wire.close())
afterAll(() => postgres.stop())

/** A manager behind a wire that breaks at COMMIT, with a prompt of two versions and a worker that hears of changes elsewhere. */
async function aWriter(project: string, more: ConfigManagerOptions = {}) {
  wire = await startCommitProxy(postgres.url)
  const told: string[] = []
  const hooks = {
    beforeCommit: ({ changeType }: { changeType: string }) => void told.push(`before ${changeType}`),
    afterCommit: ({ changeType }: { changeType: string }) => void told.push(`after ${changeType}`),
  }
  const shared = { redis: testRedisUrl(), namespace: uniqueNamespace(), project, listen: false as const, ...NO_POLL }
  const timeouts = { databaseMs: 600 }
  const [writer, other] = await Promise.all([
    start({ ...shared, database: wire.url, hooks, timeouts, ...more }),
    start({ ...shared, database: postgres.url }),
  ])
  await writer.prompts.create({ name: 'p', template: 'one', labels: ['production'] })
  await writer.prompts.createVersion({ name: 'p', template: 'two', labels: ['staging'] })
  told.length = 0
  return { writer, other, told }
}

/** What the database says that a project's writes did after the first two. */
async function loggedIn(project: string) {
  const rows = await runSql(
    postgres.url,
    `select revision::integer, change_type from agent_config.config_changelog where project = '${project}' order by id offset 2`,
  )
  return rows as { revision: number; change_type: string }[]
}

const ARMS = [
  { version: 1, weight: 50 },
  { version: 2, weight: 50 },
]
const WRITES: Record<string, { readonly changes: readonly string[]; readonly write: (manager: Manager) => Promise<Outcome> }> = {
  'a promotion': { changes: ['promote'], write: ({ prompts }) => prompts.promote({ name: 'p', version: 2, waitForWorkers: 5_000 }) },
  'a context rule': {
    changes: ['create'],
    write: ({ contextRules }) => contextRules.create({ context: 'c', important: 'x', waitForWorkers: 5_000 }),
  },
  'a rollout': {
    changes: ['rollout_start'],
    write: ({ rollouts }) => rollouts.start({ kind: 'prompt', name: 'p', arms: ARMS, waitForWorkers: 5_000 }),
  },
  'a transaction': {
    changes: ['create', 'promote'],
    write: (manager) =>
      manager.transaction(
        async ({ models, prompts }) => {
          await models.create({ name: 'm', provider: 'p', model: 'm' })
          return prompts.promote({ name: 'p', version: 2 })
        },
        { waitForWorkers: 5_000 },
      ),
  },
}
const FAULTS: Record<CommitFault, 'committed' | 'none' | 'unknown'> = {
  swallow: 'none',
  'lose-answer': 'committed',
  'hang-up': 'committed',
  pooler: 'committed',
  late: 'committed',
  'swallow-and-leave': 'unknown',
  'lose-answer-and-leave': 'unknown',
}

/** What is the same for every kind of write is shown once. */
const FEW: readonly string[] = ['swallow', 'lose-answer', 'swallow-and-leave']

describe('a connection that is lost during COMMIT', () => {
  for (const [name, { changes, write }] of Object.entries(WRITES)) {
    it(`of ${name} ends as what became of it, with the hooks that belong to it, and the changelog agrees`, async () => {
      for (const [fault, expected] of Object.entries(FAULTS) as [CommitFault, (typeof FAULTS)[CommitFault]][]) {
        if (!changes.includes('promote') && !FEW.includes(fault)) continue
        const project = `${name} ${fault}`.replaceAll(' ', '-')
        const { writer, other, told } = await aWriter(project)

        wire.breakNext(fault)
        const ended: Outcome = await write(writer).catch((error: Outcome) => error)
        const logged = await loggedIn(project)

        const isWritten = expected === 'committed' || fault === 'lose-answer-and-leave'
        expect(
          { fault, logged: logged.map((row) => row.change_type), revisions: new Set(logged.map((row) => row.revision)).size },
          fault,
        ).toEqual({ fault, logged: isWritten ? changes : [], revisions: isWritten ? 1 : 0 })
        if (expected === 'committed') expect(ended.revision, fault).toBe(logged[0]?.revision)
        else expect(ended, fault).toMatchObject({ code: 'E_STORE_UNAVAILABLE', outcome: expected })
        if (expected === 'committed' && name !== 'a transaction') expect(ended.receipt, fault).toMatchObject({ workers: 2, applied: 2 })
        const before = changes.map((change) => `before ${change}`)
        const after = changes.map((change) => `after ${change}`)
        await eventually(() => expect(told).toEqual(expected === 'committed' ? [...before, ...after] : before))
        await other.catchUp()
        expect((await other.getPrompt('p', { version: 2 }))?.labels, fault).toEqual(
          isWritten && changes.includes('promote') ? ['production', 'staging'] : ['staging'],
        )
        await wire.close()
        await Promise.all([writer.shutdown(), other.shutdown()])
      }
    })
  }

  it.each(['lose-answer', 'hang-up', 'pooler'] as const)("of a host's own Kysely ends as what became of it, too (%s)", async (fault) => {
    wire = await startCommitProxy(postgres.url)
    const pool = new pg.Pool({ connectionString: wire.url })
    // Without a listener of the host's, pg ends the process when a connection that is lent out breaks.
    pool.on('connect', (client) => void client.on('error', () => {}))
    pool.on('error', () => {})
    const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) })
    const manager = await start({ database: db, redis: false, project: `kysely-${fault}`, ...NO_POLL })
    await manager.prompts.create({ name: 'before', template: 'x' })

    wire.breakNext(fault)
    const written = await manager.prompts.create({ name: 'p', template: 'one' })
    await wire.close()
    await manager.shutdown()
    await db.destroy()

    expect(written).toMatchObject({ version: 1, revision: expect.any(Number) })
  })

  it('because PostgreSQL is killed at that moment, ends as what became of it once it is back', async () => {
    let kill = async (): Promise<void> => {}
    const hooks = { beforeCommit: () => void setImmediate(() => void kill()) }
    const { writer } = await aWriter('killed', { hooks, timeouts: { databaseMs: 8_000 } })
    const outcomes: unknown[] = []

    for (let round = 0; round < 2; round++) {
      const killed = new Promise<void>((resolve) => {
        // A little later in each round: before, with or after the COMMIT.
        kill = () => setTimeout(round).then(() => postgres.kill().then(resolve))
      })
      const writing = writer.prompts.create({ name: `k${round}`, template: 'x' }).then(
        ({ revision }) => ({ name: `k${round}`, revision }),
        ({ outcome }) => outcome,
      )
      await killed
      await postgres.restart()
      outcomes.push(await writing)
    }
    const rows = await runSql(
      postgres.url,
      `select config_name as name, revision::integer from agent_config.config_changelog where project = 'killed' and config_name like 'k%' order by id`,
    )

    expect(outcomes.filter((outcome) => typeof outcome === 'object')).toEqual(rows)
    expect(outcomes.filter((outcome) => typeof outcome !== 'object' && outcome !== 'none')).toEqual([])
  })
})
