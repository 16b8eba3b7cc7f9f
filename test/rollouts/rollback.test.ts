import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ConfigurationManager } from '../../src/index.js'
import { aPrompt, HALVES, historyOf, refusal, useRollouts } from './fixture.js'
import { PromptModel } from './rollback-model.js'

const fixture = useRollouts()
const production = async (manager: ConfigurationManager, name = 'greeting') => (await manager.getPrompt(name))?.version

describe('rollback', () => {
  it('after promote goes back, and twice restores', async () => {
    const manager = fixture.manager()
    await aPrompt(manager)
    await manager.prompts.promote({ name: 'greeting', version: 3 })

    const first = await manager.prompts.rollback({ name: 'greeting', changedBy: 'ada' })
    const second = await manager.prompts.rollback({ name: 'greeting' })

    expect([first.version, second.version]).toEqual([1, 3])
    expect(await historyOf(manager)).toMatchObject([
      {},
      {},
      {},
      {},
      { changeType: 'rollback', previousVersion: 3, newVersion: 1, changedBy: 'ada' },
      {},
    ])
  })

  it('after a rollout with a winner goes back to where the label was', async () => {
    const manager = fixture.manager()
    await aPrompt(manager)
    await manager.prompts.promote({ name: 'greeting', version: 2 })
    const { id } = await manager.rollouts.start({ kind: 'prompt', name: 'greeting', arms: HALVES })
    await manager.rollouts.conclude(id, { winner: 3 })

    const versions = [
      (await manager.prompts.rollback({ name: 'greeting' })).version,
      (await manager.prompts.rollback({ name: 'greeting' })).version,
    ]

    expect(versions).toEqual([2, 3])
  })

  it('after removeLabel and after a forced deactivation restores, past versions that are not active', async () => {
    const manager = fixture.manager()
    await aPrompt(manager)
    await manager.prompts.promote({ name: 'greeting', version: 2 })
    await manager.prompts.removeLabel({ name: 'greeting', label: 'production' })
    const restored = await manager.prompts.rollback({ name: 'greeting' })
    await manager.prompts.deactivate({ name: 'greeting', version: 2, force: true })
    const past = await manager.prompts.rollback({ name: 'greeting' })

    expect([restored.version, past.version]).toEqual([2, 1])
  })

  it('with nothing to go back to is refused', async () => {
    const manager = fixture.manager()
    await aPrompt(manager)

    expect(await refusal(manager.prompts.rollback({ name: 'greeting' }))).toMatchObject({ code: 'E_NOT_FOUND' })
    expect(await refusal(manager.prompts.rollback({ name: 'nobody' }))).toMatchObject({ code: 'E_NOT_FOUND' })
  })

  it('lands where a plain model says, in 100 random histories with rollouts', async () => {
    const manager = fixture.manager()
    const version = fc.integer({ min: 1, max: 5 })
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.record({ do: fc.constant('promote' as const), version, force: fc.boolean() }) },
      { weight: 4, arbitrary: fc.record({ do: fc.constant('rollback' as const) }) },
      fc.record({ do: fc.constant('add' as const), hasLabel: fc.boolean() }),
      fc.record({ do: fc.constant('removeLabel' as const), force: fc.boolean() }),
      fc.record({ do: fc.constant('deactivate' as const), version, force: fc.boolean() }),
      fc.record({ do: fc.constant('activate' as const), version }),
      {
        weight: 2,
        arbitrary: fc.record({ do: fc.constant('start' as const), arms: fc.uniqueArray(version, { minLength: 1, maxLength: 2 }) }),
      },
      fc.record({ do: fc.constant('pause' as const) }),
      fc.record({ do: fc.constant('resume' as const) }),
      { weight: 2, arbitrary: fc.record({ do: fc.constant('conclude' as const), winner: fc.option(version, { nil: undefined }) }) },
    )
    let runs = 0
    const done = { rollback: 0, conclude: 0, paused: 0 }

    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 10 }), async (steps) => {
        const name = `history-${runs++}`
        const model = new PromptModel()
        const { prompts, rollouts } = manager
        let id = ''
        const succeeds = async (work: Promise<unknown>) => {
          const { code } = await work.then(
            () => ({ code: undefined }),
            (error: { code?: string }) => error,
          )
          expect([undefined, 'E_NOT_FOUND', 'E_IN_USE', 'E_INVALID_ARGUMENT', 'E_ALREADY_EXISTS']).toContain(code)
          return code === undefined
        }
        const start = async (arms: readonly number[]) => {
          const started = await rollouts.start({ kind: 'prompt', name, arms: arms.map((version) => ({ version, weight: 1 })) })
          id = started.id
        }
        for (let version = 1; version <= 3; version++) {
          model.add(version === 1)
          await prompts.createVersion({ name, template: `v${version}`, labels: version === 1 ? ['production'] : [] })
        }
        for (const one of steps) {
          let expected: boolean
          let actual: boolean
          switch (one.do) {
            case 'promote':
              expected = model.promote(one.version, one.force)
              actual = await succeeds(prompts.promote({ name, version: one.version, force: one.force }))
              break
            case 'rollback':
              expected = model.rollback()
              actual = await succeeds(prompts.rollback({ name }))
              break
            case 'add':
              expected = model.add(one.hasLabel)
              actual = await succeeds(prompts.createVersion({ name, template: 'new', labels: one.hasLabel ? ['production'] : [] }))
              break
            case 'removeLabel':
              expected = model.removeLabel(one.force)
              actual = await succeeds(prompts.removeLabel({ name, label: 'production', force: one.force }))
              break
            case 'deactivate':
              expected = model.deactivate(one.version, one.force)
              actual = await succeeds(prompts.deactivate({ name, version: one.version, force: one.force }))
              break
            case 'activate':
              expected = model.activate(one.version)
              actual = await succeeds(prompts.activate({ name, version: one.version }))
              break
            case 'start':
              expected = model.start(one.arms)
              actual = await succeeds(start(one.arms))
              break
            case 'conclude':
              expected = model.conclude(one.winner)
              actual = await succeeds(rollouts.conclude(id || 'none', one.winner === undefined ? {} : { winner: one.winner }))
              break
            default:
              expected = model[one.do]()
              actual = await succeeds(rollouts[one.do](id || 'none'))
          }
          expect([one.do, actual]).toEqual([one.do, expected])
          if (actual && one.do in done) done[one.do as 'rollback']++
          if (one.do === 'rollback' && actual && model.rollout) done.paused++
          expect(await production(manager, name)).toBe(model.label !== undefined && model.active.has(model.label) ? model.label : undefined)
        }
        const open = await rollouts.list({ name, project: fixture.project })
        expect(open.items.find(({ status }) => status !== 'concluded')?.status).toBe(model.rollout?.status)
        const { items } = await prompts.list({ search: name, label: 'production', activeOnly: false })
        expect(items.map((item) => item.version)).toEqual(model.label === undefined ? [] : [model.label])
      }),
      { numRuns: 100 },
    )

    expect(Math.min(...Object.values(done))).toBeGreaterThan(0)
  })
})
