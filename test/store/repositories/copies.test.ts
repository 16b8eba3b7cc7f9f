import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ConfigurationManager, createConfigManager, definePrompt, PromptRepository } from '../../../src/index.js'
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js'
import { caught } from '../fixture.js'

let database: TestDatabase
let manager: ConfigurationManager

beforeAll(async () => {
  database = await createTestDatabase()
  manager = createConfigManager({ database: database.url, redis: false })
})
afterAll(async () => {
  await manager.shutdown()
  await database.drop()
})

describe('a copy', () => {
  it('has the content of the version, under another name and in another project, and says where it is from', async () => {
    const { prompts } = manager
    const template = [{ role: 'system' as const, content: 'Sort {ticket}' }]
    await prompts.create({ name: 'triage', template, description: 'sorts', model: 'm', parameters: { temperature: 0.2 } })
    await prompts.createVersion({ name: 'triage', template: 'text now' })

    const copied = await prompts.copy({ name: 'triage', version: 1, to: { name: 'sorting', project: 'billing' }, changedBy: 'ada' })

    expect(copied).toMatchObject({ project: 'billing', name: 'sorting', version: 1, labels: ['staging'], type: 'chat', template })
    expect(copied).toMatchObject({ description: 'sorts', model: 'm', parameters: { temperature: 0.2 }, createdBy: 'ada' })
    const [change] = await prompts.history({ name: 'sorting', project: 'billing' })
    expect(change).toMatchObject({
      changeType: 'create',
      changedBy: 'ada',
      changeSummary: expect.stringContaining('v1 of prompt "triage"'),
    })
    expect(await prompts.diff({ name: 'sorting', project: 'billing', from: 1, to: 1 })).toMatchObject({ fields: [] })
  })

  it('without a version is of the latest, and without a destination the next version of its own name', async () => {
    const { models } = manager
    await models.create({ name: 'm', provider: 'a', model: 'one', fallbacks: [{ provider: 'b', model: 'two' }] })
    await models.createVersion({ name: 'm', provider: 'a', model: 'three' })
    await models.deactivate({ name: 'm', version: 2, force: true })

    const copied = await models.copy({ name: 'm', labels: ['production'], summary: 'as it was' })

    expect(copied).toMatchObject({ version: 3, model: 'one', fallbacks: [{ provider: 'b', model: 'two' }], labels: ['production'] })
    expect((await models.history({ name: 'm' }))[0]).toMatchObject({ changeType: 'version', changeSummary: 'as it was' })
  })

  it('of what is not there is refused, and so is one that the code cannot fill', async () => {
    const { prompts, embeddings } = manager
    manager.registerPrompt(definePrompt({ name: 'typed', fallback: 'x' }))
    await prompts.create({ name: 'needs', template: 'needs {tone}' })

    expect(await caught(() => prompts.copy({ name: 'nobody' }))).toMatchObject({ code: 'E_NOT_FOUND' })
    expect(await caught(() => embeddings.copy({ name: 'nobody', version: 3 }))).toMatchObject({ code: 'E_NOT_FOUND' })
    expect(await caught(() => prompts.copy({ name: 'needs', to: { nmae: 'x' } as never }))).toMatchObject({ field: 'to.nmae' })
  })
})

describe("the manager's label", () => {
  it('is what its own writers move, split and take back', async () => {
    const live = createConfigManager({ database: database.url, redis: false, label: 'live' })
    await live.prompts.create({ name: 'own', template: 'one' })
    await live.prompts.createVersion({ name: 'own', template: 'two' })

    await live.prompts.promote({ name: 'own', version: 1 })
    const one = await live.getPrompt('own')
    await live.prompts.promote({ name: 'own', version: 2 })
    await live.prompts.rollback({ name: 'own' })
    const back = await live.getPrompt('own')
    const rollout = await live.rollouts.start({ kind: 'prompt', name: 'own', arms: [{ version: 2, weight: 1 }] })
    const split = await live.getPrompt('own', { subject: 'user-7' })
    await live.prompts.ensure([definePrompt({ name: 'seeded', fallback: 'x' })])
    const seeded = await live.prompts.find({ name: 'seeded' })
    await live.shutdown()

    expect([one?.template, back?.template, split?.template]).toEqual(['one', 'one', 'two'])
    expect(rollout.label).toBe('live')
    expect(seeded?.labels).toEqual(['live'])
    expect(await manager.getPrompt('own')).toBeUndefined()
  })

  it('stands in the options of a repository used alone, and is checked there', async () => {
    const alone = new PromptRepository(database.url, { label: 'live' })

    expect(await alone.promote({ name: 'own', version: 2, force: true })).toMatchObject({ labels: ['live', 'staging'] })
    expect(() => new PromptRepository(database.url, { label: 'latest' })).toThrow(expect.objectContaining({ field: 'label' }))
  })

  it('that is latest leaves writers with production, since latest cannot be moved', async () => {
    const latest = createConfigManager({ database: database.url, redis: false, label: 'latest' })
    const promoted = await latest.prompts.promote({ name: 'own', version: 1 })
    await latest.shutdown()

    expect(promoted.labels).toEqual(['production'])
  })
})
