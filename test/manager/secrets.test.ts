import { inspect } from 'node:util'
import { Redis } from 'ioredis'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RedisLike } from '../../src/cache/redis-like.js'
import { createConfigManager } from '../../src/manager/global-manager.js'
import type { ConfigManagerOptions } from '../../src/manager/options.js'
import type { PoolLike } from '../../src/store/pool.js'
import { startPrivatePostgres } from '../support/private-postgres.js'
import { startPrivateRedis } from '../support/private-redis.js'
import type { Server } from '../support/services/server.js'
import { uniqueNamespace } from '../support/test-redis.js'
import { withRedis } from './redis-keys.js'
import { runSql } from './run-sql.js'

/** What URLs have to encode, and what regular expressions and shells read otherwise. */
const PASSWORD = 'p@ss:w/rd?#%&$ü"\\'
const ENCODED = encodeURIComponent(PASSWORD)
const REDIS_PASSWORD = 'r3dis-s3cret'

let postgres: Server
let redis: Server

beforeAll(async () => {
  ;[postgres, redis] = await Promise.all([startPrivatePostgres(), startPrivateRedis()])
  await withRedis((client) => client.config('SET', 'requirepass', REDIS_PASSWORD), redis.url)
  await runSql(postgres.url, `create role keeper superuser login password '${PASSWORD.replaceAll("'", "''")}'`)
})
afterAll(() => Promise.all([postgres.stop(), redis.stop()]))

function databaseUrl(host = `127.0.0.1:${postgres.port}`): string {
  return `postgresql://keeper:${ENCODED}@${host}/postgres`
}

function redisUrl(host = `127.0.0.1:${redis.port}`, scheme = 'redis'): string {
  return `${scheme}://:${REDIS_PASSWORD}@${host}`
}

/** Uses a manager in every way, and gives everything that it let out, as somebody would print it. */
async function everythingSaidBy(options: ConfigManagerOptions): Promise<string> {
  const said: unknown[] = []
  const note =
    (level: string) =>
    (...args: unknown[]): void =>
      void said.push([level, ...args])
  const logger = { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error') }
  const attempt = (work: () => unknown) =>
    Promise.resolve()
      .then(work)
      .then(
        (value) => said.push(value),
        (error) => said.push(error, String((error as Error).stack)),
      )
  await attempt(async () => {
    const manager = createConfigManager({
      namespace: uniqueNamespace(),
      autoMigrate: true,
      timeouts: { databaseMs: 400, redisMs: 100, readMs: 500 },
      logger,
      ...options,
    })
    for (const name of ['change', 'stale', 'fallback', 'redis:lost', 'database:lost', 'error'] as const)
      manager.on(name, (event: unknown) => void said.push([name, event]))
    await attempt(() => manager.ready())
    await attempt(() => manager.prompts.create({ name: 'p', template: 'one', labels: ['production'], waitForWorkers: 20 }))
    await attempt(() => manager.getPrompt('p'))
    await attempt(() => manager.getPrompt('q', { minRevision: 1_000 }))
    await attempt(() => manager.catchUp())
    await attempt(() => manager.health())
    await attempt(() => manager.verify())
    said.push(manager.stats(), manager)
    await attempt(() => manager.shutdown())
  })
  return said.map((one) => `${inspect(one, { depth: 12, showHidden: true })}\n${json(one)}`).join('\n')
}

function json(value: unknown): string {
  const seen = new WeakSet<object>()
  return (
    JSON.stringify(value, (_key, inner: unknown) => {
      if (typeof inner !== 'object' || inner === null) return inner
      if (seen.has(inner)) return undefined
      seen.add(inner)
      return inner instanceof Error ? { ...inner, message: inner.message, cause: inner.cause } : inner
    }) ?? ''
  )
}

const CASES: Record<string, () => ConfigManagerOptions> = {
  'that all work': () => ({ database: databaseUrl(), redis: redisUrl(), readDatabase: databaseUrl() }),
  'whose passwords are wrong': () => ({ database: databaseUrl().replace('keeper', 'nobody'), redis: redisUrl().replace(':@', ':x@') }),
  'that name the wrong password': () => ({ database: databaseUrl(), redis: redisUrl().replace('@', 'x@') }),
  'of servers that refuse': () => ({ database: databaseUrl('127.0.0.1:1'), redis: redisUrl('127.0.0.1:1') }),
  'of hosts that are not there': () => ({ database: databaseUrl('nowhere.invalid'), redis: redisUrl('nowhere.invalid') }),
  'of a server that speaks no TLS': () => ({ database: `${databaseUrl()}?sslmode=require`, redis: redisUrl(undefined, 'rediss') }),
  'of a Cluster and of sentinels that are not there': () => ({ database: databaseUrl(), redis: { cluster: [redisUrl('127.0.0.1:1')] } }),
  'of sentinels that are not there': () => ({
    database: databaseUrl(),
    redis: { sentinels: [redisUrl('127.0.0.1:1')], name: 'mymaster', password: REDIS_PASSWORD },
  }),
  'with another scheme': () => ({ database: databaseUrl().replace('postgresql', 'mysql'), redis: redisUrl() }),
  'that are no URLs': () => ({ database: `keeper:${PASSWORD}@`, redis: redisUrl() }),
  'of which Redis is none': () => ({ database: databaseUrl(), redis: `:${REDIS_PASSWORD}@127.0.0.1` }),
  'with a port that is none': () => ({ database: databaseUrl('127.0.0.1:port'), redis: redisUrl('127.0.0.1:port') }),
}

describe('a password never shows', () => {
  for (const [title, options] of Object.entries(CASES)) {
    it(`in what a manager throws, emits, logs or shows, with addresses ${title}`, async () => {
      const said = await everythingSaidBy(options())

      expect(said.length).toBeGreaterThan(100)
      for (const secret of [PASSWORD, ENCODED, JSON.stringify(PASSWORD).slice(1, -1), REDIS_PASSWORD]) expect(said).not.toContain(secret)
    })
  }

  it("in what a manager shows of a host's own pool and client", async () => {
    const pool = new pg.Pool({ connectionString: databaseUrl() })
    const client = new Redis(redisUrl())

    const said = await everythingSaidBy({ database: pool as unknown as PoolLike, redis: client as unknown as RedisLike })
    client.disconnect()
    await pool.end()

    for (const secret of [PASSWORD, ENCODED, REDIS_PASSWORD]) expect(said).not.toContain(secret)
  })
})
