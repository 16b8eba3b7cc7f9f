import { describe, expect, it } from 'vitest'
import type { AuthorizeRequest, ConfigurationManager } from '../../src/index.js'
import { aPrompt, HALVES, refusal, useRollouts } from './fixture.js'

const fixture = useRollouts()
const BY = { changedBy: 'eve' } as const

/** Every write there is, with what `authorize` is asked about it. */
const WRITES: readonly {
  readonly action: string
  readonly labels: readonly string[]
  readonly kind?: string
  readonly before?: (admin: ConfigurationManager) => Promise<unknown>
  readonly write: (manager: ConfigurationManager, id: string) => Promise<unknown>
}[] = [
  { action: 'create', labels: ['staging'], write: (m) => m.prompts.create({ name: 'other', template: 'x', ...BY }) },
  { action: 'create', labels: [], write: (m) => m.prompts.create({ name: 'other', template: 'x', labels: [], ...BY }) },
  {
    action: 'version',
    labels: ['a', 'b'],
    write: (m) => m.prompts.createVersion({ name: 'greeting', template: 'x', labels: ['a', 'b'], ...BY }),
  },
  { action: 'promote', labels: ['canary'], write: (m) => m.prompts.promote({ name: 'greeting', version: 2, label: 'canary', ...BY }) },
  {
    action: 'rollback',
    labels: ['production'],
    before: (m) => m.prompts.promote({ name: 'greeting', version: 2 }),
    write: (m) => m.prompts.rollback({ name: 'greeting', ...BY }),
  },
  { action: 'remove_label', labels: ['production'], write: (m) => m.prompts.removeLabel({ name: 'greeting', label: 'production', ...BY }) },
  { action: 'deactivate', labels: ['production'], write: (m) => m.prompts.deactivate({ name: 'greeting', ...BY }) },
  {
    action: 'activate',
    labels: ['production'],
    before: (m) => m.prompts.deactivate({ name: 'greeting' }),
    write: (m) => m.prompts.activate({ name: 'greeting', version: 1, ...BY }),
  },
  {
    action: 'rollout_start',
    labels: ['production'],
    write: (m) => m.rollouts.start({ kind: 'prompt', name: 'greeting', arms: HALVES, ...BY }),
  },
  ...(['ramp', 'pause', 'resume', 'conclude'] as const).map((step) => ({
    action: `rollout_${step}`,
    labels: ['production'],
    before: async (m: ConfigurationManager) => {
      const { id } = await m.rollouts.start({ kind: 'prompt', name: 'greeting', arms: HALVES })
      if (step === 'resume') await m.rollouts.pause(id)
    },
    write: (m: ConfigurationManager, id: string) =>
      step === 'ramp' ? m.rollouts.ramp(id, { coverage: 5, ...BY }) : m.rollouts[step](id, BY),
  })),
  { action: 'create', kind: 'model', labels: ['staging'], write: (m) => m.models.create({ name: 'm', provider: 'p', model: 'x', ...BY }) },
  {
    action: 'create',
    kind: 'embedding',
    labels: ['staging'],
    write: (m) => m.embeddings.create({ name: 'e', embeddingModel: 'x', ...BY }),
  },
  { action: 'create', kind: 'context_rules', labels: [], write: (m) => m.contextRules.create({ context: 'c', important: 'x', ...BY }) },
  {
    action: 'deactivate',
    kind: 'context_rules',
    labels: [],
    before: (m) => m.contextRules.create({ context: 'c', important: 'x' }),
    write: (m) => m.contextRules.deactivate({ context: 'c', ...BY }),
  },
  {
    action: 'create',
    labels: ['staging'],
    write: (m) => m.transaction(({ prompts }) => prompts.create({ name: 'other', template: 'x', ...BY })),
  },
]

describe('authorize', () => {
  it.each(WRITES)('is asked once about $action $kind with $labels, whether or not a label is protected', async (row) => {
    const admin = fixture.manager()
    await aPrompt(admin)
    await row.before?.(admin)
    const id = (await admin.rollouts.list({ project: fixture.project })).items[0]?.id ?? ''
    const asked: AuthorizeRequest[] = []
    let answer = false
    const manager = fixture.manager({ authorize: (request) => asked.push(request) > 0 && answer })
    const untouched = await admin.changelog.list({ project: fixture.project })

    const refused = await refusal(row.write(manager, id))
    const after = await admin.changelog.list({ project: fixture.project })
    answer = true
    await row.write(manager, id)

    expect(refused).toMatchObject({ code: 'E_FORBIDDEN' })
    expect(after).toEqual(untouched)
    const { action, labels, kind = 'prompt' } = row
    const request = { action, kind, labels, label: labels[0], protected: false, project: fixture.project, actor: 'eve' }
    expect(asked).toEqual([expect.objectContaining(request), expect.objectContaining(request)])
  })

  it('is asked about a refresh too', async () => {
    const asked: AuthorizeRequest[] = []
    const manager = fixture.manager({ authorize: (request) => asked.push(request) > 1 })

    expect(await refusal(manager.refresh('model'))).toMatchObject({ code: 'E_FORBIDDEN' })
    await manager.refresh('all')

    expect(asked.map(({ action, kind, name }) => [action, kind, name])).toEqual([
      ['refresh', 'model', '*'],
      ['refresh', 'all', '*'],
    ])
  })

  it('that does not answer is a no after authorizeMs', async () => {
    const manager = fixture.manager({ authorize: () => new Promise<boolean>(() => {}), authorizeMs: 50 })

    const refused = await refusal(manager.prompts.create({ name: 'greeting', template: 'x' }))

    expect(refused).toMatchObject({ code: 'E_FORBIDDEN', message: expect.stringContaining('no answer within 50 ms') })
  })

  it('is told first of the protected label, so that a rule which looks at one label cannot be led past it', async () => {
    const asked: AuthorizeRequest[] = []
    const manager = fixture.manager({ protectedLabels: ['production'], authorize: (request) => asked.push(request) > 0 })
    await manager.prompts.create({ name: 'greeting', template: 'x', labels: ['staging', 'production'] })

    expect(asked).toMatchObject([{ labels: ['staging', 'production'], label: 'production', protected: true }])
  })
})

describe('protected latest', () => {
  const CHANGES_LATEST: readonly [string, (manager: ConfigurationManager) => Promise<unknown>][] = [
    ['create', (m) => m.embeddings.create({ name: 'other', embeddingModel: 'y' })],
    ['createVersion', (m) => m.embeddings.createVersion({ name: 'docs', embeddingModel: 'y', labels: [] })],
    ['deactivate', (m) => m.embeddings.deactivate({ name: 'docs', version: 2, force: true })],
    ['activate', (m) => m.embeddings.activate({ name: 'docs', version: 1 })],
    ['a context rule', (m) => m.contextRules.create({ context: 'c', important: 'x' })],
  ]

  it.each(CHANGES_LATEST)('keeps %s from everybody, since readers without a label would see it', async (_name, write) => {
    const admin = fixture.manager()
    await admin.embeddings.create({ name: 'docs', embeddingModel: 'a' })
    await admin.embeddings.createVersion({ name: 'docs', embeddingModel: 'b' })
    await admin.embeddings.deactivate({ name: 'docs', version: 1 })
    const manager = fixture.manager({ protectedLabels: ['latest'] })

    expect(await refusal(write(manager))).toMatchObject({ code: 'E_FORBIDDEN', message: expect.stringContaining('"latest"') })
  })

  it('leaves moving other labels alone', async () => {
    const manager = fixture.manager({ protectedLabels: ['latest'] })
    const admin = fixture.manager()
    await aPrompt(admin)

    expect(await manager.prompts.promote({ name: 'greeting', version: 2 })).toMatchObject({ version: 2 })
  })

  it('is no way round: a deactivated name whose label is protected is activated by nobody', async () => {
    const admin = fixture.manager()
    await aPrompt(admin)
    await admin.prompts.deactivate({ name: 'greeting' })
    const manager = fixture.manager({ protectedLabels: ['production'] })

    expect(await refusal(manager.prompts.activate({ name: 'greeting', version: 1 }))).toMatchObject({ code: 'E_FORBIDDEN' })
    expect(await manager.prompts.activate({ name: 'greeting', version: 2 })).toMatchObject({ version: 2 })
  })
})
