import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { createConfigManager, getConfigManager, setConfigManager } from '../../src/manager/global-manager.js'
import { ManagerClosedError, SettingsError } from '../../src/shared/errors.js'
import { createTestManager } from '../../src/testing/index.js'
import { builtProgram } from '../support/built-program.js'
import { BUSY_MS } from '../support/busy-machine.js'
import { createTestDatabase, type TestDatabase } from '../support/test-database.js'
import { refusal } from './managers.js'

let database: TestDatabase

beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())
beforeEach(() => {
  setConfigManager(undefined)
  vi.stubEnv('DATABASE_URL', undefined)
  vi.stubEnv('REDIS_URL', undefined)
})
afterEach(() => {
  setConfigManager(undefined)
  vi.unstubAllEnvs()
})

describe('getConfigManager()', () => {
  it('gives a new manager after shutdown()', async () => {
    vi.stubEnv('DATABASE_URL', database.url)
    const first = getConfigManager()
    expect(getConfigManager()).toBe(first)

    await first.shutdown()
    const second = getConfigManager()
    await second.prompts.create({ name: 'p', template: 'x', labels: ['production'] })

    expect(second).not.toBe(first)
    expect((await second.getPrompt('p'))?.template).toBe('x')
    await second.shutdown()
  })

  it('gives a new one while the one before is still shutting down', async () => {
    vi.stubEnv('DATABASE_URL', 'pglite:memory')
    const first = getConfigManager()

    const closing = first.shutdown()
    expect(getConfigManager()).not.toBe(first)

    await Promise.all([closing, getConfigManager().shutdown()])
  })

  it('without DATABASE_URL throws at first use, not when it is called', async () => {
    const manager = getConfigManager()

    const uses: Record<string, () => Promise<unknown>> = {
      ready: () => manager.ready(),
      getPrompt: () => manager.getPrompt('p'),
      getPromptTemplate: () => manager.getPromptTemplate('p'),
      getModelConfig: () => manager.getModelConfig(),
      getEmbeddingConfig: () => manager.getEmbeddingConfig(),
      getContextRules: () => manager.getContextRules(),
      prefetch: () => manager.prefetch([{ kind: 'prompt' }]),
      refresh: () => manager.refresh(),
      publishInvalidation: () => manager.publishInvalidation('all'),
      catchUp: () => manager.catchUp(),
      verify: () => manager.verify(),
      create: () => manager.prompts.create({ name: 'p', template: 'x' }),
      find: () => manager.prompts.find({ name: 'p' }),
      list: () => manager.changelog.list({}),
      transaction: () => manager.transaction(async () => {}),
    }
    const refused = await Promise.all(Object.entries(uses).map(async ([name, use]) => [name, await refusal(use())] as const))

    for (const [name, error] of refused)
      expect([name, error.constructor, error.message]).toEqual([name, SettingsError, expect.stringContaining('DATABASE_URL')])
    expect(manager.peekPrompt('p')).toBeUndefined()
    expect((await manager.health()).ok).toBe(false)
    await manager.shutdown()
    expect(await refusal(manager.getPrompt('p'))).toBeInstanceOf(ManagerClosedError)
  })

  it('looks again once DATABASE_URL is set, and keeps a manager that was set', async () => {
    const early = getConfigManager()
    expect(getConfigManager()).toBe(early)
    vi.stubEnv('DATABASE_URL', database.url)

    const later = getConfigManager()
    await later.ready()

    expect(later).not.toBe(early)
    await later.shutdown()
    const own = createTestManager()
    setConfigManager(own)
    expect(getConfigManager()).toBe(own)
  })

  it('still throws at once for what is set and cannot be used', () => {
    vi.stubEnv('DATABASE_URL', 'mysql://x')

    expect(() => getConfigManager()).toThrow(expect.objectContaining({ code: 'E_INVALID_ARGUMENT' }))
  })
})

describe('createConfigManager()', () => {
  it('gives the open manager of a key each time a module is loaded, and another after shutdown()', async () => {
    const options = { database: 'pglite:memory', redis: false } as const
    const loaded = Array.from({ length: 5 }, () => createConfigManager({ ...options, key: 'service' }))
    const other = createConfigManager({ ...options, key: 'another' })

    expect(new Set(loaded).size).toBe(1)
    expect(other).not.toBe(loaded[0])
    await loaded[0]!.shutdown()
    const next = createConfigManager({ ...options, key: 'service' })
    expect(next).not.toBe(loaded[0])
    expect(createConfigManager(options)).not.toBe(createConfigManager(options))
    await Promise.all([next.shutdown(), other.shutdown()])
  })

  it('refuses to be built without a database', () => {
    expect(() => createConfigManager()).toThrow(SettingsError)
  })
})

describe('createTestManager()', () => {
  it('takes texts and chats by name', async () => {
    await using manager = createTestManager({
      prompts: {
        greeting: 'Hello {name}',
        review: [
          { role: 'system', content: 'You review {language}.' },
          { role: 'user', content: '{code}' },
        ],
      },
    })

    const [greeting, review] = await Promise.all([manager.getPrompt('greeting'), manager.getPrompt('review')])

    expect(greeting?.compile({ name: 'Ada' })).toBe('Hello Ada')
    expect(review?.type).toBe('chat')
    expect(review?.compile({ language: 'Lua', code: 'x' })).toEqual([
      { role: 'system', content: 'You review Lua.' },
      { role: 'user', content: 'x' },
    ])
  })

  it('lets the process end at once after shutdown()', async () => {
    const script = builtProgram(new URL('./test-manager-script.ts', import.meta.url))

    const { stdout } = await promisify(execFile)(process.execPath, [script])

    // An idle connection of the pool would keep it for ten seconds, a subscription forever.
    expect(Number.parseInt(stdout, 10)).toBeLessThan(1_000 + BUSY_MS)
  })
})
