import { describe, expect, it } from 'vitest'
import { type AuthorizeRequest, type ConfigurationManager, createConfigManager } from '../../src/index.js'
import { aPrompt, HALVES, refusal, useRollouts } from './fixture.js'

const fixture = useRollouts()
const BY = { changedBy: 'eve' } as const

/** Every write that sets, moves, splits or removes `production`, and the action `authorize` is asked about. */
const VERBS: readonly {
  readonly action: string
  /** What has to be there first, done by somebody who may. */
  readonly before?: (admin: ConfigurationManager) => Promise<unknown>
  readonly write: (manager: ConfigurationManager, id: string) => Promise<unknown>
}[] = [
  { action: 'create', write: (m) => m.prompts.create({ name: 'other', template: 'x', labels: ['staging', 'production'], ...BY }) },
  { action: 'version', write: (m) => m.prompts.createVersion({ name: 'greeting', template: 'x', labels: ['production'], ...BY }) },
  { action: 'promote', write: (m) => m.prompts.promote({ name: 'greeting', version: 2, ...BY }) },
  {
    action: 'rollback',
    before: (m) => m.prompts.promote({ name: 'greeting', version: 2 }),
    write: (m) => m.prompts.rollback({ name: 'greeting', ...BY }),
  },
  { action: 'remove_label', write: (m) => m.prompts.removeLabel({ name: 'greeting', label: 'production', ...BY }) },
  { action: 'deactivate', write: (m) => m.prompts.deactivate({ name: 'greeting', version: 1, force: true, ...BY }) },
  { action: 'deactivate', write: (m) => m.prompts.deactivate({ name: 'greeting', ...BY }) },
  {
    action: 'deactivate',
    before: (m) => m.rollouts.start({ kind: 'prompt', name: 'greeting', arms: HALVES }),
    write: (m) => m.prompts.deactivate({ name: 'greeting', version: 3, force: true, ...BY }),
  },
  { action: 'rollout_start', write: (m) => m.rollouts.start({ kind: 'prompt', name: 'greeting', arms: HALVES, ...BY }) },
  ...(['ramp', 'pause', 'resume', 'conclude'] as const).map((step) => ({
    action: `rollout_${step}`,
    before: async (m: ConfigurationManager) => {
      const { id } = await m.rollouts.start({ kind: 'prompt', name: 'greeting', arms: HALVES })
      if (step === 'resume') await m.rollouts.pause(id)
    },
    write: (m: ConfigurationManager, id: string) =>
      step === 'ramp'
        ? m.rollouts.ramp(id, { coverage: 5, ...BY })
        : step === 'conclude'
          ? m.rollouts.conclude(id, { winner: 3, ...BY })
          : m.rollouts[step](id, BY),
  })),
]

describe('a protected label', () => {
  it.each(VERBS)('is refused to $action without an authorize, and asked about with one', async ({ action, before, write }) => {
    const admin = fixture.manager()
    await aPrompt(admin)
    await before?.(admin)
    const { items } = await admin.rollouts.list({ project: fixture.project })
    const id = items[0]?.id ?? ''
    const asked: AuthorizeRequest[] = []
    let answer = false
    const closed = fixture.manager({ protectedLabels: ['production'] })
    const open = fixture.manager({
      protectedLabels: ['production'],
      authorize: (request) => {
        asked.push(request)
        return answer
      },
    })
    const untouched = await admin.changelog.list({ project: fixture.project })

    const refused = [await refusal(write(closed, id)), await refusal(write(open, id))]
    const after = await admin.changelog.list({ project: fixture.project })
    answer = true
    await write(open, id)

    expect(refused).toEqual([expect.objectContaining({ code: 'E_FORBIDDEN' }), expect.objectContaining({ code: 'E_FORBIDDEN' })])
    expect(refused[0]!.message).toContain('no authorize is configured')
    expect(after).toEqual(untouched)
    const request = { action, kind: 'prompt', project: fixture.project, label: 'production', protected: true, actor: 'eve' }
    expect(asked).toEqual([expect.objectContaining(request), expect.objectContaining(request)])
    expect((await admin.changelog.list({ project: fixture.project })).items.length).toBeGreaterThan(untouched.items.length)
  })

  it('leaves every other label and every read alone where nobody is asked', async () => {
    const manager = fixture.manager({ protectedLabels: ['production'] })
    await manager.prompts.create({ name: 'greeting', template: 'one', labels: ['staging'] })
    await manager.prompts.createVersion({ name: 'greeting', template: 'two' })
    await manager.prompts.promote({ name: 'greeting', version: 1, label: 'staging' })
    await manager.prompts.rollback({ name: 'greeting', label: 'staging' })
    const { id } = await manager.rollouts.start({ kind: 'prompt', name: 'greeting', label: 'staging', arms: [{ version: 1, weight: 1 }] })
    await manager.rollouts.conclude(id, { winner: 1 })
    await manager.prompts.removeLabel({ name: 'greeting', label: 'staging' })
    await manager.prompts.deactivate({ name: 'greeting' })

    expect(await manager.prompts.find({ name: 'greeting' })).toBeUndefined()
  })

  it('takes no answer but true for a yes, and a rejection for a no that says why', async () => {
    const admin = fixture.manager()
    await aPrompt(admin)
    const truthy = fixture.manager({ protectedLabels: ['production'], authorize: (() => 'yes') as never })
    const broken = fixture.manager({ protectedLabels: ['production'], authorize: () => Promise.reject(new Error('no directory')) })

    expect(await refusal(truthy.prompts.promote({ name: 'greeting', version: 2 }))).toMatchObject({ code: 'E_FORBIDDEN' })
    expect(await refusal(broken.prompts.promote({ name: 'greeting', version: 2 }))).toMatchObject({
      code: 'E_FORBIDDEN',
      message: expect.stringContaining('no directory'),
      cause: expect.objectContaining({ message: 'no directory' }),
    })
  })

  it('is asked about before the transaction, so that authorize may ask the database', async () => {
    const seen: (number | undefined)[] = []
    const manager: ConfigurationManager = fixture.manager({
      protectedLabels: ['production'],
      authorize: async ({ name }) => {
        const { items } = await manager.prompts.list({ search: name })
        seen.push(items.length)
        return true
      },
    })
    await manager.prompts.create({ name: 'greeting', template: 'one', labels: ['production'] })
    await manager.prompts.createVersion({ name: 'greeting', template: 'two', labels: ['production'] })
    await manager.prompts.ensure([{ name: 'seeded', fallback: 'x', templateFormat: 'f-string' }])
    await manager.prompts.ensure([{ name: 'seeded', fallback: 'x', templateFormat: 'f-string' }])

    // Not a fourth time: what is there is not written.
    expect(seen).toEqual([0, 1, 0])
  })

  it('that moves onto a version while its deactivation is being authorized is not taken away', async () => {
    const admin = fixture.manager()
    await aPrompt(admin)
    const asked: string[] = []
    const racing = fixture.manager({
      protectedLabels: ['production', 'canary'],
      authorize: async ({ labels }) => {
        asked.push(...labels)
        if (labels.includes('canary')) await admin.prompts.promote({ name: 'greeting', version: 2 })
        return true
      },
    })
    await admin.prompts.promote({ name: 'greeting', version: 2, label: 'canary' })

    const refused = await refusal(racing.prompts.deactivate({ name: 'greeting', version: 2, force: true }))

    expect(asked).toEqual(['canary'])
    expect(refused).toMatchObject({ code: 'E_FORBIDDEN', message: expect.stringContaining('"production"') })
    expect((await admin.prompts.find({ name: 'greeting', version: 2 }))?.labels).toEqual(['canary', 'production'])
  })

  it('protects model and embedding configs too', async () => {
    const asked: string[] = []
    const authorize = ({ kind, action, label }: AuthorizeRequest) => {
      asked.push(`${kind} ${action} ${label}`)
      return true
    }
    const manager = fixture.manager({ protectedLabels: ['production'], authorize })
    await manager.models.create({ name: 'm', provider: 'p', model: 'a', labels: ['production'] })
    await manager.embeddings.create({ name: 'e', embeddingModel: 'a', labels: ['production'] })
    await manager.rollouts.start({ kind: 'model', name: 'm', arms: [{ version: 1, weight: 1 }] })

    expect(asked).toEqual(['model create production', 'embedding create production', 'model rollout_start production'])
  })

  it.each([[['Production']], [['']], ['production']])('has to be one that can be set: %j', (protectedLabels) => {
    expect(() => createConfigManager({ database: fixture.url, protectedLabels: protectedLabels as string[] })).toThrow(
      expect.objectContaining({ code: 'E_INVALID_ARGUMENT' }),
    )
  })
})
