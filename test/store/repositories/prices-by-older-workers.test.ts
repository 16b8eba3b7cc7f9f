import { expect, it } from 'vitest'
import { MODEL_KIND } from '../../../src/kinds/model.js'
import { caught, useStore } from '../fixture.js'

const store = useStore()
const prices = { inputPerMillion: 2, outputPerMillion: 8, currency: 'USD' }

it('a version by a worker that knows no prices has none, and the next one by a worker that does is its own', async () => {
  const { models, embeddings, project } = store.repositories()
  await models.create({ name: 'a', provider: 'p', model: 'm', prices })
  await embeddings.create({ name: 'a', embeddingModel: 'm', dimensions: 768 })
  // The columns that releases before this one write.
  await store.sql(`
    insert into agent_config.model_configs (project, name, version, model_provider, model_name, parameters, fallbacks)
      values ('${project}', 'a', 2, 'p', 'm', '{}', '[]');
    insert into agent_config.embedding_configs (project, name, version, embedding_model, chunk_size, chunk_overlap, chunking_strategy, parameters)
      values ('${project}', 'a', 2, 'm', 512, 50, 'late_chunking', '{}')`)

  expect((await models.find({ name: 'a' }))?.prices).toBeNull()
  expect((await embeddings.find({ name: 'a' }))?.dimensions).toBeNull()
  expect((await models.createVersion({ name: 'a', provider: 'p', model: 'm' })).prices).toBeNull()
  expect((await models.find({ name: 'a', version: 1 }))?.prices).toEqual(prices)
})

it('a row of a document from before the migration has no prices, rather than being no row', () => {
  const row = {
    id: 1,
    project: 'p',
    name: 'a',
    version: 1,
    created_at: '2026-01-01',
    model_provider: 'p',
    model_name: 'm',
    parameters: {},
    fallbacks: [],
  }

  expect(MODEL_KIND.decode(row)).toMatchObject({ prices: null })
})

it('prices that are no object, and dimensions below 1, are refused to plain SQL too', async () => {
  const { project } = store.repositories()
  const insert = (table: string, columns: string, values: string) =>
    caught(() =>
      store.sql(`insert into agent_config.${table} (project, name, version, ${columns}) values ('${project}', 'b', 1, ${values})`),
    )

  expect(String(await insert('model_configs', 'model_provider, model_name, prices', "'p', 'm', '3'"))).toContain('check constraint')
  expect(String(await insert('embedding_configs', 'embedding_model, dimensions', "'m', 0"))).toContain('check constraint')
})
