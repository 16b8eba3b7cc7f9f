import { execFile } from 'node:child_process'
import { inspect } from 'node:util'
import fc from 'fast-check'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { createConfigManager } from '../../src/manager/global-manager.js'
import type { ConfigManagerOptions } from '../../src/manager/options.js'
import { migrateToLatest } from '../../src/migrations.js'
import { PromptRepository } from '../../src/store/repositories/prompt-repository.js'
import { builtProgram } from '../support/built-program.js'
import { eventually } from '../support/eventually.js'
import { startPrivatePostgres } from '../support/private-postgres.js'
import { startPrivateRedis } from '../support/private-redis.js'
import type { Server } from '../support/services/server.js'
import { uniqueNamespace } from '../support/test-redis.js'
import { eventsOf } from './managers.js'
import { withRedis } from './redis-keys.js'
import { runSql } from './run-sql.js'

let postgres: Server
let redis: Server

beforeAll(async () => {
  ;[postgres, redis] = await Promise.all([startPrivatePostgres(), startPrivateRedis()])
  await migrateToLatest(postgres.url)
  await withRedis((client) => client.config('SET', 'requirepass', 'the right one'), redis.url)
  // From now on one role has to say its password.
  await runSql(postgres.url, `create role keeper login superuser password 'the right one'`)
  const [file] = await runSql(postgres.url, 'show hba_file')
  await runSql(
    postgres.url,
    `copy (values ('host all keeper all scram-sha-256'), ('host all all all trust'), ('local all all trust')) to '${file?.hba_file}'; select pg_reload_conf()`,
  )
})
afterEach(() => {
  vi.restoreAllMocks()
})
afterAll(() => Promise.all([postgres.stop(), redis.stop()]))

/** Long enough not to be found by chance, and full of what URLs, shells and regular expressions take for something else. */
const PASSWORDS = ['p@ss:w/rd?x#y100%&+', `qu"ote'\\ gehëim {"a":["b"]} x%2Fy%zz%00`]

/** A password, in every form in which it could be read. */
function formsOf(password: string): string[] {
  const quoted = JSON.stringify(password).slice(1, -1)
  return [
    ...new Set([
      password,
      encodeURIComponent(password),
      encodeURI(password),
      quoted,
      new URLSearchParams({ password }).toString().slice(9),
    ]),
  ]
}

function optionsWith(password: string): Record<string, ConfigManagerOptions> {
  const encoded = encodeURIComponent(password)
  const [pg, rd] = [`127.0.0.1:${postgres.port}`, `127.0.0.1:${redis.port}`]
  const databases = {
    refused: `postgresql://keeper:${encoded}@127.0.0.1:1/postgres`,
    unknown: `postgresql://keeper:${encoded}@host.invalid/postgres`,
    wrong: `postgresql://keeper:${encoded}@${pg}/postgres`,
    'without TLS': `postgresql://keeper:${encoded}@${pg}/postgres?sslmode=require`,
    'without certificate': `postgresql://keeper:${encoded}@${pg}/postgres?sslrootcert=/there/is/none`,
    'as a parameter': `postgresql://keeper@${pg}/postgres?password=${encoded}`,
    'half encoded': `postgresql://keeper:${encoded}%zz@${pg}/postgres`,
    raw: `postgresql://keeper:${password}@${pg}/postgres`,
    'of another kind': `mysql://keeper:${encoded}@${pg}/postgres`,
    'no URL': `keeper:${password}@${pg}`,
    'no host': `postgresql://keeper:${encoded}@/postgres`,
    'no port': `postgresql://keeper:${encoded}@127.0.0.1:port/postgres`,
  }
  const caches = {
    refused: `redis://:${encoded}@127.0.0.1:1`,
    unknown: `redis://:${encoded}@host.invalid`,
    wrong: `redis://:${encoded}@${rd}`,
    'wrong, with a name': `redis://me:${encoded}@${rd}/3`,
    'without TLS': `rediss://:${encoded}@${rd}`,
    'half encoded': `redis://:${encoded}%zz@${rd}`,
    raw: `redis://:${password}@${rd}`,
    'of another kind': `http://:${encoded}@${rd}`,
    'no URL': `:${password}@${rd}`,
    'no port': `redis://:${encoded}@127.0.0.1:port`,
    'no client': { host: '127.0.0.1', password } as never,
    'a cluster': { cluster: [`redis://${rd}`], password },
    'a cluster of half encoded URLs': { cluster: [`redis://:${encoded}%zz@${rd}`] },
    sentinels: { sentinels: [`redis://:${encoded}@${rd}`], name: 'primary', password },
  }
  return Object.fromEntries([
    ...Object.entries(databases).map(([name, database]) => [`database ${name}`, { database, redis: false as const }]),
    ...['refused', 'wrong', 'half encoded', 'raw'].map((name) => [
      `readDatabase ${name}`,
      { database: postgres.url, readDatabase: databases[name as keyof typeof databases], redis: false as const },
    ]),
    ...Object.entries(caches).map(([name, cache]) => [`redis ${name}`, { database: postgres.url, redis: cache }]),
  ])
}

/** Everything that a manager with these options throws, emits, logs, prints, answers and is. */
async function everythingSaidBy(options: ConfigManagerOptions): Promise<unknown[]> {
  const said: unknown[] = []
  const log = (...words: unknown[]) => void said.push(words)
  try {
    const manager = createConfigManager({
      ...options,
      namespace: uniqueNamespace(),
      timeouts: { redisMs: 60, databaseMs: 250, readMs: 300 },
      pollIntervalMs: 50,
      logger: { debug: log, info: log, warn: log, error: log },
    })
    const seen = eventsOf(manager)
    const calls = [
      () => manager.ready(),
      () => manager.getPrompt('p'),
      () => manager.prompts.create({ name: `p${Math.random()}`, template: 'x' }),
      () => manager.prompts.find({ name: 'p' }),
      () => manager.transaction(async () => {}),
      () => manager.publishInvalidation('all'),
      () => manager.getContextRules(),
      () => manager.verify(),
      () => manager.health(),
      async () => manager.stats(),
    ]
    for (const call of calls) said.push(await call().catch((error: unknown) => error))
    said.push(manager, manager.prompts, seen.events)
    await manager.shutdown()
    said.push(manager)
  } catch (error) {
    said.push(error)
  }
  return said
}

/** As a log, a debugger or a page of errors would show it. */
function shown(said: unknown): string {
  const causes: unknown[] = []
  const collect = (value: unknown) => {
    for (let error = value; error instanceof Error; error = error.cause) causes.push({ ...error }, error.message, error.stack)
  }
  for (const one of [said].flat(4) as unknown[]) {
    collect(one)
    for (const part of typeof one === 'object' && one !== null ? Object.values(one) : []) collect(part)
  }
  return [inspect(said, { depth: 12, showHidden: true, maxStringLength: null, maxArrayLength: null }), JSON.stringify([said, causes])].join(
    '\n',
  )
}

function found(text: string, password: string): string[] {
  return formsOf(password).filter((form) => text.includes(form))
}

describe('a password in the address of a server', () => {
  it.each([...PASSWORDS, ...fc.sample(fc.string({ minLength: 12, maxLength: 30, unit: 'grapheme-ascii' }), 1)])(
    'is in nothing that a manager throws, emits, logs, prints or shows: %j',
    async (password) => {
      const printed = vi.spyOn(process.stderr, 'write').mockImplementation(() => true)
      const spoken = (['log', 'warn', 'error', 'info', 'debug'] as const).map((name) =>
        vi.spyOn(console, name).mockImplementation(() => {}),
      )

      const said = await Promise.all(
        Object.entries(optionsWith(password)).map(async ([name, options]) => [name, shown(await everythingSaidBy(options))] as const),
      )
      const onConsole = shown([printed, ...spoken].map((spy) => spy.mock.calls))

      expect(said.filter(([, text]) => found(text, password).length > 0).map(([name]) => name)).toEqual([])
      expect(found(onConsole, password)).toEqual([])
    },
  )

  it('that is not encoded as URLs want it is refused by the name of the option, and not repeated', () => {
    const options = optionsWith('100%')

    for (const [name, given] of Object.entries(options).filter(([one]) => /^redis .*half encoded|^(redis|database) no URL/.test(one))) {
      expect(() => createConfigManager(given), name).toThrow(
        expect.objectContaining({
          code: 'E_INVALID_ARGUMENT',
          field: expect.stringMatching(/^(redis|database)/),
          message: expect.not.stringContaining('100'),
        }),
      )
    }
  })

  it('is in nothing that the parts say which are used alone', async () => {
    const password = PASSWORDS[0] as string

    const said = await Promise.all(
      Object.values(optionsWith(password)).map(async ({ database }) => {
        if (typeof database !== 'string' || database === postgres.url) return undefined
        const caught = (error: unknown) => error
        const repository = await Promise.resolve()
          .then(() => new PromptRepository(database))
          .catch(caught)
        const answers =
          repository instanceof PromptRepository ? [repository, await repository.find({ name: 'p' }).catch(caught)] : [repository]
        return [...answers, await migrateToLatest(database).catch(caught)]
      }),
    )

    expect(found(shown(said), password)).toEqual([])
  })

  it('is in nothing that `agent-config migrate` prints', async () => {
    const password = PASSWORDS[0] as string
    const databases = Object.entries(optionsWith(password)).filter(([name]) => /^database (half|no URL)/.test(name))

    const printed = await Promise.all(
      databases.map(
        ([, { database }]) =>
          new Promise<string>((resolve) => {
            const cli = builtProgram(new URL('../../src/cli.ts', import.meta.url))
            const env = { ...process.env, DATABASE_URL: database as string, NODE_OPTIONS: '' }
            execFile(process.execPath, [cli, 'migrate'], { env }, (_error, out, err) => resolve(out + err))
          }),
      ),
    )

    expect(printed.filter((text) => text === '')).toEqual([])
    expect(printed.filter((text) => found(text, password).length > 0)).toEqual([])
  })
})

it("is known to LISTEN beside a host's pool that hides it from logs", async () => {
  // pg makes it a property that is not copied with the others.
  const pool = new pg.Pool({ host: '127.0.0.1', port: postgres.port, user: 'keeper', password: 'the right one', database: 'postgres' })
  const manager = createConfigManager({ database: pool as never, redis: false })
  await manager.ready()

  const subscriber = await eventually(async () => (await manager.health()).subscriber === 'up', { timeoutMs: 5_000 }).catch(() => false)
  const shownPool = inspect(manager, { depth: 12, showHidden: true })
  await manager.shutdown()
  await pool.end()

  expect(subscriber).toBe(true)
  expect(shownPool).not.toContain('the right one')
})
