import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { migrateToLatest } from '../../src/migrations.js'
import { BUSY_MS } from '../support/busy-machine.js'
import { startPrivatePostgres } from '../support/private-postgres.js'
import type { Server } from '../support/services/server.js'
import { NO_POLL, refusal, useManagers } from './managers.js'

let postgres: Server
const start = useManagers()

beforeAll(async () => {
  postgres = await startPrivatePostgres()
  await migrateToLatest(postgres.url)
})
afterEach(() => postgres.thaw())
afterAll(() => postgres.stop())

/** A worker that hears nothing, as a frozen process, and a writer. */
async function aDeafWorker(project: string) {
  const shared = { database: postgres.url, project, listen: false as const, ...NO_POLL }
  const [writer, worker] = await Promise.all([start(shared), start(shared)])
  await writer.prompts.create({ name: 'p', template: 'old', labels: ['production'] })
  await writer.models.create({ name: 'm', provider: 'ollama', model: 'old', labels: ['production'] })
  await writer.embeddings.create({ name: 'e', embeddingModel: 'old' })
  await writer.contextRules.create({ context: 'c', important: 'old' })
  await worker.catchUp()
  await Promise.all([worker.getPrompt('p'), worker.getModelConfig('m'), worker.getEmbeddingConfig('e'), worker.getContextRules()])
  return { writer, worker }
}

const QUERY = { maxStalenessMs: 50 }

describe('maxStalenessMs', () => {
  it('looks at the log first when the last look is older', async () => {
    const { writer, worker } = await aDeafWorker('stale')
    await writer.prompts.createVersion({ name: 'p', template: 'new', labels: ['production'] })
    await writer.models.createVersion({ name: 'm', provider: 'ollama', model: 'new', labels: ['production'] })
    await writer.embeddings.createVersion({ name: 'e', embeddingModel: 'new' })
    await writer.contextRules.createVersion({ context: 'c', important: 'new' })
    await new Promise((resolve) => setTimeout(resolve, 60))

    const without = (await worker.getPrompt('p'))?.template
    const peeked = worker.peekPrompt('p', QUERY)
    const [prompt, model, embedding, rules] = await Promise.all([
      worker.getPrompt('p', QUERY),
      worker.getModelConfig('m', QUERY),
      worker.getEmbeddingConfig('e', QUERY),
      worker.getContextRules('c', QUERY),
    ])

    expect([without, peeked]).toEqual(['old', undefined])
    expect([prompt?.template, model?.model, embedding?.embeddingModel, rules[0]?.important]).toEqual(['new', 'new', 'new', 'new'])
    expect(prompt?.stale).toBe(false)
  })

  it('costs one look for all that ask together, and none while the last is young enough', async () => {
    const { worker } = await aDeafWorker('shared')
    await new Promise((resolve) => setTimeout(resolve, 60))
    const before = worker.stats()

    await Promise.all(Array.from({ length: 100 }, () => worker.getPrompt('p', QUERY)))
    await Promise.all(Array.from({ length: 100 }, () => worker.getPrompt('p', { maxStalenessMs: 60_000 })))
    const peeked = worker.peekPrompt('p', { maxStalenessMs: 60_000 })
    const after = worker.stats()

    expect(after.catchUps - before.catchUps).toBeLessThanOrEqual(2)
    expect(after.database.loads).toBe(before.database.loads)
    expect(peeked?.template).toBe('old')
  })

  it('rejects when the log cannot be looked at in time; what does not ask goes on', async () => {
    const { worker } = await aDeafWorker('frozen')
    await postgres.freeze()
    await new Promise((resolve) => setTimeout(resolve, 60))

    const before = performance.now()
    const error = await refusal(worker.getPrompt('p', QUERY))
    const ms = performance.now() - before

    expect(error.code).toBe('E_STORE_UNAVAILABLE')
    expect(ms).toBeLessThan(2_500 + BUSY_MS)
    expect((await worker.getPrompt('p'))?.template).toBe('old')
    expect(worker.peekPrompt('p', QUERY)).toBeUndefined()
  })

  it.each([[-1], [Number.NaN], ['5'], [null]])('refuses %s', async (maxStalenessMs) => {
    const { worker } = await aDeafWorker(`refused-${maxStalenessMs}`)

    const error = await refusal(worker.getPrompt('p', { maxStalenessMs: maxStalenessMs as number }))

    expect(error).toMatchObject({ code: 'E_INVALID_ARGUMENT', field: 'maxStalenessMs' })
  })
})
