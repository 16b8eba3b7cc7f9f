import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ConfigurationManager } from '../../src/manager/configuration-manager.js'
import { fillDatabase } from '../store/many-entities.js'
import { createTestDatabase, type TestDatabase } from '../support/test-database.js'
import { testRedisUrl, uniqueNamespace } from '../support/test-redis.js'
import { eventsOf, NO_POLL, refusal, useManagers } from './managers.js'

const PROMPTS = 20_000
/** Loading all of them takes a while on a busy machine. */
const TIME = { timeout: 240_000 }

let database: TestDatabase
const start = useManagers()

beforeAll(async () => {
  database = await createTestDatabase()
  await fillDatabase(database.url, PROMPTS)
})
afterAll(() => database.drop())

interface Progress {
  readonly loaded: number
  readonly total: number
  readonly isCut: boolean
}

function progressOf(manager: ConfigurationManager): readonly Progress[] {
  const told: Progress[] = []
  manager.on('prefetch:progress', (event) => void told.push(event))
  return told
}

describe('prefetch() of twenty thousand prompts', () => {
  for (const [surroundings, redis] of [
    ['from PostgreSQL', false],
    ['from PostgreSQL, into Redis', testRedisUrl()],
  ] as const) {
    it(`${surroundings}: loads them in its own time, tells how far it is, and other reads go on`, TIME, async () => {
      const manager = await start({
        database: database.url,
        redis,
        namespace: uniqueNamespace(),
        memory: { maxEntries: 30_000 },
        // On a busy machine Redis may take longer than 250 ms to be heard, which is an event and not the point here.
        timeouts: { redisMs: 1_500 },
        ...NO_POLL,
      })
      const { names } = eventsOf(manager)
      const told = progressOf(manager)

      const loading = manager.prefetch([{ kind: 'prompt' }])
      const meanwhile = await manager.getModelConfig('filled-7')
      await loading

      expect(meanwhile?.model).toBe('llama3')
      expect(manager.peekPrompt('filled-1')?.template).toBe('Hello {name}')
      expect(manager.peekPrompt(`filled-${PROMPTS}`)?.template).toBe('Hello {name}')
      expect(manager.stats().memory.entries).toBe(PROMPTS + 1)
      expect(names()).toEqual([])
      expect(told.length).toBeGreaterThanOrEqual(PROMPTS / 1_000)
      expect(told.map(({ loaded }) => loaded)).toEqual(told.map(({ loaded }) => loaded).toSorted((one, other) => one - other))
      expect(told.at(-1)).toEqual({ loaded: PROMPTS, total: PROMPTS, isCut: false })
    })
  }

  it('stops at memory.maxEntries, what was named first, and says so', TIME, async () => {
    const said: string[] = []
    const logger = { debug: () => {}, info: () => {}, error: () => {}, warn: (_facts: unknown, message: string) => void said.push(message) }
    const manager = await start({ database: database.url, memory: { maxEntries: 300 }, logger, ...NO_POLL })
    const told = progressOf(manager)

    await manager.prefetch([{ kind: 'prompt' }, { kind: 'model', name: 'filled-9' }, { kind: 'context_rules' }])

    expect(manager.peekModelConfig('filled-9')?.model).toBe('llama3')
    expect(manager.stats().memory.entries).toBe(300)
    expect(manager.stats().database.loads).toBe(300)
    expect(told.at(-1)).toEqual({ loaded: 300, total: 300, isCut: true })
    expect(said).toEqual([expect.stringMatching(/more documents than memory\.maxEntries \(300\)/)])
  })

  it('takes no more than fits although none of them is a list, and none twice', TIME, async () => {
    const manager = await start({ database: database.url, memory: { maxEntries: 50 }, ...NO_POLL })
    const told = progressOf(manager)
    const named = Array.from({ length: 80 }, (_, place) => ({ kind: 'prompt' as const, name: `filled-${1 + (place % 60)}` }))

    await manager.prefetch(named)

    expect(told.at(-1)).toEqual({ loaded: 50, total: 50, isCut: true })
    expect(manager.stats().database.loads).toBe(50)
  })

  it('ends when the manager is shut down', TIME, async () => {
    const manager = await start({ database: database.url, memory: { maxEntries: 30_000 }, ...NO_POLL })
    const isUnderWay = new Promise<void>((resolve) => void manager.on('prefetch:progress', () => resolve()))
    const refused = refusal(manager.prefetch([{ kind: 'prompt' }]))

    await isUnderWay
    await manager.shutdown()

    expect((await refused).code).toBe('E_MANAGER_CLOSED')
  })

  it('of nothing at all is done at once, and a kind that there is not is refused', async () => {
    const manager = await start({ database: database.url, ...NO_POLL })
    const told = progressOf(manager)

    await manager.prefetch([])
    const error = await refusal(manager.prefetch([{ kind: 'prompt' }, { kind: 'promt' as 'prompt' }]))

    expect(error).toMatchObject({ code: 'E_INVALID_ARGUMENT', field: 'scopes[1].kind' })
    expect(told).toEqual([])
  })
})
