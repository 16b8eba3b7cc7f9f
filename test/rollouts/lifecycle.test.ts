import { describe, expect, it } from 'vitest'
import type { ConfigurationManager, LabelledKind, RolloutRamp, RolloutStart } from '../../src/index.js'
import { aPrompt, bare, HALVES, historyOf, refusal, useRollouts } from './fixture.js'

const fixture = useRollouts()

const KINDS: Record<
  LabelledKind,
  { seed: (m: ConfigurationManager) => Promise<unknown>; read: (m: ConfigurationManager) => Promise<unknown> }
> = {
  prompt: {
    seed: (m) => aPrompt(m, 'default'),
    read: (m) => m.getPrompt('default', { subject: 'user-7' }),
  },
  model: {
    seed: async (m) => {
      await m.models.create({ name: 'default', provider: 'ollama', model: 'm1', labels: ['production'] })
      for (const model of ['m2', 'm3']) await m.models.createVersion({ name: 'default', provider: 'ollama', model, labels: [] })
    },
    read: (m) => m.getModelConfig('default', { subject: 'user-7' }),
  },
  embedding: {
    seed: async (m) => {
      await m.embeddings.create({ name: 'default', embeddingModel: 'm1', labels: ['production'] })
      for (const embeddingModel of ['m2', 'm3']) await m.embeddings.createVersion({ name: 'default', embeddingModel, labels: [] })
    },
    read: (m) => m.getEmbeddingConfig('default', { label: 'production', subject: 'user-7' }),
  },
  flag: {
    seed: async (m) => {
      await m.flags.create({ name: 'default', value: 'f1', labels: ['production'] })
      for (const value of ['f2', 'f3']) await m.flags.createVersion({ name: 'default', value, labels: [] })
    },
    read: async (m) => {
      const { version = 0, rolloutId, reason, label } = await m.getFlagDetails('default', '', { subject: 'user-7' })
      const arm = reason === 'split' ? { arm: 1 } : {}
      const { labels } = (await m.flags.find({ name: 'default', version })) ?? {}
      return { version, labels, selection: { label, version, ...(rolloutId !== undefined && { rolloutId }), ...arm, reason } }
    },
  },
}

describe.each(Object.entries(KINDS))('a rollout of a %s', (kind, { seed, read }) => {
  it('starts, ramps, pauses, resumes and concludes with a winner, each step in the changelog', async () => {
    const manager = fixture.manager()
    await seed(manager)
    const target = { kind: kind as LabelledKind, name: 'default' }
    const before = await read(manager)

    const started = await manager.rollouts.start({ ...target, arms: HALVES, coverage: 0, changedBy: 'ada' })
    const uncovered = await read(manager)
    const ramped = await manager.rollouts.ramp(started.id, { coverage: 100, weights: [0, 1], changedBy: 'ada', summary: 'all of it' })
    const split = await read(manager)
    const paused = await manager.rollouts.pause(started.id, { changedBy: 'bob' })
    const afterPause = await read(manager)
    const resumed = await manager.rollouts.resume(started.id, { changedBy: 'ada' })
    const afterResume = await read(manager)
    const concluded = await manager.rollouts.conclude(started.id, { winner: 3, changedBy: 'ada' })
    const afterwards = await read(manager)

    const rolloutId = started.id
    expect(before).toMatchObject({ version: 1, selection: { label: 'production', version: 1, reason: 'label' } })
    expect(started).toMatchObject({ ...target, label: 'production', coverage: 0, status: 'running', createdBy: 'ada', propagated: true })
    expect(uncovered).toMatchObject({ version: 1, selection: { label: 'production', version: 1, rolloutId, reason: 'label' } })
    expect(ramped).toMatchObject({
      coverage: 100,
      arms: [
        { version: 2, weight: 0 },
        { version: 3, weight: 1 },
      ],
    })
    expect(split).toMatchObject({ version: 3, selection: { label: 'production', version: 3, rolloutId, arm: 1, reason: 'split' } })
    expect(paused).toMatchObject({ status: 'paused' })
    expect(afterPause).toMatchObject({ version: 1, selection: { version: 1, rolloutId, reason: 'paused' } })
    expect(bare(resumed)).toEqual(bare(ramped))
    expect(afterResume).toEqual(expect.objectContaining({ version: 3 }))
    expect(concluded).toMatchObject({ status: 'concluded', winner: 3 })
    expect(afterwards).toMatchObject({
      version: 3,
      labels: ['production'],
      selection: { label: 'production', version: 3, reason: 'label' },
    })
    const { items } = await manager.changelog.list({ project: fixture.project, kind: kind as LabelledKind })
    expect(items.slice(0, 5).reverse()).toMatchObject([
      {
        changeType: 'rollout_start',
        changedBy: 'ada',
        revision: started.revision,
        previousData: null,
        newData: { rollout: { coverage: 0 } },
      },
      {
        changeType: 'rollout_ramp',
        changeSummary: 'all of it',
        revision: ramped.revision,
        previousData: { rollout: { coverage: 0 } },
        newData: { rollout: { coverage: 100 } },
      },
      { changeType: 'rollout_pause', changedBy: 'bob', revision: paused.revision, newData: { rollout: { status: 'paused' } } },
      { changeType: 'rollout_resume', revision: resumed.revision, newData: { rollout: { status: 'running' } } },
      {
        changeType: 'rollout_conclude',
        revision: concluded.revision,
        previousVersion: 1,
        newVersion: 3,
        previousData: { labels: { production: 1 } },
        newData: { rollout: { winner: 3 }, labels: { production: 3 } },
      },
    ])
    expect(bare((await manager.rollouts.find(started.id))!)).toEqual(bare(concluded))
  })
})

describe('concluding', () => {
  it('without a winner leaves the label where it is', async () => {
    const manager = fixture.manager()
    await aPrompt(manager)
    const { id } = await manager.rollouts.start({ kind: 'prompt', name: 'greeting', arms: HALVES })

    const concluded = await manager.rollouts.conclude(id)

    expect(concluded).toMatchObject({ status: 'concluded' })
    expect(concluded).not.toHaveProperty('winner')
    expect(await manager.getPrompt('greeting', { subject: 'user-7' })).toMatchObject({ version: 1, selection: { reason: 'label' } })
  })

  it('promotes and ends in one transaction: nobody sees one without the other, and a failure leaves both', async () => {
    const manager = fixture.manager({
      hooks: {
        beforeCommit: (change) => {
          if (change.changeType === 'rollout_conclude') throw new Error('not now')
        },
      },
    })
    await aPrompt(manager)
    const { id } = await manager.rollouts.start({ kind: 'prompt', name: 'greeting', arms: HALVES })

    const refused = await refusal(manager.rollouts.conclude(id, { winner: 3 }))

    expect(refused.message).toBe('not now')
    expect(await manager.rollouts.find(id)).toMatchObject({ status: 'running' })
    expect((await manager.prompts.find({ name: 'greeting', label: 'production' }))?.version).toBe(1)
  })

  it('takes no winner but an active arm', async () => {
    const manager = fixture.manager()
    await aPrompt(manager)
    const { id } = await manager.rollouts.start({ kind: 'prompt', name: 'greeting', arms: HALVES })
    await manager.prompts.deactivate({ name: 'greeting', version: 3, force: true })

    const refusals = [
      await refusal(manager.rollouts.conclude(id, { winner: 1 })),
      await refusal(manager.rollouts.conclude(id, { winner: 3 })),
    ]

    expect(refusals.map(({ code, field }) => [code, field])).toEqual(Array(2).fill(['E_INVALID_ARGUMENT', 'winner']))
    expect(await manager.rollouts.find(id)).toMatchObject({ status: 'paused' })
  })

  it('is the end: no further step, and the label is free for the next rollout', async () => {
    const manager = fixture.manager()
    await aPrompt(manager)
    const { id } = await manager.rollouts.start({ kind: 'prompt', name: 'greeting', arms: HALVES })
    await manager.rollouts.conclude(id)

    const { rollouts } = manager
    const steps = [
      () => rollouts.ramp(id, { coverage: 1 }),
      () => rollouts.pause(id),
      () => rollouts.resume(id),
      () => rollouts.conclude(id),
    ]
    for (const step of steps) expect(await refusal(step())).toMatchObject({ code: 'E_NOT_FOUND' })
    expect(await refusal(rollouts.pause('nothing'))).toMatchObject({ code: 'E_NOT_FOUND' })
    expect(await rollouts.start({ kind: 'prompt', name: 'greeting', arms: HALVES })).toMatchObject({ status: 'running' })
  })
})

it('a step that changes nothing writes nothing', async () => {
  const manager = fixture.manager()
  await aPrompt(manager)
  const { id } = await manager.rollouts.start({ kind: 'prompt', name: 'greeting', arms: HALVES })
  const rows = (await historyOf(manager)).length

  await manager.rollouts.resume(id)
  await manager.rollouts.pause(id)
  await manager.rollouts.pause(id)

  expect((await historyOf(manager)).slice(rows).map(({ changeType }) => changeType)).toEqual(['rollout_pause'])
})

describe('two rollouts', () => {
  it('cannot be open on one label: of those that start at once one wins', async () => {
    const managers = [fixture.manager(), fixture.manager(), fixture.manager()]
    await aPrompt(managers[0]!)

    const outcomes = await Promise.allSettled(
      Array.from({ length: 12 }, (_, index) => managers[index % 3]!.rollouts.start({ kind: 'prompt', name: 'greeting', arms: HALVES })),
    )

    const winners = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value.id] : []))
    expect(winners).toHaveLength(1)
    for (const outcome of outcomes) if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'E_ALREADY_EXISTS' })
    await managers[0]!.rollouts.pause(winners[0]!)
    const onPaused = await refusal(managers[1]!.rollouts.start({ kind: 'prompt', name: 'greeting', arms: HALVES }))
    expect(onPaused).toMatchObject({ code: 'E_ALREADY_EXISTS', message: expect.stringContaining(`${winners[0]} is paused`) })
  })

  it('can be open on two labels, of other kinds and of other projects', async () => {
    const manager = fixture.manager()
    const name = 'default'
    await aPrompt(manager, name)
    await KINDS.model.seed(manager)
    const elsewhere = fixture.manager({ project: `${fixture.project}-b` })
    await aPrompt(elsewhere, name)
    await manager.rollouts.start({ kind: 'prompt', name, arms: HALVES })
    await manager.rollouts.start({ kind: 'prompt', name, label: 'staging', arms: HALVES })
    await manager.rollouts.start({ kind: 'model', name, arms: HALVES })
    await elsewhere.rollouts.start({ kind: 'prompt', name, arms: HALVES })

    expect((await manager.rollouts.list({ project: fixture.project, kind: 'prompt' })).items.map(({ label }) => label)).toEqual([
      'staging',
      'production',
    ])
    expect((await manager.rollouts.list({ project: fixture.project })).items).toHaveLength(3)
  })
})

it('list goes by pages, newest first, though many began in the same instant', async () => {
  const manager = fixture.manager()
  await aPrompt(manager)
  for (let step = 0; step < 7; step++) {
    const { id } = await manager.rollouts.start({ kind: 'prompt', name: 'greeting', arms: HALVES })
    await manager.rollouts.conclude(id)
  }
  // Within one millisecond, which is all that a cursor tells.
  await fixture.sql(
    `update agent_config.config_rollouts set created_at = timestamptz '2026-01-01 00:00:00.001' + (random() * interval '900 microseconds')`,
  )
  const seen: string[] = []
  let cursor: string | undefined
  do {
    const page = await manager.rollouts.list({ project: fixture.project, status: 'concluded', limit: 2, ...(cursor && { cursor }) })
    seen.push(...page.items.map(({ id }) => id))
    cursor = page.cursor
  } while (cursor)

  expect(new Set(seen).size).toBe(7)
  expect(seen).toHaveLength(7)
})

describe('what cannot be split by is refused with the field named', () => {
  const start: RolloutStart = { kind: 'prompt', name: 'greeting', arms: HALVES }
  const BAD: readonly [string, Partial<Record<keyof RolloutStart, unknown>>][] = [
    ['kind', { kind: 'context_rules' }],
    ['name', { name: '' }],
    ['label', { label: 'latest' }],
    ['project', { project: 'no spaces' }],
    ['arms', { arms: [] }],
    ['arms[1].version', { arms: [...HALVES.slice(0, 1), { version: 9, weight: 1 }] }],
    [
      'arms[1].version',
      {
        arms: [
          { version: 2, weight: 1 },
          { version: 2, weight: 1 },
        ],
      },
    ],
    ['arms[0].version', { name: 'nobody' }],
    ['arms[0].weight', { arms: [{ version: 2, weight: -1 }] }],
    ['arms', { arms: HALVES.map(({ version }) => ({ version, weight: 0 })) }],
    ['coverage', { coverage: 12.345 }],
    ['coverage', { coverage: 101 }],
    ['when.$where', { when: { $where: 'sleep(1)' } }],
    ['when.age.$gte', { when: { age: { $gte: {} } } }],
    ['forced.eve', { forced: { eve: 1 } }],
    ['schedule[0].at', { schedule: [{ at: '2026-01-01T00:00:00', coverage: 5 }] }],
    [
      'schedule[1].at',
      {
        schedule: [
          { at: '2026-01-02T00:00:00Z', coverage: 5 },
          { at: '2026-01-01T00:00:00Z', coverage: 9 },
        ],
      },
    ],
    ['schedule[0].coverage', { schedule: [{ at: '2026-01-02T00:00:00Z', coverage: 5.001 }] }],
    ['sticky', { sticky: 'yes' }],
    ['recordExposures', { recordExposures: 1 }],
    ['when.plan', { when: { plan: 'a\0b' } }],
    ['changedBy', { changedBy: 7 }],
  ]

  it('at start', async () => {
    const manager = fixture.manager()
    await aPrompt(manager)
    const refused: unknown[] = []
    for (const [, change] of BAD) refused.push(await refusal(manager.rollouts.start({ ...start, ...change } as RolloutStart)))

    expect(refused).toEqual(BAD.map(([field]) => expect.objectContaining({ code: 'E_INVALID_ARGUMENT', field })))
    expect((await manager.rollouts.list({ project: fixture.project })).items).toEqual([])
  })

  it('at start and at ramp: an arm that was deactivated', async () => {
    const manager = fixture.manager()
    await aPrompt(manager)
    const { id } = await manager.rollouts.start(start)
    await manager.prompts.deactivate({ name: 'greeting', version: 2, force: true })

    const refusals = [
      await refusal(manager.rollouts.ramp(id, { coverage: 5 })),
      await refusal(manager.rollouts.resume(id)),
      await refusal(manager.rollouts.start({ ...start, label: 'staging' })),
    ]

    expect(refusals.map(({ code, field }) => [code, field])).toEqual(Array(3).fill(['E_INVALID_ARGUMENT', 'arms[0].version']))
  })

  it('at ramp', async () => {
    const manager = fixture.manager()
    await aPrompt(manager)
    const started = await manager.rollouts.start(start)
    const bad: readonly [string, RolloutRamp][] = [
      ['coverage', {}],
      ['coverage', { coverage: 1.234 }],
      ['coverage', { coverage: Number.NaN }],
      ['weights', { weights: [0, 0] }],
      ['weights', { weights: [1] }],
      ['weights[1]', { weights: [1, -1] }],
      ['weights', { weights: [1, 1], arms: HALVES }],
      [
        'arms',
        {
          arms: [
            { version: 3, weight: 1 },
            { version: 2, weight: 1 },
          ],
        },
      ],
      ['arms', { arms: HALVES.map(({ version }) => ({ version, weight: 0 })) }],
    ]
    const refused: unknown[] = []
    for (const [, ramp] of bad) refused.push(await refusal(manager.rollouts.ramp(started.id, ramp)))

    expect(refused).toEqual(bad.map(([field]) => expect.objectContaining({ code: 'E_INVALID_ARGUMENT', field })))
    expect(bare((await manager.rollouts.find(started.id))!)).toEqual(bare(started))
  })

  it.each([
    ['arms', `arms = '[{"version": 2, "weight": 0}]'`],
    ['arms[0].version', `arms = '[{"version": 77, "weight": 1}]'`],
    ['when.$where', `conditions = '{"$where": "sleep(1)"}'`],
    ['forced.eve', `forced = '{"eve": 1}'`],
    ['schedule[0].coverage', `schedule = '[{"atMs": 1, "coverageBasisPoints": 1.5}]'`],
  ])('at resume, though it came by plain SQL: %s', async (field, edit) => {
    const manager = fixture.manager()
    await aPrompt(manager)
    const { id } = await manager.rollouts.start(start)
    await manager.rollouts.pause(id)
    await fixture.sql(`update agent_config.config_rollouts set ${edit} where id = $1`, [id])

    expect(await refusal(manager.rollouts.resume(id))).toMatchObject({ code: 'E_INVALID_ARGUMENT', field })
  })
})
