import { describe, expect, it } from 'vitest'
import type { ConfigurationManager, GuardEvent } from '../../src/index.js'
import { KindRegistry } from '../../src/kinds/registry.js'
import { Judge } from '../../src/manager/judge.js'
import { openDatabase } from '../../src/store/postgres/open-database.js'
import { readGuarded } from '../../src/store/rollouts/guard-counts.js'
import { guardPause } from '../../src/store/rollouts/guard-steps.js'
import type { ConfigStore } from '../../src/store/write/config-store.js'
import { recorderOf } from '../../src/store/write/open-recorder.js'
import { eventually } from '../support/eventually.js'
import { startTcpProxy } from '../support/tcp-proxy.js'
import { aPrompt, useRollouts } from './fixture.js'

const fixture = useRollouts()
const ARMS = [
  { version: 1, weight: 1 },
  { version: 2, weight: 1 },
] as const
const START = { kind: 'prompt', name: 'greeting', arms: ARMS, guard: { metrics: ['error'], settleMs: 0 } } as const

async function started(manager: ConfigurationManager): Promise<string> {
  await aPrompt(manager)
  return (await manager.rollouts.start(START)).id
}

/** People who saw an arm each, by turns, as the tables hold them; those of the candidate failed if `isBad`. Nobody wakes a judge by it. */
async function people(rolloutId: string, count: number, isBad: boolean): Promise<void> {
  await fixture.sql(
    `insert into agent_config.config_exposures (rollout_id, subject, arm, version)
      select $1, 'user-' || place, place % 2, 1 + place % 2 from generate_series(0, $2::integer - 1) as place`,
    [rolloutId, count],
  )
  if (!isBad) return
  await fixture.sql(
    `insert into agent_config.config_outcomes (rollout_id, subject, metric, bad)
      select rollout_id, subject, 'error', true from agent_config.config_exposures where rollout_id = $1 and arm = 1`,
    [rolloutId],
  )
}

const conclusions = (id: string) =>
  fixture.sql<{ pauses: number; verdicts: number }>(
    `select (select count(*)::integer from agent_config.config_changelog where change_type = 'rollout_pause' and new_data -> 'rollout' ->> 'id' = $1) as pauses,
      (select count(*)::integer from agent_config.config_verdicts where rollout_id = $1) as verdicts`,
    [id],
  )

describe('judges', () => {
  it('that look at once, and again, pause once and say so once', async () => {
    const id = await started(fixture.manager())
    await people(id, 80, true)
    const open = Array.from({ length: 4 }, () => openDatabase(fixture.url, 10_000))
    const events: GuardEvent[] = []
    const judges = open.map(
      ({ db }) =>
        new Judge({
          db,
          store: recorderOf(fixture.url, {}) as unknown as ConfigStore,
          read: (query) => query(),
          emit: (event) => void events.push(event),
          onError: (error) => {
            throw error
          },
        }),
    )

    for (let round = 0; round < 5; round++) await Promise.all(judges.map((judge) => judge.judge()))
    await Promise.all(open.map((one) => one.close()))

    expect(events.filter(({ rolloutId }) => rolloutId === id)).toMatchObject([{ what: 'paused', findings: [{ verdict: 'worse' }] }])
    expect(await conclusions(id)).toEqual([{ pauses: 1, verdicts: 1 }])
  })

  it('that found the same at the same time, past the lock, write it once', async () => {
    const id = await started(fixture.manager())
    await people(id, 80, true)
    const { db, close } = openDatabase(fixture.url, 10_000)
    const one = (await readGuarded(db, 'agent_config', new KindRegistry())).find(({ rollout }) => rollout.id === id)
    await close()
    const worse = [{ metric: 'error', evidence: 100, threshold: 20, verdict: 'worse', logEvidence: 4.6, logThreshold: 3 }] as const
    const pause = () => recorderOf(fixture.url, {}).record({ changedBy: 'guard' }, guardPause(one!.rollout, worse, one!.counts))

    const written = await Promise.all(Array.from({ length: 6 }, pause))

    expect(written.filter(({ value }) => value)).toHaveLength(1)
    expect(await conclusions(id)).toEqual([{ pauses: 1, verdicts: 1 }])
  })

  it('say nothing of a rollout that is concluded while they judge it', async () => {
    const manager = fixture.manager()
    const events: GuardEvent[] = []
    for (let round = 0; round < 5; round++) {
      await manager.prompts.create({ name: `greeting-${round}`, template: 'v1', labels: ['production'] })
      await manager.prompts.createVersion({ name: `greeting-${round}`, template: 'v2', labels: [] })
      const { id } = await manager.rollouts.start({ ...START, name: `greeting-${round}` })
      await people(id, 80, true)
      const { db, close } = openDatabase(fixture.url, 10_000)
      const judge = new Judge({
        db,
        store: recorderOf(fixture.url, {}) as unknown as ConfigStore,
        read: (query) => query(),
        emit: (event) => void events.push(event),
        onError: () => {},
      })

      await Promise.all([judge.judge(), manager.rollouts.conclude(id)])
      await close()

      const [written] = await conclusions(id)
      const told = events.filter(({ rolloutId }) => rolloutId === id)
      expect((await manager.rollouts.find(id))?.status).toBe('concluded')
      // Whoever came first: a pause with its evidence and its event, or none of them.
      expect([written?.verdicts, told.length]).toEqual([written?.pauses, written?.pauses])
      await judge.judge().catch(() => {})
      expect(await conclusions(id)).toEqual([written])
    }
  })
})

describe('outcomes that come late', () => {
  it('make a subject bad that had done well, count once after the pause, and not at all after the end', async () => {
    const manager = fixture.manager()
    const id = await started(manager)
    await people(id, 80, false)
    const candidates = Array.from({ length: 40 }, (_, place) => `user-${2 * place + 1}`)
    const tell = async (metric: string, bad: boolean) => {
      for (const subject of candidates) manager.outcomes.record({ subject, metric, bad })
      await manager.outcomes.flush()
    }
    const badOf = async (metric: string) => (await manager.rollouts.report(id)).arms[1]?.metrics[metric]?.bad

    await tell('error', false)
    expect(await badOf('error')).toBe(0)
    await tell('error', true)
    await eventually(async () => (await manager.rollouts.find(id))?.status === 'paused')
    await tell('error', true)
    await tell('slow', true)
    expect([await badOf('error'), await badOf('slow')]).toEqual([40, 40])
    await manager.rollouts.conclude(id)
    await tell('stuck', true)

    expect(await badOf('stuck')).toBeUndefined()
    expect(await conclusions(id)).toEqual([{ pauses: 1, verdicts: 1 }])
  })
})

describe('while PostgreSQL is away', () => {
  it('ten thousand outcomes wait, the newest, and it is said how many did not', async () => {
    const target = new URL(fixture.url)
    const proxy = await startTcpProxy({ port: Number(target.port || 5432), host: target.hostname })
    target.hostname = '127.0.0.1'
    target.port = `${proxy.port}`
    const manager = fixture.manager({ database: target.href, timeouts: { databaseMs: 5_000, readMs: 6_000 }, pollIntervalMs: 300 })
    const id = await started(manager)
    await people(id, 12_500, false)
    await manager.outcomes.flush()
    const errors: string[] = []
    manager.on('error', ({ message }) => void errors.push(message))
    await proxy.refuse()

    for (let person = 0; person < 12_500; person++) manager.outcomes.record({ subject: `user-${person}`, metric: 'late', value: person })
    await manager.outcomes.flush()
    for (let round = 0; round < 30_000; round++) manager.outcomes.record({ subject: 'nobody', metric: 'late', value: round })
    for (let person = 0; person < 12_500; person++) manager.outcomes.record({ subject: `user-${person}`, metric: 'late', value: person })
    await proxy.accept()
    const stored = () =>
      fixture.sql<{ count: number; oldest: number }>(
        'select count(*)::integer as count, min(value)::integer as oldest from agent_config.config_outcomes where rollout_id = $1',
        [id],
      )
    await eventually(async () => (await stored())[0]?.count === 10_000, { timeoutMs: 30_000, everyMs: 200 })
    await manager.shutdown()
    await proxy.close()

    expect(await stored()).toEqual([{ count: 10_000, oldest: 2_500 }])
    expect(errors.some((message) => message.startsWith('Outcomes could not be written'))).toBe(true)
    expect(errors.some((message) => /^\d+ outcomes were dropped: more than 10000 waited/.test(message))).toBe(true)
  })
})
