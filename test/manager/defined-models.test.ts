import * as v from 'valibot'
import { afterAll, beforeAll, expect, expectTypeOf, it } from 'vitest'
import { type ConfigurationManager, createConfigManager, defineModel } from '../../src/index.js'
import { createTestDatabase, type TestDatabase } from '../support/test-database.js'

const Summarizer = defineModel({
  name: 'summarizer',
  fallback: { provider: 'ollama', model: 'qwen3:14b', parameters: { temperature: 0 } },
  parameters: v.strictObject({ temperature: v.number(), top_k: v.optional(v.number(), 40) }),
})

let database: TestDatabase
let manager: ConfigurationManager
beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())

function aManager(project: string): ConfigurationManager {
  manager = createConfigManager({ database: database.url, redis: false, project })
  return manager
}

it('a definition is typed, and stands in while nothing is stored or what is stored does not fit', async () => {
  await using models = aManager('read')
  const fallbacks: { error: unknown }[] = []
  models.on('fallback', (event) => void fallbacks.push(event))

  const code = await models.getModelConfig(Summarizer)
  await models.models.create({ name: 'summarizer', provider: 'fake', model: 'm', parameters: { temperature: 1 }, labels: ['production'] })
  const stored = await models.getModelConfig(Summarizer)
  await models.models.createVersion({
    name: 'summarizer',
    provider: 'fake',
    model: 'm',
    parameters: { temprature: 1 },
    labels: ['production'],
  })
  const wrong = await models.getModelConfig(Summarizer)

  expectTypeOf(code.parameters).toEqualTypeOf<{ temperature: number; top_k: number }>()
  expect(code).toMatchObject({ source: 'fallback', version: 0, provider: 'ollama', parameters: { temperature: 0, top_k: 40 } })
  expect(stored).toMatchObject({ version: 1, provider: 'fake', parameters: { temperature: 1, top_k: 40 } })
  expect(wrong).toMatchObject({ source: 'fallback', provider: 'ollama' })
  expect(fallbacks).toEqual([
    expect.objectContaining({ name: 'summarizer', error: undefined }),
    expect.objectContaining({ error: expect.objectContaining({ message: expect.stringContaining('temprature') }) }),
  ])
  expect(await models.getModelConfig(Summarizer, { version: 9 })).toBeUndefined()
})

it('ensure writes what is missing, and nothing else', async () => {
  await using models = aManager('ensure')

  expect(await models.models.ensure([Summarizer], { changedBy: 'deploy' })).toMatchObject({ created: ['summarizer'] })
  expect(await models.models.ensure([Summarizer])).toMatchObject({ created: [] })

  expect(await models.getModelConfig('summarizer')).toMatchObject({
    provider: 'ollama',
    parameters: { temperature: 0 },
    createdBy: 'deploy',
  })
})

it('a registered definition refuses parameters that do not fit: for a label, and for an arm', async () => {
  await using models = aManager('gate')
  models.registerModel(Summarizer)
  const draft = { name: 'summarizer', provider: 'fake', model: 'm' }
  await models.models.create({ ...draft, parameters: { temperature: 1 }, labels: ['production'] })
  await models.models.createVersion({ ...draft, parameters: { temprature: 1 }, labels: [] })

  const refused = { code: 'E_INVALID_ARGUMENT', field: 'parameters' }
  await expect(models.models.promote({ name: 'summarizer', version: 2 })).rejects.toMatchObject(refused)
  await expect(models.models.createVersion({ ...draft, parameters: {}, labels: ['beta'] })).rejects.toMatchObject(refused)
  const start = { kind: 'model', name: 'summarizer', arms: [{ version: 2, weight: 1 }] } as const
  await expect(models.rollouts.start(start)).rejects.toMatchObject(refused)
  await models.models.promote({ name: 'summarizer', version: 2, force: true })
})

it('a definition that cannot work is refused', () => {
  const options = { name: 'm', fallback: { provider: 'p', model: 'm' } }
  expect(() => defineModel({ ...options, name: '' })).toThrow(expect.objectContaining({ field: 'name' }))
  expect(() => defineModel({ name: 'm' } as never)).toThrow(expect.objectContaining({ field: 'fallback' }))
  expect(() => defineModel({ ...options, fallback: { provider: '', model: 'm' } })).toThrow(
    expect.objectContaining({ field: 'fallback.provider' }),
  )
  expect(() => defineModel({ ...options, parameters: {} as never })).toThrow(expect.objectContaining({ field: 'parameters' }))
  expect(() => defineModel({ ...options, parameters: v.object({ temperature: v.number() }) })).toThrow(
    expect.objectContaining({ field: 'fallback.parameters', message: expect.stringContaining('temperature') }),
  )
})
