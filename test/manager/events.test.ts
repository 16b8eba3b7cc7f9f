import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { ConfigKind } from '../../src/entities/config-kind.js'
import { createTestDatabase, type TestDatabase } from '../support/test-database.js'
import { testRedisUrl, uniqueNamespace } from '../support/test-redis.js'
import { eventsOf, heard, NO_POLL, useManagers } from './managers.js'
import { keysOf, withRedis } from './redis-keys.js'
import { runSql } from './run-sql.js'

let database: TestDatabase
const start = useManagers()

beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())

describe("'change'", () => {
  it('names every change once, here and elsewhere', async () => {
    const shared = { database: database.url, redis: testRedisUrl(), namespace: uniqueNamespace(), project: 'change', ...NO_POLL }
    const [writer, other] = await Promise.all([start(shared), start(shared)])
    const [here, elsewhere] = [eventsOf(writer), eventsOf(other)]

    await writer.prompts.create({ name: 'p', template: 'one', labels: ['production'] })
    await writer.prompts.createVersion({ name: 'p', template: 'two' })
    await writer.prompts.promote({ name: 'p', version: 2 })
    await writer.models.create({ name: 'm', provider: 'p', model: 'm' })
    const { revision } = await writer.contextRules.create({ context: 'c', important: 'x' })
    await heard(other, revision)
    // What LISTEN brings after Redis brought it is no news.
    await new Promise((resolve) => setTimeout(resolve, 150))

    const first = revision - 4
    const changes = [
      ['prompt', 'p', first],
      ['prompt', 'p', first + 1],
      ['prompt', 'p', first + 2],
      ['model', 'm', first + 3],
      ['context_rules', '', first + 4],
    ]
    for (const [seen, origin] of [
      [here, 'here'],
      [elsewhere, 'elsewhere'],
    ] as const) {
      expect(seen.events).toEqual(
        changes.map(([kind, name, at]) => ({ name: 'change', event: { kind, project: 'change', name, revision: at, origin } })),
      )
    }
  })

  it('comes when readers already get the new document', async () => {
    const shared = { database: database.url, redis: testRedisUrl(), namespace: uniqueNamespace(), project: 'when', ...NO_POLL }
    const [writer, other] = await Promise.all([start(shared), start(shared)])
    await writer.prompts.create({ name: 'p', template: '0', labels: ['production'] })
    await other.getPrompt('p')
    const reads: Promise<string | undefined>[] = []
    for (const manager of [writer, other])
      manager.on('change', () => void reads.push(manager.getPrompt('p').then((prompt) => `${prompt?.template}`)))

    const { revision } = await writer.prompts.createVersion({ name: 'p', template: '1', labels: ['production'] })
    await heard(other, revision)
    await vi.waitFor(() => expect(reads).toHaveLength(2), { timeout: 30_000 })

    expect(await Promise.all(reads)).toEqual(['1', '1'])
  })
})

describe('on()', () => {
  it('gives the function that stops listening, and may be called before anything connects', async () => {
    const manager = await start({ database: database.url, project: 'on', ...NO_POLL })
    const listener = vi.fn()
    const stop = manager.on('change', listener)
    await manager.prompts.create({ name: 'a', template: 'x' })

    stop()
    await manager.prompts.create({ name: 'b', template: 'x' })

    expect(listener).toHaveBeenCalledTimes(1)
  })

  it("keeps a listener's failure from the caller and from other listeners, and reports it as 'error'", async () => {
    const manager = await start({ database: database.url, project: 'throws', ...NO_POLL })
    const { of } = eventsOf(manager)
    manager.on('change', () => {
      throw new Error('thrown')
    })
    manager.on('change', (async () => {
      throw new Error('rejected')
    }) as () => void)
    const last = vi.fn()
    manager.on('change', last)

    const written = await manager.prompts.create({ name: 'p', template: 'x', labels: ['production'] })
    await new Promise((resolve) => setImmediate(resolve))

    expect(written.version).toBe(1)
    expect(last).toHaveBeenCalledTimes(1)
    expect(
      of('error')
        .map(({ event }) => (event.error as Error).message)
        .sort(),
    ).toEqual(['rejected', 'thrown'])
    expect(of('error')[0]?.event.message).toContain('"change"')
  })

  it("survives a listener of 'error' that fails itself: its failure is logged, once", async () => {
    const error = vi.fn()
    const logger = { debug: () => {}, info: () => {}, warn: () => {}, error }
    const hooks = {
      afterCommit: () => {
        throw new Error('hook')
      },
    }
    const manager = await start({ database: database.url, project: 'error-throws', logger, hooks, ...NO_POLL })
    manager.on('error', () => {
      throw new Error('listener')
    })
    manager.on('error', (async () => {
      throw new Error('async listener')
    }) as () => void)

    await manager.prompts.create({ name: 'p', template: 'x', labels: ['production'] })
    await new Promise((resolve) => setTimeout(resolve, 20))

    expect(error.mock.calls.map(([fields]) => (fields as { error: string }).error).sort()).toEqual(['async listener', 'hook', 'listener'])
  })
})

describe('refresh()', () => {
  for (const type of ['prompt', 'all'] as const) {
    it(`of ${type} makes every worker load anew, and stands in the log and the changelog`, async () => {
      const shared = { database: database.url, redis: testRedisUrl(), namespace: uniqueNamespace(), project: `refresh-${type}`, ...NO_POLL }
      const [asked, other] = await Promise.all([start(shared), start(shared)])
      await asked.prompts.create({ name: 'p', template: 'x', labels: ['production'] })
      await asked.models.create({ name: 'default', provider: 'p', model: 'm', labels: ['production'] })
      for (const manager of [asked, other]) await Promise.all([manager.getPrompt('p'), manager.getModelConfig()])
      const before = other.stats().revision ?? 0
      const models = other.peekModelConfig()
      const { of } = eventsOf(other)

      await asked.refresh(type)
      await heard(other, before + 1)
      const prompt = await other.getPrompt('p', { minRevision: before + 1 })

      expect(prompt).toMatchObject({ template: 'x', revision: before + 1 })
      expect((await other.getModelConfig())?.revision).toBe(type === 'all' ? before + 1 : models?.revision)
      const kinds = new Set(of('change').map(({ event }) => event.kind as ConfigKind))
      expect([kinds.has('prompt'), kinds.has('model')]).toEqual([true, type === 'all'])
      const { items } = await asked.changelog.list({ limit: 1 })
      expect(items[0]).toMatchObject({ changeType: 'refresh', configType: type, revision: before + 1 })
    })
  }

  it('of something unknown is refused', async () => {
    const manager = await start({ database: database.url, ...NO_POLL })

    await expect(manager.refresh('prompts' as never)).rejects.toMatchObject({ code: 'E_INVALID_ARGUMENT', field: 'type' })
    await expect(manager.publishInvalidation('x' as never)).rejects.toMatchObject({ code: 'E_INVALID_ARGUMENT', field: 'type' })
  })
})

describe('stats(), health() and verify()', () => {
  it('count what happened', async () => {
    const shared = { database: database.url, redis: testRedisUrl(), namespace: uniqueNamespace(), project: 'stats', ...NO_POLL }
    const [writer, reader] = await Promise.all([start(shared), start(shared)])
    await writer.prompts.create({ name: 'p', template: 'x', labels: ['production'] })
    await reader.catchUp()
    const before = reader.stats()

    await reader.getPrompt('p')
    for (let count = 0; count < 5; count++) await reader.getPrompt('p')
    await reader.getPrompt('absent')
    const after = reader.stats()

    expect(after.memory.misses - before.memory.misses).toBe(2)
    expect(after.memory.hits - before.memory.hits).toBe(5)
    expect(after.redis.hits - before.redis.hits).toBe(1)
    expect(after.redis.misses - before.redis.misses).toBe(1)
    expect(after.database.loads - before.database.loads).toBe(1)
    expect(after.memory).toMatchObject({ entries: 2 })
    expect(after.memory.bytes).toBeGreaterThan(0)
    expect(after).toMatchObject({ redis: { state: 'up' }, database: { state: 'up' }, lag: 0, gaps: 0, staleServed: 0, refusedFills: 0 })
    expect(after.revision).toBe(writer.stats().revision)
  })

  it('tell the state of each server', async () => {
    const both = await start({ database: database.url, redis: testRedisUrl(), namespace: uniqueNamespace(), ...NO_POLL })
    const alone = await start({ database: database.url, listen: false, ...NO_POLL })
    const listening = await start({ database: database.url, ...NO_POLL })
    const before = Date.now()

    const report = await both.health()

    expect(report).toEqual({
      ok: true,
      database: 'up',
      redis: 'up',
      subscriber: 'up',
      revision: both.stats().revision,
      lastVerifiedAt: expect.any(String),
    })
    expect(Date.parse(report.lastVerifiedAt ?? '')).toBeGreaterThanOrEqual(before - 1)
    expect(await alone.health()).toMatchObject({ ok: true, redis: 'off', subscriber: 'off' })
    expect(await listening.health()).toMatchObject({ ok: true, redis: 'off', subscriber: 'up' })
  })

  it('find a document in memory that is not the last one', async () => {
    const manager = await start({ database: database.url, project: 'verify', listen: false, ...NO_POLL })
    await manager.prompts.create({ name: 'p', template: 'x', labels: ['production'] })
    await manager.getPrompt('p')
    await manager.getPrompt('absent')
    expect(await manager.verify()).toEqual({ checked: 2, mismatches: [] })
    const { revision } = (await manager.getPrompt('p'))!

    // A head that was raised without a number of its own: no log tells of it.
    await runSql(database.url, `update agent_config.config_heads set token = 'other' where scope = 'prompt:verify:p'`)

    expect((await manager.verify()).mismatches).toEqual([{ scope: 'prompt:verify:p', tier: 'memory', cached: revision, actual: revision }])
  })

  it('find a document in Redis that says something else than the database', async () => {
    const namespace = uniqueNamespace()
    const manager = await start({ database: database.url, redis: testRedisUrl(), namespace, project: 'verify-redis', ...NO_POLL })
    await manager.prompts.create({ name: 'right', template: 'x', labels: ['production'] })
    const { revision } = await manager.prompts.create({ name: 'wrong', template: 'x', labels: ['production'] })
    const before = await manager.verify()

    await withRedis(async (redis) => {
      const key = (await keysOf(redis, namespace)).find((one) => one.endsWith('prompt:verify-redis:wrong'))!
      await redis.set(key, ((await redis.get(key)) ?? '').replace('"x"', '"poisoned"'))
    })

    expect(before).toEqual({ checked: 4, mismatches: [] })
    expect(await manager.verify()).toEqual({
      checked: 4,
      mismatches: [{ scope: 'prompt:verify-redis:wrong', tier: 'redis', cached: revision, actual: revision }],
    })
  })
})
