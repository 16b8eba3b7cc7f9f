import type { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ConfigManagerOptions } from '../../src/manager/options.js'
import { createTestDatabase, type TestDatabase } from '../support/test-database.js'
import { testRedisUrl, uniqueNamespace } from '../support/test-redis.js'
import { eventsOf, NO_POLL, useManagers } from './managers.js'
import { withRedis } from './redis-keys.js'

const SECRET = 'a secret of at least 32 bytes, from a vault'
let database: TestDatabase
const start = useManagers()

beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())

/** One stored prompt, model, embedding config and context rule of a project, in PostgreSQL and in Redis. */
async function stored(project: string, more: ConfigManagerOptions = {}) {
  const shared = { database: database.url, redis: testRedisUrl(), namespace: uniqueNamespace(), project, ...NO_POLL, ...more }
  const writer = await start(shared)
  await writer.prompts.create({ name: 'p', template: 'right', labels: ['production'] })
  await writer.prompts.create({ name: 'other', template: 'of another prompt', labels: ['production'] })
  await writer.prompts.createVersion({ name: 'p', template: 'third', labels: ['staging'] })
  await writer.prompts.createVersion({ name: 'p', template: 'last', labels: ['staging'] })
  await writer.models.create({ name: 'm', provider: 'ollama', model: 'right', labels: ['production'] })
  await writer.embeddings.create({ name: 'e', embeddingModel: 'right' })
  await writer.contextRules.create({ context: 'c', important: 'right' })
  return { writer, shared }
}

/** Calls `edit` with the key of a document and what is stored there. */
async function tamper(
  namespace: string,
  scope: string,
  edit: (client: Redis, key: string, value: string) => Promise<unknown>,
): Promise<string> {
  return withRedis(async (client) => {
    const [key = ''] = await client.keys(`{${namespace}}:*:e:${scope}`)
    await edit(client, key, (await client.get(key)) ?? '')
    return key
  })
}

const lineOf = (value: string) => value.slice(0, value.indexOf('\n') + 1)
const textOf = (value: string) => value.slice(value.indexOf('\n') + 1)
const withText = (edit: (text: string) => string) => (value: string) => lineOf(value) + edit(textOf(value))

const FOREIGN: Record<string, (value: string, other: string) => string> = {
  'cut in the middle': (value) => value.slice(0, value.length / 2),
  'cut by a character': (value) => value.slice(0, -1),
  'cut in its first line': (value) => value.slice(0, 20),
  'empty after its stamp': withText(() => ''),
  'a number': withText(() => '5'),
  null: withText(() => 'null'),
  'a list': withText(() => '[]'),
  'an object without parts': withText(() => '{}'),
  'the document of another prompt': (value, other) => lineOf(value) + textOf(other),
  'with labels that are a list': withText((text) => JSON.stringify({ ...JSON.parse(text), labels: ['production'] })),
  'with versions that are texts': withText((text) => JSON.stringify({ ...JSON.parse(text), versions: ['1', '2'] })),
  'with contents of another shape': withText((text) => JSON.stringify({ ...JSON.parse(text), contents: [{ template: 'x' }] })),
  'with a template that is a number': withText((text) => {
    const document = JSON.parse(text)
    return JSON.stringify({ ...document, contents: document.contents.map((row: object) => ({ ...row, template: 5 })) })
  }),
  'without a column': withText((text) => {
    const document = JSON.parse(text)
    return JSON.stringify({ ...document, contents: document.contents.map(({ template: _, ...row }: { template: unknown }) => row) })
  }),
  'a stamp of the future without a document': () => '999999999 999999999 x',
  'a text of another program': () => 'bull:42 {"data":1}',
  'bytes of an image': () => '\x89PNG\r\n\x1a\n\0\0',
}

describe('a document in Redis under the right stamp', () => {
  for (const [title, edit] of Object.entries(FOREIGN)) {
    it(`${title} is a miss, told once, and replaced`, async () => {
      const { writer, shared } = await stored(`foreign-${Object.keys(FOREIGN).indexOf(title)}`)
      const scope = `prompt:${shared.project}:p`
      let right = ''
      let other = ''
      await tamper(shared.namespace, `prompt:${shared.project}:other`, async (_client, _key, value) => {
        other = value
      })
      const key = await tamper(shared.namespace, scope, async (client, key, value) => {
        right = value
        await client.set(key, edit(value, other))
      })
      const [first, second] = await Promise.all([start(shared), start(shared)])
      const { of } = eventsOf(first)

      const prompts = await Promise.all(Array.from({ length: 5 }, () => first.getPrompt('p')))
      const replaced = await withRedis(async (client) => {
        await expect.poll(() => client.get(key)).toContain(textOf(right))
        return client.get(key)
      })

      expect(prompts.map((prompt) => [prompt?.template, prompt?.source, prompt?.stale])).toEqual(
        Array(5).fill(['right', 'database', false]),
      )
      expect(of('error').map(({ event }) => event.message)).toEqual([expect.stringContaining('A document in Redis cannot be used')])
      expect(lineOf(replaced ?? '')).toMatch(/^\d+ \d+ [\w-]+\n$/)
      expect((await second.getPrompt('p'))?.source).toBe('redis')
      expect((await writer.verify()).mismatches).toEqual([])
    })
  }

  it('is a miss for models, embeddings, context rules and contents of one version too', async () => {
    const { shared } = await stored('foreign-kinds')
    const { project, namespace } = shared
    const warm = await start(shared)
    await warm.getPrompt('p', { version: 2 })
    await withRedis(async (client) => {
      await expect.poll(async () => (await client.keys(`{${namespace}}:*:e:content:*`)).length).toBeGreaterThan(0)
      for (const scope of [`model:${project}:m`, `embedding:${project}:e`, `context_rules:${project}`, 'content:*']) {
        const [key = ''] = await client.keys(`{${namespace}}:*:e:${scope}`)
        const value = (await client.get(key)) ?? ''
        await client.set(
          key,
          lineOf(value) +
            textOf(value)
              .replaceAll(/"(?:right|third)"/g, '5')
              .slice(0, -2),
        )
      }
    })
    const reader = await start(shared)

    const [model, embedding, rules, third] = await Promise.all([
      reader.getModelConfig('m'),
      reader.getEmbeddingConfig('e'),
      reader.getContextRules('c'),
      reader.getPrompt('p', { version: 2 }),
    ])

    expect([model?.model, embedding?.embeddingModel, rules[0]?.important, third?.template]).toEqual(['right', 'right', 'right', 'third'])
  })
})

describe('with a redisSecret', () => {
  it('a document that was rewritten under its stamp is a miss, told once, and replaced', async () => {
    const { shared } = await stored('secret-rewritten', { redisSecret: SECRET })
    const scope = `prompt:${shared.project}:p`
    await tamper(shared.namespace, scope, (client, key, value) => client.set(key, value.replaceAll('right', 'wrong')))
    const reader = await start(shared)
    const { of } = eventsOf(reader)

    const prompt = await reader.getPrompt('p')
    await expect.poll(async () => (await (await start(shared)).getPrompt('p'))?.source).toBe('redis')

    expect([prompt?.template, prompt?.source]).toEqual(['right', 'database'])
    expect(of('error')).toHaveLength(1)
  })

  it('a document cannot be moved to another key, and one that claims to be of the future is replaced', async () => {
    const { shared } = await stored('secret-moved', { redisSecret: SECRET })
    const { namespace, project } = shared
    await tamper(namespace, `prompt:${project}:other`, (client, key, value) => client.set(key.replace(/other$/, 'p'), value))
    const reader = await start(shared)
    expect((await reader.getPrompt('p'))?.template).toBe('right')

    await tamper(namespace, `model:${project}:m`, (client, key, value) => client.set(key, value.replace(/^\d+/, '999999')))
    expect((await reader.getModelConfig('m'))?.source).toBe('database')

    await expect.poll(async () => (await (await start(shared)).getModelConfig('m'))?.source).toBe('redis')
  })

  it('contents of single versions are signed too', async () => {
    const { shared } = await stored('secret-content', { redisSecret: SECRET })
    await (await start(shared)).getPrompt('p', { version: 2 })
    await withRedis((client) => expect.poll(async () => (await client.keys(`{${shared.namespace}}:*:e:content:*`)).length).toBe(1))
    await tamper(shared.namespace, 'content:*', (client, key, value) => client.set(key, value.replaceAll('third', 'wrong')))

    const third = await (await start(shared)).getPrompt('p', { version: 2 })

    expect([third?.template, third?.source]).toEqual(['third', 'database'])
  })

  it('documents of a process without one, or with another, are misses; secrets are changed without a miss', async () => {
    const { shared } = await stored('secret-rotated')
    const NEXT = 'the next secret, at least 32 bytes long'
    const sourceWith = async (redisSecret: string | string[] | undefined, name: string) =>
      (await (await start({ ...shared, ...(redisSecret && { redisSecret }) })).getPrompt(name))?.source

    expect(await sourceWith(SECRET, 'p')).toBe('database')
    await expect.poll(() => sourceWith(SECRET, 'p')).toBe('redis')
    expect(await sourceWith([NEXT, SECRET], 'p')).toBe('redis')
    expect(await sourceWith(undefined, 'p')).toBe('redis')
    expect(await sourceWith(NEXT, 'p')).toBe('database')
  })

  it('an old document put back is stopped by its head', async () => {
    const { writer, shared } = await stored('secret-replayed', { redisSecret: SECRET })
    const scope = `prompt:${shared.project}:p`
    let old = ''
    await tamper(shared.namespace, scope, async (_client, _key, value) => {
      old = value
    })
    await writer.prompts.createVersion({ name: 'p', template: 'newer', labels: ['production'] })
    await tamper(shared.namespace, scope, (client, key) => client.set(key, old))

    const prompt = await (await start(shared)).getPrompt('p')

    expect([prompt?.template, prompt?.source]).toEqual(['newer', 'database'])
  })
})
