import { describe, expect, it } from 'vitest'
import type { ConfigurationManager } from '../../src/index.js'
import { aPrompt, HALVES, historyOf, refusal, useRollouts } from './fixture.js'

const fixture = useRollouts()

/** Writes that would pull the ground from under a rollout of versions 2 and 3 on production, which is on version 1. */
const DISTURBANCES: readonly {
  readonly verb: string
  readonly write: (manager: ConfigurationManager, force?: boolean) => Promise<unknown>
}[] = [
  { verb: 'promote', write: (m, force) => m.prompts.promote({ name: 'greeting', version: 2, changedBy: 'ada', ...(force && { force }) }) },
  {
    verb: 'remove_label',
    write: (m, force) => m.prompts.removeLabel({ name: 'greeting', label: 'production', changedBy: 'ada', ...(force && { force }) }),
  },
  {
    verb: 'deactivate',
    write: (m, force) => m.prompts.deactivate({ name: 'greeting', version: 3, changedBy: 'ada', ...(force && { force }) }),
  },
  { verb: 'deactivate', write: (m, force) => m.prompts.deactivate({ name: 'greeting', changedBy: 'ada', ...(force && { force }) }) },
]

describe('under a running rollout', () => {
  it.each(DISTURBANCES)('$verb is refused, and by force pauses it and says so in the changelog', async ({ verb, write }) => {
    const manager = fixture.manager()
    await aPrompt(manager)
    const { id } = await manager.rollouts.start({ kind: 'prompt', name: 'greeting', arms: HALVES })
    const rows = (await historyOf(manager)).length

    const refused = await refusal(write(manager))
    const untouched = (await historyOf(manager)).length
    await write(manager, true)
    const [paused, ...disturbing] = (await historyOf(manager)).slice(rows)

    expect(refused).toMatchObject({ code: 'E_IN_USE', message: expect.stringContaining(id) })
    expect(untouched).toBe(rows)
    expect(paused).toMatchObject({
      changeType: 'rollout_pause',
      changeSummary: `Paused by ${verb}`,
      changedBy: 'ada',
      previousData: { rollout: { id, status: 'running' } },
      newData: { rollout: { id, status: 'paused' }, force: true },
    })
    expect(disturbing.length).toBeGreaterThan(0)
    for (const row of disturbing) {
      // In one transaction with the pause.
      expect(row).toMatchObject({ changeType: verb, revision: paused!.revision, changedBy: 'ada', newData: { force: true } })
    }
    expect(await manager.rollouts.find(id)).toMatchObject({ status: 'paused' })
  })

  it('force on deactivate names the labels it took', async () => {
    const manager = fixture.manager()
    await aPrompt(manager)
    await manager.rollouts.start({ kind: 'prompt', name: 'greeting', arms: [{ version: 1, weight: 1 }] })

    const refused = await refusal(manager.prompts.deactivate({ name: 'greeting', version: 1 }))
    await manager.prompts.deactivate({ name: 'greeting', version: 1, force: true })

    expect(refused).toMatchObject({ code: 'E_IN_USE', message: expect.stringContaining('"production"') })
    expect((await historyOf(manager)).at(-1)).toMatchObject({
      changeType: 'deactivate',
      previousData: { isActive: true, labels: { production: 1 } },
      newData: { isActive: false, labels: { production: null }, force: true },
    })
  })

  it('a new version is not given the label, and is written without it', async () => {
    const manager = fixture.manager()
    await aPrompt(manager)
    await manager.rollouts.start({ kind: 'prompt', name: 'greeting', arms: HALVES })

    const refused = await refusal(manager.prompts.createVersion({ name: 'greeting', template: 'v4', labels: ['production'] }))
    const written = await manager.prompts.createVersion({ name: 'greeting', template: 'v4' })

    expect(refused).toMatchObject({ code: 'E_IN_USE', message: expect.not.stringContaining('force') })
    expect(written).toMatchObject({ version: 4, labels: ['staging'] })
  })

  it('other labels, other versions and other names are free', async () => {
    const manager = fixture.manager()
    await aPrompt(manager, 'greeting', 4)
    await aPrompt(manager, 'other')
    await manager.rollouts.start({ kind: 'prompt', name: 'greeting', arms: HALVES })

    await manager.prompts.promote({ name: 'greeting', version: 3, label: 'staging' })
    await manager.prompts.removeLabel({ name: 'greeting', label: 'staging' })
    await manager.prompts.deactivate({ name: 'greeting', version: 4 })
    await manager.prompts.promote({ name: 'other', version: 2 })
    await manager.prompts.deactivate({ name: 'other' })

    expect((await manager.rollouts.list({ project: fixture.project })).items).toMatchObject([{ status: 'running' }])
  })

  it('rollback pauses it without being asked to, so that nobody keeps a bad arm', async () => {
    const manager = fixture.manager()
    await aPrompt(manager)
    await manager.prompts.promote({ name: 'greeting', version: 2 })
    const { id } = await manager.rollouts.start({ kind: 'prompt', name: 'greeting', arms: [{ version: 3, weight: 1 }] })
    const before = await manager.getPrompt('greeting', { subject: 'user-7' })

    await manager.prompts.rollback({ name: 'greeting' })
    const after = await manager.getPrompt('greeting', { subject: 'user-7' })

    expect(before).toMatchObject({ version: 3, selection: { reason: 'split' } })
    expect(after).toMatchObject({ version: 1, selection: { reason: 'paused', rolloutId: id } })
    expect((await historyOf(manager)).slice(-2)).toMatchObject([
      { changeType: 'rollout_pause', changeSummary: 'Paused by rollback' },
      { changeType: 'rollback' },
    ])
  })
})

it('a paused rollout is in nobody’s way, and resumes only on what is there', async () => {
  const manager = fixture.manager()
  await aPrompt(manager)
  const { id } = await manager.rollouts.start({ kind: 'prompt', name: 'greeting', arms: HALVES })
  await manager.rollouts.pause(id)
  await manager.prompts.promote({ name: 'greeting', version: 2 })
  await manager.prompts.deactivate({ name: 'greeting', version: 3 })

  const refused = await refusal(manager.rollouts.resume(id))
  await manager.prompts.activate({ name: 'greeting', version: 3 })
  const resumed = await manager.rollouts.resume(id)

  expect(refused).toMatchObject({ code: 'E_INVALID_ARGUMENT', message: expect.stringMatching(/arms\[1\]\.version.*3.*was deactivated/) })
  expect(resumed).toMatchObject({ status: 'running' })
})

describe('expectedVersion', () => {
  it('lets the promotion through only when the label is there', async () => {
    const manager = fixture.manager()
    await aPrompt(manager)

    const refused = await refusal(manager.prompts.promote({ name: 'greeting', version: 3, expectedVersion: 2 }))
    const absent = await refusal(manager.prompts.promote({ name: 'greeting', version: 3, label: 'nowhere', expectedVersion: 2 }))
    const promoted = await manager.prompts.promote({ name: 'greeting', version: 2, expectedVersion: 1 })

    expect(refused).toMatchObject({ code: 'E_VERSION_CONFLICT', label: 'production', expected: 2, actual: 1 })
    expect(absent).toMatchObject({ code: 'E_VERSION_CONFLICT', label: 'nowhere', expected: 2, actual: undefined })
    expect(promoted).toMatchObject({ version: 2, labels: ['production'] })
  })

  it('lets one of many promotions at once win', async () => {
    const manager = fixture.manager()
    await aPrompt(manager, 'greeting', 6)

    const outcomes = await Promise.allSettled(
      [2, 3, 4, 5, 6].map((version) => manager.prompts.promote({ name: 'greeting', version, expectedVersion: 1 })),
    )

    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    for (const outcome of outcomes) if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'E_VERSION_CONFLICT' })
  })
})
