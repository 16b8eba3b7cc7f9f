import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { eventually } from '../support/eventually.js'
import { spawnWorker, type Worker } from '../support/spawn-worker.js'
import { aPrompt, useRollouts } from './fixture.js'
import type { GuardedHandlers, GuardedSettings } from './guarded-process.js'

// Three machines: one whose clock is right, one a day ahead, one a day behind.
const DAY_MS = 86_400_000
const SKEWS = [0, DAY_MS, -DAY_MS] as const
const START = {
  kind: 'prompt',
  name: 'triage',
  arms: [
    { version: 1, weight: 1 },
    { version: 2, weight: 1 },
  ],
} as const

const fixture = useRollouts()
const workers: Worker<GuardedHandlers>[] = []

afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.kill()))
})

async function machines(): Promise<readonly Worker<GuardedHandlers>[]> {
  const settings = (skewMs: number): GuardedSettings => ({
    database: fixture.url,
    project: fixture.project,
    worker: `w${skewMs}`,
    prompts: { triage: [0, 0.02, 0.5] },
    everyMs: 60,
    skewMs,
  })
  const file = new URL('./guarded-process.ts', import.meta.url)
  workers.push(
    ...(await Promise.all(SKEWS.map((skewMs) => spawnWorker<GuardedHandlers>(file, { args: [JSON.stringify(settings(skewMs))] })))),
  )
  // They are as wrong as they are meant to be.
  for (const [place, skewMs] of SKEWS.entries())
    expect(Math.abs((await workers[place]!.ask('now')) - Date.now() - skewMs)).toBeLessThan(60_000)
  return workers
}

describe('workers whose clocks are a day apart', () => {
  it('count what happened after the exposure, and not what happened before, whoever of them saw which', async () => {
    const manager = fixture.manager()
    await aPrompt(manager, 'triage', 2)
    const { id } = await manager.rollouts.start({ ...START, guard: { metrics: ['error'], settleMs: 0, alpha: 0.000_001 } })
    const fleet = await machines()
    const next = (place: number) => fleet[(place + 1) % fleet.length]!
    const people = fleet.map((_, place) =>
      Array.from({ length: 20 }, (_, person) => ({ late: `late-${place}-${person}`, early: `early-${place}-${person}` })),
    )

    // What became of the early ones is recorded by the next machine before this one has shown them anything.
    for (const [place, group] of people.entries()) await Promise.all(group.map(({ early }) => next(place).ask('record', early)))
    await Promise.all(fleet.map((worker) => worker.ask('flush')))
    await sleep(300)
    const versions = await Promise.all(
      people.flatMap((group, place) =>
        group.flatMap(({ late, early }) => [late, early].map((subject) => fleet[place]!.ask('see', 'triage', subject))),
      ),
    )
    await sleep(300)
    for (const [place, group] of people.entries()) await Promise.all(group.map(({ late }) => next(place).ask('record', late)))
    await Promise.all(fleet.map((worker) => worker.ask('flush')))
    // Outcomes wait a while for exposures that another machine is about to write.
    const badSubjects = () =>
      fixture.sql<{ subject: string }>('select subject from agent_config.config_outcomes where rollout_id = $1 and bad', [id])
    await eventually(async () => (await badSubjects()).length >= 60)
    await sleep(2_500)
    await Promise.all(fleet.map((worker) => worker.ask('flush')))

    expect((await badSubjects()).filter(({ subject }) => !subject.startsWith('late-'))).toEqual([])
    const { arms, guard } = await manager.rollouts.report(id)
    expect(arms.map(({ subjects }) => subjects)).toEqual([1, 2].map((version) => versions.filter((one) => one === version).length))
    expect(arms.reduce((sum, { metrics }) => sum + (metrics.error?.bad ?? 0), 0)).toBe(60)
    expect(guard).toMatchObject([{ metric: 'error', verdict: expect.not.stringMatching('worse') }])
  })

  it('take a candidate back that fails, once, with evidence that the tables hold', async () => {
    const manager = fixture.manager()
    await aPrompt(manager, 'triage', 2)
    const { id } = await manager.rollouts.start({ ...START, guard: { metrics: ['error'], settleMs: 1_000 } })
    const fleet = await machines()

    await Promise.all(fleet.map((worker) => worker.ask('serve')))
    await eventually(async () => (await manager.rollouts.find(id))?.status === 'paused', { timeoutMs: 30_000, everyMs: 100 })
    // Who judges next finds nothing to do.
    await sleep(2_500)
    await Promise.all(fleet.map((worker) => worker.ask('stop')))

    const [found] = await fixture.sql<{ pauses: number; counted: number[]; held: number[]; strays: number }>(
      `select (select count(*)::integer from agent_config.config_changelog where change_type = 'rollout_pause' and new_data -> 'rollout' ->> 'id' = $1) as pauses,
        array[(verdict.counts -> 'bad' -> 'error' ->> 0)::integer, (verdict.counts -> 'bad' -> 'error' ->> 1)::integer] as counted,
        (select array[count(*) filter (where arm = 0)::integer, count(*) filter (where arm = 1)::integer]
          from agent_config.config_outcomes as outcome join agent_config.config_exposures as exposure using (rollout_id, subject)
          where rollout_id = $1 and bad and exposed_at <= verdict.decided_at - interval '1 second') as held,
        (select count(*)::integer from agent_config.config_exposures
          where rollout_id = $1 and abs(extract(epoch from clock_timestamp() - exposed_at)) > 120) as strays
      from agent_config.config_verdicts as verdict where rollout_id = $1`,
      [id],
    )
    expect(found).toMatchObject({ pauses: 1, strays: 0 })
    for (const arm of [0, 1]) expect(found!.counted[arm]).toBeLessThanOrEqual(found!.held[arm] as number)
    expect(found!.counted[1]).toBeGreaterThan(found!.counted[0] as number)
  })
})
