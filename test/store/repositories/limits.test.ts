import { describe, expect, it } from 'vitest'
import { LIMITS } from '../../../src/shared/arguments.js'
import { caught, useStore } from '../fixture.js'

const store = useStore()
const MIB = 1024 * 1024
const tooLong = 'x'.repeat(MIB + 1)
const big = { text: tooLong }

describe('a value of more than a mebibyte is refused before anything is sent', () => {
  const prompt = { name: 'limits', template: 'a' }
  const model = { name: 'limits', provider: 'ollama', model: 'llama3' }
  const { prompts, models, embeddings, contextRules } = lazily()

  it.each([
    ['template', () => prompts().create({ ...prompt, template: tooLong })],
    ['template', () => prompts().create({ ...prompt, template: [{ role: 'user', content: tooLong }] })],
    ['parameters', () => prompts().create({ ...prompt, parameters: big })],
    ['description', () => prompts().create({ ...prompt, description: tooLong })],
    ['model', () => prompts().create({ ...prompt, model: tooLong })],
    ['parameters', () => models().create({ ...model, parameters: big })],
    ['model', () => models().create({ ...model, model: tooLong })],
    ['fallbacks[0].parameters', () => models().create({ ...model, fallbacks: [{ provider: 'a', model: 'b', parameters: big }] })],
    ['fallbacks', () => models().create({ ...model, fallbacks: Array(40).fill({ provider: 'a', model: 'b'.repeat(MIB / 32) }) })],
    ['parameters', () => embeddings().create({ name: 'limits', embeddingModel: 'bge-m3', parameters: big })],
    ['embeddingModel', () => embeddings().create({ name: 'limits', embeddingModel: tooLong })],
    ['important', () => contextRules().create({ context: 'limits', important: tooLong })],
    ['ignore', () => contextRules().create({ context: 'limits', ignore: tooLong })],
    ['description', () => contextRules().create({ context: 'limits', description: tooLong })],
  ])('%s', async (field, write) => {
    const error = await caught(write)

    expect(error).toMatchObject({ code: 'E_INVALID_ARGUMENT', field, message: expect.stringContaining('1 MiB') })
  })

  function lazily() {
    return {
      prompts: () => store.repositories().prompts,
      models: () => store.repositories().models,
      embeddings: () => store.repositories().embeddings,
      contextRules: () => store.repositories().contextRules,
    }
  }
})

it('refuses an author and a summary that are longer than anybody reads', async () => {
  const { prompts } = store.repositories()
  const draft = { name: 'limits', template: 'a' }

  const author = await caught(() => prompts.create({ ...draft, changedBy: 'a'.repeat(LIMITS.author + 1) }))
  const summary = await caught(() => prompts.create({ ...draft, summary: 'a'.repeat(LIMITS.summary + 1) }))

  expect(author).toMatchObject({ code: 'E_INVALID_ARGUMENT', field: 'changedBy' })
  expect(summary).toMatchObject({ code: 'E_INVALID_ARGUMENT', field: 'summary' })
})

it('counts bytes, and takes what is just within', async () => {
  const { prompts } = store.repositories()
  const within = 'é'.repeat(MIB / 2)

  const { description, parameters } = await prompts.create({
    name: 'within',
    template: 'a',
    description: within,
    parameters: { text: 'x'.repeat(MIB - 11) },
    changedBy: 'a'.repeat(LIMITS.author),
    summary: 'a'.repeat(LIMITS.summary),
  })
  const error = await caught(() => prompts.create({ name: 'beyond', template: 'a', description: `${within}é` }))

  expect([description?.length, JSON.stringify(parameters).length]).toEqual([MIB / 2, MIB])
  expect(error).toMatchObject({ field: 'description' })
})
