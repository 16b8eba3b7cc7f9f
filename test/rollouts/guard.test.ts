import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { describe, expect, it } from 'vitest'
import { type ConfigurationManager, RolloutRepository } from '../../src/index.js'
import { guardPause } from '../../src/store/rollouts/guard-steps.js'
import { recorderOf } from '../../src/store/write/open-recorder.js'
import { eventually } from '../support/eventually.js'
import { aPrompt, refusal, useRollouts } from './fixture.js'

const fixture = useRollouts()
const ARMS = [
  { version: 1, weight: 1 },
  { version: 2, weight: 1 },
] as const
/** Outcomes of these tests come at once, so no arm answers later than the other. */
const GUARD = { metrics: ['error'], settleMs: 0 } as const
const START = { kind: 'prompt', name: 'greeting', arms: ARMS, guard: GUARD } as const

/** Reads for subjects, and says that those of the candidate failed, and every so many of the control's. */
async function traffic(manager: ConfigurationManager, subjects: readonly string[], fails: (version: number, index: number) => boolean) {
  for (const [index, subject] of subjects.entries()) {
    const prompt = await manager.getPrompt('greeting', { subject })
    manager.outcomes.record({ subject, metric: 'error', bad: fails(prompt?.version as number, index) })
  }
  await manager.outcomes.flush()
}

const some = (count: number, prefix = 'user') => Array.from({ length: count }, (_, index) => `${prefix}-${index}`)
const pauses = (id: string) =>
  fixture.sql<{ changed_by: string; change_summary: string }>(
    `select changed_by, change_summary from agent_config.config_changelog
      where change_type = 'rollout_pause' and new_data -> 'rollout' ->> 'id' = $1`,
    [id],
  )
const verdicts = (id: string) =>
  fixture.sql<{ metric: string; verdict: string; log_evidence: number; log_threshold: number }>(
    'select metric, verdict, log_evidence, log_threshold from agent_config.config_verdicts where rollout_id = $1 order by decided_at',
    [id],
  )

describe('a guarded rollout', () => {
  it('is refused where it could not be judged, and says which option to change', async () => {
    const manager = fixture.manager()
    await aPrompt(manager)
    const refused = async (change: object) => (await refusal(manager.rollouts.start({ ...START, ...change } as typeof START))).field

    expect(await refused({ arms: [{ version: 1, weight: 1 }] })).toBe('arms')
    expect(await refused({ arms: [...ARMS, { version: 3, weight: 1 }] })).toBe('arms')
    expect(await refused({ arms: [ARMS[1], { version: 3, weight: 1 }] })).toBe('arms')
    expect(await refused({ arms: [ARMS[0], { version: 2, weight: 0 }] })).toBe('arms')
    expect(await refused({ guard: { metrics: [] } })).toBe('guard.metrics')
    expect(await refused({ guard: { metrics: ['slow'] } })).toBe('guard.metrics[0]')
    expect(await refused({ guard: { metrics: ['error', 'error'] } })).toBe('guard.metrics[1]')
    expect(await refused({ guard: { metrics: ['error'], alpha: 1 } })).toBe('guard.alpha')
    expect(await refused({ guard: { metrics: ['error'], settleMs: -1 } })).toBe('guard.settleMs')
    expect(await refused({ guard: { metrics: ['error'], action: 'widen' } })).toBe('guard.action')
    expect(await refused({ guard: { metrics: ['error'], alhpa: 0.1 } })).toBe('guard.alhpa')
  })

  it('records exposures, has defaults, and may ramp its coverage but not its weights', async () => {
    const manager = fixture.manager()
    await aPrompt(manager)

    const rollout = await manager.rollouts.start({ ...START, guard: { metrics: ['error', { name: 'slow', overMs: 8_000 }] }, coverage: 2 })

    expect(rollout).toMatchObject({ recordExposures: true })
    expect(rollout.guard).toMatchObject({
      metrics: [{ name: 'error' }, { name: 'slow', overMs: 8_000 }],
      alpha: 0.05,
      action: 'pause',
      settleMs: 30_000,
      control: 0,
      acknowledged: 0,
      alphaSpent: 0.05,
    })
    expect(Math.abs(Date.parse(rollout.guard?.since as string) - Date.parse(rollout.createdAt))).toBeLessThan(1_000)
    expect((await manager.rollouts.ramp(rollout.id, { coverage: 20 })).guard).toEqual(rollout.guard)
    expect((await refusal(manager.rollouts.ramp(rollout.id, { weights: [1, 2] }))).field).toBe('weights')
    expect((await refusal(manager.rollouts.ramp(rollout.id, { arms: ARMS }))).field).toBe('arms')
  })

  it('takes a candidate back that fails, with the evidence beside the pause, once, in every worker', async () => {
    const managers = [fixture.manager(), fixture.manager(), fixture.manager(), fixture.manager()]
    const [first] = managers as [ConfigurationManager]
    await aPrompt(first)
    const { id } = await first.rollouts.start(START)
    const events: object[] = []
    for (const manager of managers) manager.on('rollout:guard', (event) => void events.push(event))

    await Promise.all(
      managers.map((manager, worker) => traffic(manager, some(40, `w${worker}`), (version, index) => version === 2 && index % 2 === 0)),
    )
    await eventually(async () => (await first.rollouts.find(id))?.status === 'paused')
    await new Promise((resolve) => setTimeout(resolve, 2_500))

    const [pause, ...others] = await pauses(id)
    expect(others).toEqual([])
    expect(pause).toMatchObject({ changed_by: 'guard', change_summary: expect.stringContaining('bad subjects of version 2') })
    const [verdict] = await verdicts(id)
    expect(verdict).toMatchObject({ metric: 'error', verdict: 'worse' })
    expect(verdict!.log_evidence).toBeGreaterThanOrEqual(verdict!.log_threshold)
    expect(events).toEqual([
      {
        rolloutId: id,
        kind: 'prompt',
        project: fixture.project,
        name: 'greeting',
        what: 'paused',
        action: 'pause',
        metric: 'error',
        evidence: Math.exp(verdict!.log_evidence),
        findings: [expect.objectContaining({ metric: 'error', verdict: 'worse' })],
      },
    ])
    for (const manager of managers) expect((await manager.getPrompt('greeting', { subject: 'w0-0' }))?.selection.reason).toBe('paused')
    expect(await first.rollouts.report(id)).toMatchObject({ guard: [{ metric: 'error', verdict: 'worse', threshold: 20 }] })
  })

  it('is resumed by somebody who acknowledges, with new evidence and another alpha', async () => {
    const manager = fixture.manager()
    await aPrompt(manager)
    const { id, guard } = await manager.rollouts.start(START)
    await traffic(manager, some(60), (version) => version === 2)
    await eventually(async () => (await manager.rollouts.find(id))?.status === 'paused')

    expect((await refusal(manager.rollouts.resume(id))).field).toBe('acknowledge')
    const resumed = await manager.rollouts.resume(id, { acknowledge: true, changedBy: 'ada' })

    expect(resumed.guard).toMatchObject({ acknowledged: 1, alphaSpent: 0.1 })
    expect(resumed.guard).not.toHaveProperty('acted')
    expect(Date.parse(resumed.guard!.since)).toBeGreaterThan(Date.parse(guard!.since))
    expect(await manager.rollouts.report(id)).toMatchObject({
      arms: [{ subjects: 0 }, { subjects: 0 }],
      guard: [{ evidence: 1, verdict: 'too-early' }],
    })
    await traffic(manager, some(60), (version) => version === 2)
    await new Promise((resolve) => setTimeout(resolve, 4_500))
    expect((await manager.rollouts.find(id))?.status).toBe('running')
    await traffic(manager, some(60, 'late'), (version) => version === 2)
    await eventually(async () => (await manager.rollouts.find(id))?.status === 'paused')
    expect(await verdicts(id)).toHaveLength(2)
  })

  it('only says so when it is asked to notify, once', async () => {
    const manager = fixture.manager()
    await aPrompt(manager)
    const { id } = await manager.rollouts.start({ ...START, guard: { ...GUARD, action: 'notify' } })
    const events: object[] = []
    manager.on('rollout:guard', (event) => void events.push(event))

    await traffic(manager, some(60), (version) => version === 2)
    await eventually(() => events.length > 0)
    await new Promise((resolve) => setTimeout(resolve, 2_500))

    expect(events).toEqual([expect.objectContaining({ what: 'worse', action: 'notify', metric: 'error', evidence: expect.any(Number) })])
    expect((await manager.rollouts.find(id))?.status).toBe('running')
    expect(await verdicts(id)).toHaveLength(1)
  })

  it('withholds its verdict when the arms do not get the subjects they should', async () => {
    const manager = fixture.manager()
    await aPrompt(manager)
    const { id } = await manager.rollouts.start(START)
    const events: { what: string }[] = []
    manager.on('rollout:guard', (event) => void events.push(event))
    await fixture.sql(
      `insert into agent_config.config_exposures (rollout_id, subject, arm, version)
        select $1, 'lost-' || place, 0, 1 from generate_series(1, 2000) as place`,
      [id],
    )

    await traffic(manager, some(60), (version) => version === 2)
    await eventually(() => events.length > 0)

    expect(events[0]).toMatchObject({ what: 'ratio', action: 'pause' })
    expect(events[0]).not.toHaveProperty('metric')
    expect(await manager.rollouts.report(id)).toMatchObject({ ratio: { ok: false }, guard: [{ verdict: 'too-early' }] })
    expect((await manager.rollouts.find(id))?.status).toBe('running')
  })

  it('ends when the label is moved by force, with an event', async () => {
    const manager = fixture.manager()
    await aPrompt(manager)
    const { id } = await manager.rollouts.start(START)
    const events: { what: string }[] = []
    manager.on('rollout:guard', (event) => void events.push(event))
    await traffic(manager, some(4), () => false)

    await manager.prompts.promote({ name: 'greeting', version: 3, label: 'production', force: true })
    await eventually(() => events.length > 0)

    expect(events.map(({ what }) => what)).toEqual(['ended'])
    expect((await manager.rollouts.report(id)).guard).toEqual([])
    await manager.rollouts.resume(id)
    expect(await manager.rollouts.ramp(id, { weights: [1, 3] })).toMatchObject({ arms: [{ weight: 1 }, { weight: 3 }] })
  })
})

describe('judges', () => {
  it('wait for one that hangs, and go on when it is killed: nothing is lost, and nothing is done twice', async () => {
    const [one, two] = [fixture.manager(), fixture.manager()]
    await aPrompt(one)
    const { id } = await one.rollouts.start(START)
    const hanging = new pg.Client({ connectionString: fixture.url })
    hanging.on('error', () => {})
    await hanging.connect()
    const [{ pid }] = (await hanging.query('select pg_backend_pid() as pid')).rows as [{ pid: number }]
    await hanging.query('begin')
    await hanging.query("select pg_advisory_xact_lock(hashtextextended('agent_config guards of agent_config', 0))")

    await Promise.all([one, two].map((manager, worker) => traffic(manager, some(40, `w${worker}`), (version) => version === 2)))
    await new Promise((resolve) => setTimeout(resolve, 4_500))
    expect(await pauses(id)).toEqual([])
    await fixture.sql('select pg_terminate_backend($1)', [pid])
    await eventually(async () => (await pauses(id)).length > 0)
    await new Promise((resolve) => setTimeout(resolve, 2_500))

    expect(await pauses(id)).toHaveLength(1)
    expect(await verdicts(id)).toHaveLength(1)
  })

  it('write nothing about a rollout that was concluded, or paused by somebody, after they had looked', async () => {
    const manager = fixture.manager()
    await aPrompt(manager)
    const { id } = await manager.rollouts.start(START)
    await traffic(manager, some(60), (version) => version === 2)
    const store = new RolloutRepository(fixture.url)
    const judged = (await store.find(id)) as Parameters<typeof guardPause>[0]
    const worse = [{ metric: 'error', evidence: 100, threshold: 20, verdict: 'worse', logEvidence: 4.6, logThreshold: 3 }] as const
    const recorder = recorderOf(fixture.url, {})
    const pause = () => recorder.record({ changedBy: 'guard' }, guardPause(judged, worse, { exposed: [30, 30], bad: {} }))

    await manager.rollouts.pause(id)
    expect((await pause()).value).toBe(false)
    await manager.rollouts.resume(id, { acknowledge: true })
    expect((await pause()).value).toBe(false)
    await manager.rollouts.conclude(id)
    expect((await pause()).value).toBe(false)

    expect(await pauses(id)).toMatchObject([{ changed_by: null }])
    expect(await verdicts(id)).toEqual([])
  })
})

describe('what counts', () => {
  it('is a subject once, after its exposure, on one arm, not forced, and settled', async () => {
    const manager = fixture.manager()
    await aPrompt(manager)
    const { id } = await manager.rollouts.start({ ...START, forced: { tester: 2 } })
    await traffic(manager, some(20), () => false)
    const exposed = await fixture.sql<{ subject: string; arm: number }>(
      'select subject, arm from agent_config.config_exposures where rollout_id = $1 and arm = 1 order by subject',
      [id],
    )
    const [often, crossed, ...rest] = exposed.map(({ subject }) => subject) as [string, string, ...string[]]
    for (let run = 0; run < 10; run++) manager.outcomes.record({ subject: often, metric: 'error', bad: true })
    manager.outcomes.record({ subject: often, metric: 'error', bad: false })
    manager.outcomes.record({ subject: crossed, metric: 'error', bad: true })
    manager.outcomes.record({ subject: 'tester', metric: 'error', bad: true })
    manager.outcomes.record({ subject: 'nobody', metric: 'error', bad: true })
    await manager.outcomes.flush()
    await fixture.sql('insert into agent_config.config_exposures (rollout_id, subject, arm, version) values ($1, $2, 0, 1)', [id, crossed])

    const { arms } = await manager.rollouts.report(id)

    expect(arms[1]).toMatchObject({ subjects: rest.length + 1, metrics: { error: { bad: 1 } } })
    expect(await fixture.sql('select subject from agent_config.config_outcomes where rollout_id = $1 and bad', [id])).toHaveLength(2)
  })

  it('is everybody who was exposed, as soon as outcomes are flushed, though nothing became of anybody yet', async () => {
    const manager = fixture.manager()
    await aPrompt(manager)
    const { id } = await manager.rollouts.start(START)
    await manager.getPrompt('greeting', { subject: 'user-1' })

    await manager.outcomes.flush()

    const { arms } = await manager.rollouts.report(id)
    expect(arms.reduce((sum, { subjects }) => sum + subjects, 0)).toBe(1)
  })

  it('is nothing that happened before the exposure, and an outcome waits for an exposure that is on its way', async () => {
    const [reader, recorder] = [fixture.manager(), fixture.manager()]
    await aPrompt(reader)
    const { id } = await reader.rollouts.start(START)
    recorder.outcomes.record({ subject: 'early', metric: 'error', bad: true })
    await recorder.outcomes.flush()
    await reader.getPrompt('greeting', { subject: 'late' })
    // Two managers know the clock of the database as well as a round trip is short.
    await sleep(500)
    recorder.outcomes.record({ subject: 'late', metric: 'error', bad: true })
    await recorder.outcomes.flush()
    await reader.getPrompt('greeting', { subject: 'early' })
    await reader.outcomes.flush()

    await eventually(async () => (await fixture.sql('select 1 from agent_config.config_outcomes where rollout_id = $1', [id])).length > 0)

    expect(await fixture.sql('select subject from agent_config.config_outcomes where rollout_id = $1', [id])).toEqual([{ subject: 'late' }])
  })

  it('goes by the clock of the database, whatever this process thinks the day is', async () => {
    const manager = fixture.manager()
    await aPrompt(manager)
    const { id } = await manager.rollouts.start(START)
    const now = Date.now
    Date.now = () => now() + 86_400_000
    try {
      await traffic(manager, some(10), () => true)
    } finally {
      Date.now = now
    }

    const report = await manager.rollouts.report(id)

    expect(report.arms.reduce((sum, arm) => sum + (arm.metrics.error?.bad ?? 0), 0)).toBe(10)
  })

  it('waits until subjects have settled', async () => {
    const manager = fixture.manager()
    await aPrompt(manager)
    const { id } = await manager.rollouts.start({ ...START, guard: { ...GUARD, settleMs: 1_500 } })
    await traffic(manager, some(60), (version) => version === 2)

    expect(await manager.rollouts.report(id)).toMatchObject({ arms: [{ subjects: 0 }, { subjects: 0 }], guard: [{ verdict: 'too-early' }] })
    await eventually(async () => (await manager.rollouts.find(id))?.status === 'paused')
  })
})

describe('a report', () => {
  it('has shares and means with intervals, of a rollout without a guard too, when outcomes name it', async () => {
    const manager = fixture.manager()
    await aPrompt(manager)
    const { id } = await manager.rollouts.start({ kind: 'prompt', name: 'greeting', arms: ARMS, recordExposures: true })
    const versions = new Map<string, number>()
    for (const subject of some(400)) versions.set(subject, (await manager.getPrompt('greeting', { subject }))?.version as number)
    for (const [subject, version] of versions) {
      manager.outcomes.record({ subject, metric: 'cost', value: version, rolloutId: id })
      manager.outcomes.record({ subject, metric: 'cost', value: 99, rolloutId: id })
      if (version === 1) manager.outcomes.record({ subject, metric: 'error', bad: true, rolloutId: id })
      manager.outcomes.record({ subject, metric: 'unnamed', bad: true })
    }
    await manager.outcomes.flush()

    const report = await manager.rollouts.report(id)

    expect(report).toMatchObject({ rolloutId: id, guard: [], ratio: { ok: true } })
    expect(report.ratio.observed.reduce((sum, count) => sum + count, 0)).toBe(400)
    expect(report.arms[0]).toMatchObject({
      version: 1,
      metrics: { cost: { mean: 1 }, error: { share: 1, interval: [expect.any(Number), 1] } },
    })
    expect(report.arms[1]).toMatchObject({ version: 2, metrics: { cost: { mean: 2, interval: [2, 2] }, error: { bad: 0, share: 0 } } })
    expect(Object.keys(report.arms[0]!.metrics).sort()).toEqual(['cost', 'error'])
    expect((await refusal(manager.rollouts.report('nowhere'))).code).toBe('E_NOT_FOUND')
  })
})

describe('outcomes', () => {
  it('are refused when they are not acceptable', () => {
    const { outcomes } = fixture.manager()

    for (const [outcome, field] of [
      [{ subject: '', metric: 'error' }, 'subject'],
      [{ subject: 'a\0', metric: 'error' }, 'subject'],
      [{ subject: 'a', metric: 'not a name' }, 'metric'],
      [{ subject: 'a', metric: 'error', bad: 1 }, 'bad'],
      [{ subject: 'a', metric: 'error', value: Number.NaN }, 'value'],
    ] as const) {
      expect(() => outcomes.record(outcome as never)).toThrow(expect.objectContaining({ field }))
    }
  })

  it('go with prune', async () => {
    const manager = fixture.manager()
    await aPrompt(manager)
    const { id } = await manager.rollouts.start(START)
    await traffic(manager, some(10), () => true)

    const pruned = await manager.prune({ before: new Date(Date.now() + 60_000) })

    expect(pruned.outcomes).toBeGreaterThanOrEqual(10)
    expect(await fixture.sql('select 1 from agent_config.config_outcomes where rollout_id = $1', [id])).toEqual([])
  })
})

describe('a rollout that takes no new subjects', () => {
  it('keeps those it has, gives others the label’s own version, and takes new ones again when told', async () => {
    const [one, two] = [fixture.manager(), fixture.manager()]
    await aPrompt(one)
    const { id } = await one.rollouts.start({ kind: 'prompt', name: 'greeting', arms: [{ version: 2, weight: 1 }], sticky: true })
    const versionOf = async (manager: ConfigurationManager, subject: string) => (await manager.getPrompt('greeting', { subject }))?.version
    expect(await versionOf(one, 'ada')).toBe(2)

    const stopped = await one.rollouts.ramp(id, { enrol: false })
    await two.ready()

    expect(stopped).toMatchObject({ enrol: false, coverage: 100 })
    for (const manager of [one, two]) {
      await eventually(async () => (await versionOf(manager, 'lin')) === 1)
      expect(await versionOf(manager, 'ada')).toBe(2)
    }
    expect(await one.rollouts.ramp(id, { enrol: true })).not.toHaveProperty('enrol')
    expect(await versionOf(one, 'lin')).toBe(2)
  })

  it('has to be a sticky one', async () => {
    const manager = fixture.manager()
    await aPrompt(manager)
    const { id } = await manager.rollouts.start({ kind: 'prompt', name: 'greeting', arms: [{ version: 2, weight: 1 }] })

    expect((await refusal(manager.rollouts.ramp(id, { enrol: false }))).field).toBe('enrol')
  })
})
