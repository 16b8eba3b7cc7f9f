import { afterEach, describe, expect, it, vi } from 'vitest'
import { bucketOf } from '../../src/index.js'
import { aPrompt, HALVES, refusal, SUBJECTS, useRollouts, versionsOf } from './fixture.js'

const fixture = useRollouts()
const GREETING = { kind: 'prompt', name: 'greeting' } as const

afterEach(() => vi.useRealTimers())

describe('coverage and weights', () => {
  it('take in the subjects that the published bucket says, and ramps only add', async () => {
    const manager = fixture.manager()
    await aPrompt(manager)
    const { id } = await manager.rollouts.start({ ...GREETING, arms: HALVES, coverage: 0 })
    const seen: (number | undefined)[][] = []

    for (const coverage of [0, 12.5, 40, 100]) {
      await manager.rollouts.ramp(id, { coverage })
      const versions = await versionsOf(manager)
      const expected = SUBJECTS.map((subject) => {
        if (bucketOf(`${id}:${subject}`) >= coverage * 100) return 1
        return bucketOf(`${id}:${subject}`, 2) < 5_000 ? 2 : 3
      })
      expect(versions).toEqual(expected)
      seen.push(versions)
    }

    // Who was in stays in, on the same arm.
    for (const [step, versions] of seen.slice(1).entries()) {
      for (const [index, before] of seen[step]!.entries()) if (before !== 1) expect(versions[index]).toBe(before)
    }
  })

  it('of 0 give an arm to nobody, and new weights move subjects where nothing is remembered', async () => {
    const manager = fixture.manager()
    await aPrompt(manager)
    const { id } = await manager.rollouts.start({
      ...GREETING,
      arms: [
        { version: 2, weight: 0 },
        { version: 3, weight: 5 },
      ],
    })

    const before = await versionsOf(manager)
    await manager.rollouts.ramp(id, { weights: [1, 0] })

    expect(new Set(before)).toEqual(new Set([3]))
    expect(new Set(await versionsOf(manager))).toEqual(new Set([2]))
  })
})

describe('what a read says of itself', () => {
  it('is why it got its version', async () => {
    const manager = fixture.manager()
    await aPrompt(manager, 'greeting', 4)
    const { id: rolloutId } = await manager.rollouts.start({
      ...GREETING,
      arms: HALVES,
      when: { plan: 'pro', age: { $gte: 18 } },
      forced: { tester: 3, ['__proto__']: 2 },
    })
    const select = async (query: object) => (await manager.getPrompt('greeting', query))?.selection
    const attributes = { plan: 'pro', age: 18 }
    const own = { label: 'production', version: 1, rolloutId }

    const split = await select({ subject: 'user-7', attributes })
    expect(split).toMatchObject({ label: 'production', rolloutId, reason: 'split' })
    expect([
      [2, 0],
      [3, 1],
    ]).toContainEqual([split?.version, split?.arm])
    expect(await select({})).toEqual({ ...own, reason: 'no-subject' })
    expect(await select({ subject: '' })).toEqual({ ...own, reason: 'no-subject' })
    expect(await select({ subject: 'user-7' })).toEqual({ ...own, reason: 'condition' })
    expect(await select({ subject: 'user-7', attributes: { plan: 'pro', age: 17 } })).toEqual({ ...own, reason: 'condition' })
    expect(await select({ subject: 'tester' })).toEqual({ label: 'production', version: 3, rolloutId, arm: 1, reason: 'forced' })
    expect(await select({ subject: '__proto__' })).toMatchObject({ version: 2, reason: 'forced' })
    expect(await select({ subject: 'constructor' })).toEqual({ ...own, reason: 'condition' })
    expect(await select({ subject: 'user-7', attributes, version: 4 })).toEqual({ label: 'production', version: 4, reason: 'version' })
    expect(await select({ subject: 'user-7', attributes, label: 'latest' })).toEqual({ label: 'latest', version: 4, reason: 'label' })
    await manager.rollouts.ramp(rolloutId, { coverage: 0 })
    expect(await select({ subject: 'user-7', attributes })).toEqual({ ...own, reason: 'label' })
    await manager.rollouts.pause(rolloutId)
    expect(await select({ subject: 'user-7', attributes })).toEqual({ ...own, reason: 'paused' })
    expect(await select({ subject: 'tester' })).toEqual({ ...own, reason: 'paused' })
  })

  it('follows the attributes of each read, and is not remembered from another', async () => {
    const manager = fixture.manager()
    await aPrompt(manager)
    await manager.rollouts.start({ ...GREETING, arms: [{ version: 3, weight: 1 }], when: { plan: 'pro' } })
    const versions: (number | undefined)[] = []
    for (const plan of ['pro', 'free', 'pro', undefined]) {
      versions.push((await manager.getPrompt('greeting', { subject: 'user-7', attributes: { plan } }))?.version)
    }

    expect(versions).toEqual([3, 1, 3, 1])
  })

  it('is the same object for subjects of one arm, and frozen', async () => {
    const manager = fixture.manager()
    await aPrompt(manager)
    await manager.rollouts.start({ ...GREETING, arms: [{ version: 3, weight: 1 }] })
    const [ada, bob] = [await manager.getPrompt('greeting', { subject: 'ada' }), await manager.getPrompt('greeting', { subject: 'bob' })]

    expect(ada).toBe(bob)
    expect(ada).toMatchObject({ source: 'memory', stale: false, labels: [] })
    expect(Object.isFrozen(ada) && Object.isFrozen(ada!.selection)).toBe(true)
  })
})

describe('peekPrompt', () => {
  it('decides like getPrompt, from memory alone', async () => {
    const manager = fixture.manager()
    await aPrompt(manager)
    await manager.rollouts.start({ ...GREETING, arms: HALVES, coverage: 60 })
    const got = await Promise.all(SUBJECTS.map((subject) => manager.getPrompt('greeting', { subject })))
    const loads = manager.stats().database.loads

    expect(SUBJECTS.map((subject) => manager.peekPrompt('greeting', { subject }))).toEqual(got)
    expect(manager.peekPrompt('greeting')).toMatchObject({ selection: { reason: 'no-subject' } })
    expect(manager.stats().database.loads).toBe(loads)
  })

  it.each(['a\0b', '\ud800', 'x'.repeat(513), 7])(
    'gives nothing for a subject that cannot be stored, which getPrompt refuses: %j',
    async (subject) => {
      const manager = fixture.manager()
      await aPrompt(manager)
      await manager.rollouts.start({ ...GREETING, arms: HALVES })
      const query = { subject: subject as string }

      expect(manager.peekPrompt('greeting', query)).toBeUndefined()
      expect(await refusal(manager.getPrompt('greeting', query))).toMatchObject({ code: 'E_INVALID_ARGUMENT', field: 'subject' })
    },
  )
})

describe('a schedule', () => {
  it('ramps by itself with the worker’s clock, also while paused, until somebody ramps', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-03-01T00:00:00Z') })
    const manager = fixture.manager()
    await aPrompt(manager)
    const started = await manager.rollouts.start({
      ...GREETING,
      arms: [{ version: 3, weight: 1 }],
      schedule: [
        { at: '2026-03-01T10:00:00+01:00', coverage: 10 },
        { at: new Date('2026-03-01T10:00:00Z'), coverage: 50 },
        { at: '2026-03-01T11:00:00Z', coverage: 100 },
      ],
    })
    const rows = (await manager.prompts.history({ name: 'greeting' })).length
    const at = async (time: string) => {
      vi.setSystemTime(new Date(`2026-03-01T${time}Z`))
      return (await versionsOf(manager))
        .map((version, index) => (version === 3 ? bucketOf(`${started.id}:${SUBJECTS[index]}`) : -1))
        .filter((b) => b >= 0)
    }
    const covered = (basisPoints: number) =>
      SUBJECTS.map((subject) => bucketOf(`${started.id}:${subject}`)).filter((bucket) => bucket < basisPoints)

    expect(await at('08:59:59.999')).toEqual([])
    expect(await at('09:00:00')).toEqual(covered(1_000))
    expect(await at('09:59:59.999')).toEqual(covered(1_000))
    await manager.rollouts.pause(started.id)
    expect(await at('10:00:00')).toEqual([])
    await manager.rollouts.resume(started.id)
    expect(await at('10:00:01')).toEqual(covered(5_000))
    const ramped = await manager.rollouts.ramp(started.id, { weights: [2] })
    expect(await at('12:00:00')).toEqual(covered(5_000))

    expect(started.schedule).toHaveLength(3)
    expect(ramped).toMatchObject({ coverage: 50 })
    expect(ramped).not.toHaveProperty('schedule')
    // Steps that nobody took are not in the changelog.
    expect((await manager.prompts.history({ name: 'greeting' })).slice(0, -rows).map(({ changeType }) => changeType)).toEqual([
      'rollout_ramp',
      'rollout_resume',
      'rollout_pause',
    ])
  })
})

describe('another process', () => {
  it('sees a step that it passes the revision of', async () => {
    const [writer, reader] = [fixture.manager(), fixture.manager({ listen: false, pollIntervalMs: 600_000 })]
    await aPrompt(writer)
    await reader.getPrompt('greeting')
    const { id, revision } = await writer.rollouts.start({ ...GREETING, arms: [{ version: 3, weight: 1 }] })
    const started = await reader.getPrompt('greeting', { subject: 'user-7', minRevision: revision })
    const { revision: pausedAt } = await writer.rollouts.pause(id)
    const paused = await reader.getPrompt('greeting', { subject: 'user-7', minRevision: pausedAt })

    expect(started).toMatchObject({ version: 3, selection: { reason: 'split', arm: 0 } })
    expect(paused).toMatchObject({ version: 1, selection: { reason: 'paused' } })
  })
})

describe('plain SQL on config_rollouts', () => {
  it('is noticed by every worker', async () => {
    const manager = fixture.manager()
    await aPrompt(manager)
    const { id } = await manager.rollouts.start({ ...GREETING, arms: [{ version: 3, weight: 1 }] })
    const read = async () => {
      await manager.catchUp()
      return (await manager.getPrompt('greeting', { subject: 'user-7' }))?.selection.reason
    }
    const edit = (statement: string) => fixture.sql(`${statement} where id = $1`, [id])
    const reasons = [await read()]
    await edit(`update agent_config.config_rollouts set status = 'paused'`)
    reasons.push(await read())
    await edit(`update agent_config.config_rollouts set status = 'running', coverage_basis_points = 0`)
    reasons.push(await read())
    await edit('delete from agent_config.config_rollouts')
    reasons.push(await read())

    expect(reasons).toEqual(['split', 'paused', 'label', 'label'])
    const [deleted, , paused] = await manager.prompts.history({ name: 'greeting' })
    expect(deleted).toMatchObject({ changeType: 'sql', changeSummary: 'delete on config_rollouts', previousData: { id } })
    expect(paused).toMatchObject({ previousData: { status: 'running' }, newData: { status: 'paused' } })
  })

  it.each([
    ['conditions that are none hold for nobody', `conditions = '{"$where": "1"}'`, { version: 1, reason: 'condition' }],
    ['weights that are no numbers split nothing', `arms = '[{"version": 2, "weight": "a"}]'`, { version: 1, reason: 'label' }],
    ['an arm whose version does not exist is passed over', `arms = '[{"version": 77, "weight": 1}]'`, { version: 1, reason: 'label' }],
    ['a forced version that does not exist is passed over', `forced = '{"user-7": 77}'`, { version: 1, reason: 'label' }],
  ])('breaks no read: %s', async (_what, edit, { version, reason }) => {
    const manager = fixture.manager()
    await aPrompt(manager)
    const { id: rolloutId } = await manager.rollouts.start({ ...GREETING, arms: HALVES })
    await fixture.sql(`update agent_config.config_rollouts set ${edit} where id = $1`, [rolloutId])
    await manager.catchUp()

    const { selection } = (await manager.getPrompt('greeting', { subject: 'user-7' }))!

    expect(selection).toEqual({ label: 'production', version, rolloutId, reason })
  })

  it('that no read could make sense of is refused', async () => {
    const manager = fixture.manager()
    await aPrompt(manager)
    await manager.rollouts.start({ ...GREETING, arms: HALVES })
    const arms = [
      '{}',
      'null',
      '[]',
      '[7]',
      '[{"weight": 1}]',
      '[{"version": "two"}]',
      '[{"version": 2.5}]',
      '[{"version": 1e10}]',
      '[{"version": 0}]',
    ]
    const edit = `update agent_config.config_rollouts set arms = $2::jsonb where project = $1`
    const refused: unknown[] = []
    for (const value of arms) refused.push(await refusal(fixture.sql(edit, [fixture.project, value])))

    expect(refused).toEqual(arms.map(() => expect.objectContaining({ code: '23514' })))
  })
})
