import pg from 'pg'
import { expect, it } from 'vitest'
import { eventually } from '../support/eventually.js'
import { startTcpProxy } from '../support/tcp-proxy.js'
import { aPrompt, HALVES, SUBJECTS, useRollouts, versionsOf } from './fixture.js'

const fixture = useRollouts()
const GREETING = { kind: 'prompt', name: 'greeting' } as const

function assignments() {
  return fixture.sql<{ subject: string; arm: number }>(
    `select subject, arm from agent_config.config_assignments join agent_config.config_rollouts on id = rollout_id
      where project = $1 order by split_part(subject, '-', 2)::int`,
    [fixture.project],
  )
}

it('new weights move nobody who was given an arm, in any process, and only others', async () => {
  const manager = fixture.manager()
  await aPrompt(manager)
  const { id } = await manager.rollouts.start({ ...GREETING, arms: HALVES, sticky: true })
  const [known, others] = [SUBJECTS.slice(0, 100), SUBJECTS.slice(100)]
  const before = await versionsOf(manager, known)

  await manager.rollouts.ramp(id, { weights: [1, 0] })
  const after = await versionsOf(manager, known)
  const elsewhere = await versionsOf(fixture.manager(), known)
  const late = await versionsOf(manager, others)

  expect(new Set(before)).toEqual(new Set([2, 3]))
  expect(after).toEqual(before)
  expect(elsewhere).toEqual(before)
  expect(new Set(late)).toEqual(new Set([2]))
  expect(await assignments()).toEqual(SUBJECTS.map((subject, index) => ({ subject, arm: index < 100 ? before[index]! - 2 : 0 })))
})

it('remembers who was covered, forced and outside as nobody: only arms are stored', async () => {
  const manager = fixture.manager()
  await aPrompt(manager)
  await manager.rollouts.start({ ...GREETING, arms: HALVES, sticky: true, coverage: 30, forced: { 'user-1': 3 }, when: { plan: 'pro' } })
  for (const subject of SUBJECTS) await manager.getPrompt('greeting', { subject, attributes: { plan: 'pro' } })
  await manager.getPrompt('greeting')
  await manager.getPrompt('greeting', { subject: 'free', attributes: { plan: 'free' } })

  const stored = await assignments()

  expect(stored.length).toBeGreaterThan(30)
  expect(stored.length).toBeLessThan(100)
  expect(stored.map(({ subject }) => subject)).not.toContain('user-1')
})

it('asks the database at a subject’s first visit only', async () => {
  const manager = fixture.manager()
  await aPrompt(manager)
  await manager.rollouts.start({ ...GREETING, arms: HALVES, sticky: true })
  const unknown = manager.peekPrompt('greeting', { subject: 'user-7' })
  const first = await manager.getPrompt('greeting', { subject: 'user-7' })
  await fixture.sql('delete from agent_config.config_assignments')
  const again = await manager.getPrompt('greeting', { subject: 'user-7' })

  expect(unknown).toBeUndefined()
  expect(again?.selection).toEqual(first?.selection)
  expect(manager.peekPrompt('greeting', { subject: 'user-7' })).toBe(again)
  expect(await assignments()).toEqual([])
})

it('a pause that arrives while the database is asked for an arm is not overtaken by that arm', async () => {
  const [admin, manager] = [fixture.manager(), fixture.manager()]
  await aPrompt(admin)
  const { id } = await admin.rollouts.start({ ...GREETING, arms: HALVES, sticky: true })
  const exposures: unknown[] = []
  manager.on('exposure', (exposure) => exposures.push(exposure))
  await manager.getPrompt('greeting')
  const blocker = new pg.Client(fixture.url)
  await blocker.connect()
  // Whoever wants to store the same arm has to wait for this transaction.
  await blocker.query('begin')
  await blocker.query(`insert into agent_config.config_assignments (rollout_id, subject, arm) values ($1, 'user-7', 1)`, [id])
  const reading = manager.getPrompt('greeting', { subject: 'user-7' })
  await eventually(async () => (await fixture.sql('select 1 from pg_locks where not granted')).length > 0)

  const { revision } = await admin.rollouts.pause(id)
  await eventually(() => (manager.stats().revision ?? 0) >= revision)
  await blocker.query('commit')
  await blocker.end()

  expect((await reading)?.selection).toMatchObject({ version: 1, reason: 'paused' })
  expect(exposures).toEqual([])
})

it('with PostgreSQL away answers by hash and stores nothing, and remembers again when it is back', async () => {
  const target = new URL(fixture.url)
  const proxy = await startTcpProxy({ port: Number(target.port || 5432), host: target.hostname })
  target.hostname = '127.0.0.1'
  target.port = `${proxy.port}`
  const admin = fixture.manager()
  await aPrompt(admin)
  const { id } = await admin.rollouts.start({ ...GREETING, arms: HALVES, sticky: true })
  const manager = fixture.manager({ database: target.href, timeouts: { databaseMs: 300, readMs: 600 }, pollIntervalMs: 300 })
  const [known, others] = [SUBJECTS.slice(0, 20), SUBJECTS.slice(20, 40)]
  await fixture.sql('insert into agent_config.config_assignments (rollout_id, subject, arm) values ($1, $2, 1), ($1, $3, 1)', [
    id,
    known[0],
    others[0],
  ])
  const before = await versionsOf(manager, known)
  // On a busy machine an assignment may be stored after its reader has gone on without it.
  await expect.poll(async () => (await assignments()).length).toBe(known.length + 1)
  const stored = await assignments()

  await proxy.refuse()
  const knownAway = await versionsOf(manager, known)
  const away = await versionsOf(manager, others)
  const storedAway = await assignments()
  await proxy.accept()
  const byHash = await versionsOf(await unsticky(admin, id), others)
  await expect.poll(() => versionsOf(manager, [others[0]!])).toEqual([3])
  await proxy.close()

  expect(before[0]).toBe(3)
  expect(knownAway).toEqual(before)
  expect(away).toEqual(byHash)
  expect(storedAway).toEqual(stored)
})

/** A worker that sees the same rollout without the memory. */
async function unsticky(admin: ReturnType<typeof fixture.manager>, id: string) {
  const plain = fixture.manager({ listen: false, pollIntervalMs: 600_000 })
  await fixture.sql('update agent_config.config_rollouts set sticky = false where id = $1', [id])
  await plain.getPrompt('greeting')
  await fixture.sql('update agent_config.config_rollouts set sticky = true where id = $1', [id])
  await admin.catchUp()
  return plain
}
