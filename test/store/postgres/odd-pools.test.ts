import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ConfigurationManager, createConfigManager } from '../../../src/index.js'
import { openDatabase } from '../../../src/store/postgres/open-database.js'
import type { PoolLike } from '../../../src/store/postgres/pool.js'
import { ConfigStore } from '../../../src/store/write/config-store.js'
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js'
import { everyCall } from '../every-call.js'
import { caught, repositoriesOn } from '../fixture.js'

let database: TestDatabase
let real: pg.Pool
let driver: postgres.Sql
let host: Kysely<unknown>
const managers: ConfigurationManager[] = []

beforeAll(async () => {
  database = await createTestDatabase()
  real = new pg.Pool({ connectionString: database.url, max: 5 })
  driver = postgres(database.url, { max: 5, onnotice: () => {} })
  host = new Kysely({ dialect: new PostgresDialect({ pool: real }) })
})
afterAll(async () => {
  await Promise.all(managers.map((manager) => manager.shutdown()))
  await Promise.all([real.end(), driver.end()])
  await database.drop()
})

function managerOn(pool: PoolLike): ConfigurationManager {
  const manager = createConfigManager({ database: pool, redis: false, pollIntervalMs: 60_000 })
  managers.push(manager)
  return manager
}

type Answer = { rows: unknown[]; rowCount?: number | null; command?: string }

/** A pool whose clients are pg's, and whose answers are changed on the way. */
function changed(change: (answer: Answer, text: string) => unknown): PoolLike {
  return {
    connect: async () => {
      const client = await real.connect()
      return {
        query: (text: string, values?: unknown[]) =>
          client
            .query(text, values)
            .then((answer) => (Array.isArray(answer) ? answer.map((one) => change(one, text)) : change(answer, text))),
        release: (error) => client.release(error as Error),
      }
    },
    end: async () => {},
  }
}

/** A pool of clients that read values of some types by another parser. */
function parsedBy(parsers: Record<number, (text: string) => unknown>): pg.Pool {
  const types = { getTypeParser: (oid: number, format: never) => parsers[oid] ?? pg.types.getTypeParser(oid, format) }
  return new pg.Pool({ connectionString: database.url, max: 5, types: types as never })
}

const asText = (text: string) => text

const POOLS: Record<string, () => PoolLike & { own?: boolean }> = {
  "of pg's with int8 as bigint": () => parsedBy({ 20: BigInt }) as never,
  "of pg's with int8 as number": () => parsedBy({ 20: Number }) as never,
  "of pg's with int4 as bigint": () => parsedBy({ 23: BigInt }) as never,
  "of pg's with int4 as text": () => parsedBy({ 23: asText }) as never,
  "of pg's with numbers as text": () => parsedBy({ 21: asText, 23: asText, 20: asText, 700: asText, 701: asText, 1700: asText }) as never,
  "of pg's with dates as text": () => parsedBy({ 1082: asText, 1114: asText, 1184: asText }) as never,
  "of pg's with dates as objects of a library": () =>
    parsedBy({ 1082: (t) => ({ t }), 1114: (t) => ({ t }), 1184: (t) => ({ t }) }) as never,
  "of pg's with JSON as text": () => parsedBy({ 114: asText, 3802: asText }) as never,
  "of pg's with booleans as text": () => parsedBy({ 16: asText }) as never,
  "of pg's with arrays as text": () =>
    parsedBy({ 1000: asText, 1007: asText, 1009: asText, 1015: asText, 2951: asText, 1016: asText }) as never,
  "of pg's with everything as text": () =>
    new pg.Pool({ connectionString: database.url, max: 5, types: { getTypeParser: () => asText } as never }) as never,
  'without rowCount and command': () => changed(({ rows }) => ({ rows })),
  'with a command and no rowCount': () => changed(({ rows, command }) => ({ rows, command: command as string })),
  'with a rowCount of null': () => changed(({ rows, command }) => ({ rows, command: command as string, rowCount: null })),
  'with frozen rows that have no prototype': () =>
    changed(({ rows }) =>
      Object.freeze({ rows: Object.freeze(rows.map((row) => Object.freeze(Object.assign(Object.create(null), row)))) }),
    ),
  'whose promises are not of this realm': () => ({
    connect: async () => {
      const client = await real.connect()
      return {
        query: (...args: [string, unknown[]]) => {
          const answer = client.query(...args)
          // biome-ignore lint/suspicious/noThenProperty: a promise of another library
          return { then: (...both: [never, never]) => answer.then(...both) }
        },
        release: (error) => client.release(error as Error),
      }
    },
    end: async () => {},
  }),
  'whose clients resolve with the rows': () => changed(({ rows }) => rows),
  'of Neon’s shape around postgres.js': () => ({
    connect: async () => {
      const reserved = await driver.reserve()
      return {
        query: async (text: string, values: unknown[] = []) => ({ rows: [...(await reserved.unsafe(text, values as never[]))] }),
        release: () => reserved.release(),
      }
    },
    end: async () => {},
  }),
}

describe.each(Object.entries(POOLS))('a pool %s', (title, make) => {
  it('does for everything', async () => {
    const pool = make()
    const manager = managerOn(pool)

    await everyCall(manager, host, title)

    expect(await manager.getPrompt(`${title}-one`)).toBeUndefined()
    await manager.prompts.promote({ name: `${title}-one`, version: 2 })
    const prompt = await manager.getPrompt(`${title}-one`)
    expect(prompt).toMatchObject({ template: 'joined', version: 2, isActive: true, type: 'text', parameters: {} })
    expect(prompt?.createdAt).toMatch(/^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d/)
    const [change] = await manager.prompts.history({ name: `${title}-one` })
    expect(change).toMatchObject({ changeType: 'promote', revision: expect.any(Number), newData: { labels: { production: 2 } } })
    expect(change?.changedAt).toMatch(/^20\d\d-\d\d-\d\dT/)
    await manager.shutdown()
    if (pool instanceof pg.Pool) await pool.end()
  })
})

it('whose rows are arrays is refused in words', async () => {
  const manager = managerOn(changed(({ rows }) => ({ rows: rows.map((row) => Object.values(row as object)) })))

  const errors = [
    await caught(() => manager.ready()),
    await caught(() => manager.prompts.create({ name: 'a', template: 'x' })),
    await caught(() => manager.getPrompt('a')),
  ]

  for (const error of errors)
    expect(error).toMatchObject({ code: 'E_INVALID_ARGUMENT', field: 'database', message: expect.stringContaining('rows') })
})

describe('a pool that does not lend', () => {
  const idle = { query: async () => ({ rows: [] }), release: () => {} }
  const NEVER = new Promise<never>(() => {})
  const DATABASE_MS = 50
  // Twice the time of a read and a second: a write may have to wait for the lock of another.
  const WRITE_MS = 1_100

  const CASES: Record<string, [connect: () => unknown, expected: object]> = {
    'and never answers': [() => NEVER, { code: 'E_STORE_UNAVAILABLE', reason: 'connections', retryable: true }],
    'and rejects with nothing': [() => Promise.reject(undefined), { code: 'E_STORE_UNAVAILABLE', reason: 'unreachable' }],
    'and rejects with a text': [() => Promise.reject('no'), { code: 'E_STORE_UNAVAILABLE', reason: 'unreachable' }],
    'and throws': [
      () => {
        throw new Error('closed')
      },
      { code: 'E_STORE_UNAVAILABLE', reason: 'unreachable', message: expect.stringContaining('closed') },
    ],
    'and gives nothing': [async () => undefined, { code: 'E_INVALID_ARGUMENT', field: 'database' }],
    'and gives what cannot be given back': [async () => ({ query: idle.query }), { code: 'E_INVALID_ARGUMENT', field: 'database' }],
    'whose client never answers': [async () => ({ ...idle, query: () => NEVER }), { code: 'E_STORE_UNAVAILABLE', reason: 'unreachable' }],
    'whose client never answers, by a promise of another library': [
      // biome-ignore lint/suspicious/noThenProperty: a promise of another library
      async () => ({ ...idle, query: () => ({ then: () => {} }) }),
      { code: 'E_STORE_UNAVAILABLE', reason: 'unreachable' },
    ],
    'whose client is dead': [
      async () => ({ ...idle, query: () => Promise.reject(new Error('Connection terminated')) }),
      { code: 'E_STORE_UNAVAILABLE', reason: 'unreachable', message: expect.stringContaining('Connection terminated') },
    ],
    'whose client throws': [
      async () => ({
        ...idle,
        query: () => {
          throw new Error('not connected')
        },
      }),
      { code: 'E_STORE_UNAVAILABLE', reason: 'unreachable', message: expect.stringContaining('not connected') },
    ],
  }

  function repositories(connect: () => unknown) {
    const { db } = openDatabase({ connect, end: async () => {} } as PoolLike, DATABASE_MS)
    return repositoriesOn(new ConfigStore({ db, schema: 'agent_config', databaseMs: DATABASE_MS }))
  }

  it.each(Object.entries(CASES))('%s keeps neither a write nor a question waiting, and says so', async (_title, [connect, expected]) => {
    const begun = performance.now()
    const { prompts } = repositories(connect)

    const errors = await Promise.all([
      caught(() => prompts.create({ name: 'a', template: 'x' })),
      caught(() => prompts.find({ name: 'a' })),
    ])

    for (const error of errors) expect(error).toMatchObject(expected)
    // With the time that a busy machine needs besides.
    expect(performance.now() - begun).toBeLessThan(WRITE_MS + 4_000)
  })

  it('in time gets its client back when it lends at last', async () => {
    const released: unknown[] = []
    let lend: (client: unknown) => void = () => {}
    const connect = () => new Promise<never>((resolve) => (lend = resolve as never))
    const { prompts } = repositories(connect)

    await caught(() => prompts.find({ name: 'a' }))
    lend({ ...idle, release: (error: unknown) => released.push(error) })
    await expect.poll(() => released).toEqual([undefined])
  })
})
