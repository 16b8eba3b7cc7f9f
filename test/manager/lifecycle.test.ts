import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import type { ConfigurationManager } from '../../src/manager/configuration-manager.js'
import { createConfigManager, getConfigManager, setConfigManager } from '../../src/manager/global-manager.js'
import { builtProgram } from '../support/built-program.js'
import { eventually } from '../support/eventually.js'
import { createTestDatabase, type TestDatabase } from '../support/test-database.js'
import { testRedisUrl, uniqueNamespace } from '../support/test-redis.js'
import { NO_POLL, refusal, useManagers } from './managers.js'
import { keysOf, withRedis } from './redis-keys.js'

let database: TestDatabase
const start = useManagers()

beforeAll(async () => {
  database = await createTestDatabase()
})
afterEach(async () => {
  vi.unstubAllEnvs()
  setConfigManager(undefined)
})
afterAll(() => database.drop())

describe('shutdown()', () => {
  for (const redis of ['Redis', 'none'] as const) {
    it(`leaves nothing open: a script that ends with it ends by itself (${redis === 'none' ? 'LISTEN alone' : 'with Redis'})`, async () => {
      const script = builtProgram(new URL('./lifecycle-script.ts', import.meta.url))
      const args = [script, database.url, redis === 'none' ? 'none' : testRedisUrl(), uniqueNamespace()]

      const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { timeout: 15_000 })

      expect([stdout.trim(), stderr]).toEqual(['x', ''])
    })
  }

  it('may be called twice, and at once, and both wait for the end', async () => {
    const manager = await start({ database: database.url, redis: testRedisUrl(), namespace: uniqueNamespace(), ...NO_POLL })

    let isOver = false
    const first = manager.shutdown().then(() => {
      isOver = true
    })
    await manager.shutdown()

    expect(isOver).toBe(true)
    await first
    await manager.shutdown()
    await manager[Symbol.asyncDispose]()
  })

  it('of a manager that never connected does nothing', async () => {
    await createConfigManager({ database: database.url, redis: testRedisUrl() }).shutdown()
  })

  it('makes every method refuse', async () => {
    const manager = await start({ database: database.url, project: 'closed', ...NO_POLL })
    await manager.prompts.create({ name: 'p', template: 'x', labels: ['production'] })
    await manager.getPrompt('p')
    await manager.shutdown()
    const calls: Record<string, () => Promise<unknown>> = {
      ready: () => manager.ready(),
      getPrompt: () => manager.getPrompt('p'),
      getPromptTemplate: () => manager.getPromptTemplate('p'),
      getModelConfig: () => manager.getModelConfig(),
      getEmbeddingConfig: () => manager.getEmbeddingConfig(),
      getContextRules: () => manager.getContextRules(),
      prefetch: () => manager.prefetch([]),
      refresh: () => manager.refresh(),
      publishInvalidation: () => manager.publishInvalidation('all'),
      catchUp: () => manager.catchUp(),
      transaction: () => manager.transaction(async () => {}),
      verify: () => manager.verify(),
      prune: () => manager.prune({ before: new Date() }),
      'prompts.create': () => manager.prompts.create({ name: 'q', template: 'x' }),
      'prompts.find': () => manager.prompts.find({ name: 'p' }),
      'changelog.list': () => manager.changelog.list(),
    }

    const codes = await Promise.all(Object.entries(calls).map(async ([name, call]) => [name, (await refusal(call())).code]))

    expect(codes).toEqual(Object.keys(calls).map((name) => [name, 'E_MANAGER_CLOSED']))
    expect(manager.peekPrompt('p')).toBeUndefined()
    expect(await manager.health()).toMatchObject({ ok: false })
  })

  it("leaves a host's pool open", async () => {
    const pool = new pg.Pool({ connectionString: database.url })
    const manager = await start({ database: pool as never, project: 'pool', ...NO_POLL })
    await manager.prompts.create({ name: 'p', template: 'x' })

    await manager.shutdown()

    expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }])
    await pool.end()
  })
})

describe('getConfigManager()', () => {
  it('is synchronous, connects to nothing, and gives one manager a process', () => {
    vi.stubEnv('DATABASE_URL', 'postgresql://nobody@127.0.0.1:1/none')
    vi.stubEnv('REDIS_URL', 'redis://127.0.0.1:1')

    const manager = getConfigManager()

    expect(manager).toHaveProperty('prompts')
    expect(getConfigManager()).toBe(manager)
  })

  it.each([undefined, ''])('says at the first use what to set when nothing names a database (%j)', async (url) => {
    vi.stubEnv('DATABASE_URL', url)

    await expect(getConfigManager().getPrompt('greeting')).rejects.toMatchObject({
      code: 'E_SETTINGS',
      message: expect.stringMatching(/DATABASE_URL.*postgresql:\/\/.*pglite:/),
    })
  })

  it('gives what setConfigManager() was given', async () => {
    const manager = createConfigManager({ database: database.url })
    setConfigManager(manager)

    expect(getConfigManager()).toBe(manager)
  })

  it('builds it from the environment', async () => {
    const channel = uniqueNamespace()
    vi.stubEnv('DATABASE_URL', database.url)
    vi.stubEnv('REDIS_URL', testRedisUrl())
    vi.stubEnv('REDIS_CACHE_TTL_SECONDS', '77')
    vi.stubEnv('REDIS_CONFIG_CHANNEL', channel)
    vi.stubEnv('DATABASE_SCHEMA', 'not_there')
    const elsewhere = getConfigManager()
    expect(await refusal(elsewhere.ready())).toMatchObject({ code: 'E_MIGRATION', message: expect.stringContaining('"not_there"') })
    await elsewhere.shutdown()
    setConfigManager(undefined)
    vi.stubEnv('DATABASE_SCHEMA', undefined)
    const heardOnChannel: string[] = []

    const manager: ConfigurationManager = getConfigManager()
    await withRedis(async (redis) => {
      const subscriber = redis.duplicate()
      subscriber.on('message', (_channel, text) => void heardOnChannel.push(text))
      await subscriber.subscribe(channel)
      const [before] = [await keysOf(redis, 'agent-config')]
      await manager.prompts.create({ name: 'p', template: 'x', project: channel, labels: ['production'] })
      const made = (await keysOf(redis, 'agent-config')).filter((key) => !before.includes(key) && key.endsWith(`prompt:${channel}:p`))
      const ttl = await redis.pttl(made[0] ?? '')
      if (made.length > 0) await redis.del(...made)
      await eventually(() => heardOnChannel.length > 0)
      subscriber.disconnect()

      expect(made).toHaveLength(1)
      expect(ttl).toBeGreaterThan(70_000)
      expect(ttl).toBeLessThanOrEqual(77_000)
    })
    await manager.shutdown()
  })
})

describe('createConfigManager()', () => {
  it('refuses what it cannot use, naming the option', () => {
    const refused: [object, string][] = [
      [{ ttlMs: 0 }, 'ttlMs'],
      [{ ttlMs: Number.NaN }, 'ttlMs'],
      [{ memory: { maxEntries: -1 } }, 'memory.maxEntries'],
      [{ memory: { maxBytes: 1.5 } }, 'memory.maxBytes'],
      [{ pollIntervalMs: '5' }, 'pollIntervalMs'],
      [{ timeouts: { readMs: 0 } }, 'timeouts.readMs'],
      [{ namespace: 'a{b}' }, 'namespace'],
      [{ namespace: '' }, 'namespace'],
      [{ listen: 'always' }, 'listen'],
      [{ project: 'a b' }, 'project'],
      [{ redis: 'localhost' }, 'redis'],
      [{ database: 'mysql://x' }, 'database'],
      [{ database: 7 }, 'database'],
    ]

    for (const [options, field] of refused) {
      expect(() => createConfigManager({ database: database.url, ...options } as never), field).toThrow(
        expect.objectContaining({ code: 'E_INVALID_ARGUMENT', field }),
      )
    }
  })
})
