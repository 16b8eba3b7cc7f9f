import { afterAll, beforeAll, expect, it } from 'vitest'
import { type ConfigurationManager, createConfigManager, definePrompt } from '../../src/index.js'
import { instrument, promptAttributes } from '../../src/otel/index.js'
import { createTestDatabase, type TestDatabase } from '../support/test-database.js'
import { useOtel } from './otel-sdk.js'

const otel = useOtel()
let database: TestDatabase
let manager: ConfigurationManager
beforeAll(async () => {
  database = await createTestDatabase()
  manager = createConfigManager({ database: database.url, redis: false })
  await manager.prompts.create({ name: 'greeting', template: 'Hi {who}', labels: ['production'] })
})
afterAll(async () => {
  await manager.shutdown()
  await database.drop()
})

it('meters tell hits by tier, loads, lag, catch-ups and breakers, until they are stopped', async () => {
  const stop = instrument(manager, { meter: otel.meter })
  for (let read = 0; read < 3; read++) await manager.getPrompt('greeting')
  const { memory, database: loads } = manager.stats()

  const memoryTier = { 'agent_config.cache.tier': 'memory' }
  expect(await otel.points('agent_config.cache.hits')).toContainEqual({ attributes: memoryTier, value: memory.hits })
  expect(await otel.points('agent_config.cache.misses')).toContainEqual({ attributes: memoryTier, value: memory.misses })
  expect(await otel.points('agent_config.loads')).toEqual([{ attributes: {}, value: loads.loads }])
  expect(await otel.points('agent_config.revision.lag')).toEqual([{ attributes: {}, value: 0 }])
  expect(await otel.points('agent_config.breaker.open')).toEqual([{ attributes: { 'agent_config.server': 'database' }, value: 0 }])
  expect((await otel.points('agent_config.catch_ups'))[0]?.value).toBeGreaterThan(0)
  expect((await otel.points('agent_config.revision'))[0]?.value).toBe(manager.stats().revision)

  stop()
  const before = (await otel.points('agent_config.cache.hits')).length
  await manager.getPrompt('greeting')
  expect((await otel.points('agent_config.cache.hits')).length).toBeLessThanOrEqual(before)
})

it('a tracer tells of changes and of fallbacks', async () => {
  const stop = instrument(manager, { tracer: otel.tracer })

  await manager.prompts.createVersion({ name: 'greeting', template: 'Hello {who}', labels: ['production'] })
  await manager.getPrompt(definePrompt({ name: 'absent', fallback: 'x' }))
  stop()
  await manager.getPrompt(definePrompt({ name: 'absent', fallback: 'x' }))

  expect(otel.spans().map(({ name, attributes }) => [name, attributes['agent_config.name']])).toEqual([
    ['config change', 'greeting'],
    ['config fallback', 'absent'],
  ])
})

it('promptAttributes names a stored prompt, for the conventions and for Langfuse, and one in code by its name alone', async () => {
  const prompt = await manager.getPrompt('greeting', { version: 1 })
  const code = await manager.getPrompt(definePrompt({ name: 'absent', fallback: 'x' }))

  expect(promptAttributes(prompt!)).toEqual({
    'gen_ai.prompt.name': 'greeting',
    'gen_ai.prompt.version': '1',
    'agent_config.prompt.label': 'production',
    'agent_config.prompt.source': expect.any(String),
    'langfuse.observation.prompt.name': 'greeting',
    'langfuse.observation.prompt.version': 1,
  })
  expect(promptAttributes(code)).toEqual({ 'gen_ai.prompt.name': 'absent', 'agent_config.prompt.source': 'fallback' })
})
