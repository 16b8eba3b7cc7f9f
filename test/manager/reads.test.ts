import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { JsonObject } from '../../src/entities/json.js'
import { eventually } from '../support/eventually.js'
import { createTestDatabase, type TestDatabase } from '../support/test-database.js'
import { testRedisUrl, uniqueNamespace } from '../support/test-redis.js'
import { DOCUMENT_READ, gatedPool } from './gated-pool.js'
import { NO_POLL, refusal, useManagers } from './managers.js'

let database: TestDatabase
const start = useManagers()

beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())

describe('what does not exist', () => {
  it('is asked for once, and served when another process creates it', async () => {
    const shared = { database: database.url, project: 'absent', ...NO_POLL }
    const [reader, writer] = await Promise.all([start(shared), start(shared)])

    const absent = [await reader.getPrompt('p'), await reader.getPrompt('p'), await reader.getPrompt('p', { label: 'staging' })]
    const { loads } = reader.stats().database
    const { revision } = await writer.prompts.create({ name: 'p', template: 'x', labels: ['production'] })
    await eventually(() => (reader.stats().revision ?? 0) >= revision)

    expect(absent).toEqual([undefined, undefined, undefined])
    expect(loads).toBe(1)
    expect((await reader.getPrompt('p'))?.template).toBe('x')
  })

  it('includes a context rule, a model and a label nobody carries', async () => {
    const manager = await start({ database: database.url, project: 'absent-kinds', ...NO_POLL })
    await manager.prompts.create({ name: 'p', template: 'x' })

    expect(await manager.getContextRules()).toEqual([])
    expect(await manager.getContextRules('billing')).toEqual([])
    expect(await manager.getModelConfig()).toBeUndefined()
    expect(await manager.getEmbeddingConfig()).toBeUndefined()
    expect(await manager.getPrompt('p')).toBeUndefined()
    expect(await manager.getPromptTemplate('p')).toBeUndefined()
    expect(await manager.getPromptTemplate('p', { label: 'staging' })).toBe('x')
    // A label may be called like something every object has.
    expect(await manager.getPrompt('p', { label: 'constructor' })).toBeUndefined()
  })
})

describe('one version by number', () => {
  it('is not what the label says, and stays in memory under a key of its own', async () => {
    const manager = await start({
      database: database.url,
      redis: testRedisUrl(),
      namespace: uniqueNamespace(),
      project: 'version',
      ...NO_POLL,
    })
    for (const template of ['one', 'two', 'three']) await manager.prompts.createVersion({ name: 'p', template, labels: ['production'] })

    const first = await manager.getPrompt('p', { version: 1 })
    const { loads } = manager.stats().database
    const again = await manager.getPrompt('p', { version: 1 })

    expect(first).toMatchObject({ template: 'one', version: 1, labels: [], selection: { reason: 'version', version: 1 } })
    expect(again?.template).toBe('one')
    expect(manager.stats().database.loads).toBe(loads)
    expect((await manager.getPrompt('p'))?.template).toBe('three')
    expect((await manager.getPrompt('p', { version: 2 }))?.template).toBe('two')
  })

  it('that was deactivated is not found, and is again when it is activated', async () => {
    const manager = await start({ database: database.url, project: 'inactive', ...NO_POLL })
    for (const template of ['one', 'two']) await manager.prompts.createVersion({ name: 'p', template, labels: ['production'] })
    expect((await manager.getPrompt('p', { version: 1 }))?.template).toBe('one')

    await manager.prompts.deactivate({ name: 'p', version: 1 })
    expect(await manager.getPrompt('p', { version: 1 })).toBeUndefined()
    await manager.prompts.activate({ name: 'p', version: 1 })

    expect((await manager.getPrompt('p', { version: 1 }))?.template).toBe('one')
  })

  it('that is not there yet is found as soon as it is', async () => {
    const shared = { database: database.url, project: 'ninth', ...NO_POLL }
    const [reader, writer] = await Promise.all([start(shared), start(shared)])
    await writer.prompts.create({ name: 'p', template: '1', labels: ['production'] })
    expect(await reader.getPrompt('p', { version: 2 })).toBeUndefined()

    const { revision } = await writer.prompts.createVersion({ name: 'p', template: '2', labels: [] })
    await writer.prompts.createVersion({ name: 'p', template: '3', labels: [] })
    await eventually(() => (reader.stats().revision ?? 0) > revision)

    expect((await reader.getPrompt('p', { version: 2 }))?.template).toBe('2')
  })
})

describe('an answer', () => {
  it('is frozen, as is everything in it', async () => {
    const manager = await start({ database: database.url, project: 'frozen', ...NO_POLL })
    let count = 0
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(fc.string({ maxLength: 8, unit: 'grapheme-ascii' }), fc.jsonValue({ maxDepth: 3, stringUnit: 'grapheme-ascii' }), {
          maxKeys: 4,
        }),
        async (parameters) => {
          const name = `p${count++}`
          await manager.prompts.create({
            name,
            template: [{ role: 'user', content: 'Hi {who}' }],
            parameters: parameters as JsonObject,
            labels: ['production'],
          })
          await manager.models.create({
            name,
            provider: 'p',
            model: 'm',
            parameters: parameters as JsonObject,
            fallbacks: [{ provider: 'q', model: 'n', parameters: parameters as JsonObject }],
            labels: ['production'],
          })
          const answers = [
            await manager.getPrompt(name),
            await manager.getModelConfig(name),
            await manager.getPrompt(name, { version: 1 }),
            manager.peekPrompt(name),
            await manager.prompts.find({ name }),
          ]

          for (const answer of answers) expect(unfrozenParts(answer)).toEqual([])
        },
      ),
      { numRuns: 15 },
    )
  })

  it('cannot be changed by one reader for another', async () => {
    const manager = await start({ database: database.url, project: 'mutated', ...NO_POLL })
    await manager.prompts.create({
      name: 'p',
      template: [{ role: 'user', content: 'Hi' }],
      parameters: { a: { b: [1] } },
      labels: ['production'],
    })
    await manager.contextRules.create({ context: 'c', important: 'x' })
    const before = JSON.stringify([await manager.getPrompt('p'), await manager.getContextRules()])
    // biome-ignore lint/suspicious/noExplicitAny: the point is what types forbid
    const prompt = (await manager.getPrompt('p')) as any
    // biome-ignore lint/suspicious/noExplicitAny: the point is what types forbid
    const rules = (await manager.getContextRules()) as any

    const attempts = [
      () => (prompt.template = 'mine'),
      () => (prompt.template[0].content = 'mine'),
      () => prompt.template.push('mine'),
      () => (prompt.parameters.a.b[0] = 2),
      () => prompt.labels.push('mine'),
      () => (prompt.selection.version = 9),
      () => (prompt.extra = 1),
      () => delete prompt.name,
      () => rules.push('mine'),
      () => (rules[0].important = 'mine'),
    ]
    for (const attempt of attempts) expect(attempt).toThrow(TypeError)

    expect(JSON.stringify([await manager.getPrompt('p'), await manager.getContextRules()])).toBe(before)
  })

  it('is the same object for everybody who asks for the same', async () => {
    const manager = await start({ database: database.url, project: 'same', ...NO_POLL })
    await manager.prompts.create({ name: 'p', template: 'x', labels: ['production'] })
    await manager.getPrompt('p')

    expect(await manager.getPrompt('p')).toBe(manager.peekPrompt('p'))
  })

  it('says where it came from', async () => {
    const shared = { database: database.url, redis: testRedisUrl(), namespace: uniqueNamespace(), project: 'source', ...NO_POLL }
    const [writer, reader] = await Promise.all([start(shared), start(shared)])
    await writer.prompts.create({ name: 'p', template: 'x', labels: ['production'] })
    await reader.catchUp()

    const sources = [await reader.getPrompt('p'), await reader.getPrompt('p'), await writer.getPrompt('p'), await writer.getPrompt('q')]

    expect(sources.map((prompt) => prompt?.source)).toEqual(['redis', 'memory', 'memory', undefined])
  })
})

function unfrozenParts(value: unknown, path = 'answer', seen = new Set<unknown>()): string[] {
  if (typeof value !== 'object' || value === null || seen.has(value)) return []
  seen.add(value)
  return [
    ...(Object.isFrozen(value) ? [] : [path]),
    ...Object.entries(value).flatMap(([key, part]) => unfrozenParts(part, `${path}.${key}`, seen)),
  ]
}

describe('expiry', () => {
  it('never makes a caller wait, and refreshes behind', async () => {
    const pool = gatedPool(database.url)
    const manager = await start({ database: pool, project: 'expiry', ttlMs: 200, listen: false, ...NO_POLL })
    await manager.prompts.create({ name: 'p', template: 'x', labels: ['production'] })
    await manager.getPrompt('p')
    const asked = () => pool.asked.filter((text) => DOCUMENT_READ.test(text)).length
    const before = asked()

    // The refresh is held for as long as the test reads: a reader that waited for it would never come back.
    const refreshing = pool.hold(DOCUMENT_READ)
    await eventually(async () => {
      expect((await manager.getPrompt('p'))?.source).toBe('memory')
      return asked() > before
    })
    await refreshing
    for (let count = 0; count < 20; count++) expect(await manager.getPrompt('p')).toMatchObject({ source: 'memory', stale: false })
    const during = asked()
    pool.release()

    expect(during - before).toBe(1)
    await manager.shutdown()
    await pool.end()
  })
})

describe('minRevision', () => {
  it('makes a read on another worker contain a write, though nothing announces it', async () => {
    const shared = { database: database.url, project: 'own-writes', listen: false as const, ...NO_POLL }
    const [writer, reader] = await Promise.all([start(shared), start(shared)])
    await writer.prompts.create({ name: 'p', template: '0', labels: ['production'] })
    await writer.contextRules.create({ context: 'c', important: '0' })
    await reader.getPrompt('p', { minRevision: writer.stats().revision ?? 0 })

    for (let count = 1; count <= 10; count++) {
      const { revision } = await writer.prompts.createVersion({ name: 'p', template: `${count}`, labels: ['production'] })
      expect((await reader.getPrompt('p', { minRevision: revision }))?.template).toBe(`${count}`)
      const rule = await writer.contextRules.createVersion({ context: 'c', important: `${count}` })
      expect((await reader.getContextRules('c', { minRevision: rule.revision }))[0]?.important).toBe(`${count}`)
    }
  })

  it('beyond the log is refused, before the deadline of the read', async () => {
    const manager = await start({ database: database.url, project: 'beyond', timeouts: { readMs: 60_000, databaseMs: 30_000 }, ...NO_POLL })
    await manager.prompts.create({ name: 'p', template: 'x', labels: ['production'] })

    const failure = await refusal(manager.getPrompt('p', { minRevision: 1_000_000 }))

    expect(failure).toMatchObject({ code: 'E_STORE_UNAVAILABLE' })
    expect(failure.message).toContain('minRevision')
  })
})

describe('prefetch()', () => {
  it('puts what is named, or all of a kind, into memory with few queries', async () => {
    const pool = gatedPool(database.url)
    const [manager, writer] = await Promise.all([
      start({ database: pool, project: 'prefetch', ...NO_POLL }),
      start({ database: database.url, project: 'prefetch', ...NO_POLL }),
    ])
    for (let place = 0; place < 30; place++) await writer.prompts.create({ name: `p${place}`, template: 'x', labels: ['production'] })
    await writer.models.create({ name: 'default', provider: 'p', model: 'm', labels: ['production'] })
    await manager.catchUp()
    pool.asked.length = 0

    await manager.prefetch([{ kind: 'prompt' }, { kind: 'model', name: 'default' }, { kind: 'context_rules' }])

    const held = Array.from({ length: 30 }, (_, place) => manager.peekPrompt(`p${place}`)?.template)
    expect(held).toEqual(Array(30).fill('x'))
    expect(manager.peekModelConfig()?.model).toBe('m')
    expect(pool.asked.filter((text) => DOCUMENT_READ.test(text)).length).toBeLessThanOrEqual(4)
    await manager.shutdown()
    await pool.end()
  })
})

describe('a host that commits a transaction of its own', () => {
  it('sees what repositories wrote in it after catchUp()', async () => {
    const { Kysely, PostgresDialect } = await import('kysely')
    const pg = (await import('pg')).default
    const { PromptRepository } = await import('../../src/store/repositories/prompt-repository.js')
    const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool: new pg.Pool({ connectionString: database.url }) }) })
    const manager = await start({ database: db as never, project: 'joined', listen: false, ...NO_POLL })
    expect(await manager.getPrompt('p')).toBeUndefined()

    const written = await db.transaction().execute(async (transaction) => {
      const prompts = new PromptRepository(transaction as never, { project: 'joined' })
      return prompts.create({ name: 'p', template: 'x', labels: ['production'] })
    })
    const before = manager.peekPrompt('p')
    await manager.catchUp()

    expect(written.propagated).toBeUndefined()
    expect(before).toBeUndefined()
    expect((await manager.getPrompt('p'))?.template).toBe('x')
    await manager.shutdown()
    // The host's own instance stays open.
    await db.destroy()
  })
})

describe('a replica', () => {
  it('that is behind gives its answers up to the primary', async () => {
    // Another database with the same tables stands for a replica that has none of the changes yet.
    const behind = await createTestDatabase()
    const manager = await start({ database: database.url, readDatabase: behind.url, project: 'replica', ...NO_POLL })
    const writer = await start({ database: database.url, project: 'replica', ...NO_POLL })

    await writer.prompts.create({ name: 'p', template: 'one', labels: ['production'] })
    await manager.catchUp()
    const first = await manager.getPrompt('p')
    const { revision } = await writer.prompts.createVersion({ name: 'p', template: 'two', labels: ['production'] })
    await eventually(() => (manager.stats().revision ?? 0) >= revision)

    expect(first?.template).toBe('one')
    expect((await manager.getPrompt('p'))?.template).toBe('two')
    await manager.shutdown()
    await behind.drop()
  })

  it('that cannot be reached does not fail reads', async () => {
    const manager = await start({
      database: database.url,
      readDatabase: 'postgresql://nobody@127.0.0.1:1/none',
      project: 'no-replica',
      ...NO_POLL,
    })
    await manager.prompts.create({ name: 'p', template: 'one', labels: ['production'] })
    await manager.publishInvalidation('all')
    await sleep(0)

    expect((await manager.getPrompt('p'))?.template).toBe('one')
  })
})
