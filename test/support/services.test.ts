import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { EchoHandlers } from './echo-process.js'
import { eventually } from './eventually.js'
import { startPrivatePostgres } from './private-postgres.js'
import { startPrivateRedis } from './private-redis.js'
import { firstThatWorks, Unavailable } from './services/attempts.js'
import { familyOf, signalAll } from './services/process-family.js'
import { redisProgram } from './services/redis-binary.js'
import type { Server } from './services/server.js'
import { spawnWorker } from './spawn-worker.js'
import { createEmptyDatabase, createTestDatabase } from './test-database.js'
import { testRedisUrl, uniqueNamespace } from './test-redis.js'

const cleanups: (() => unknown)[] = []

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

describe('shared servers', () => {
  it('give each caller a database of its own, and take it away again', async () => {
    const [one, two] = await Promise.all([createTestDatabase(), createEmptyDatabase()])
    await query(one.url, 'create table mine (id int)')

    await expect(query(two.url, 'select * from mine')).rejects.toThrow('does not exist')

    await Promise.all([one.drop(), two.drop()])
    await expect(query(one.url, 'select 1')).rejects.toMatchObject({ code: '3D000' })
  })

  it('give a migrated database', async () => {
    const database = await createTestDatabase()
    cleanups.push(() => database.drop())

    expect(await query(database.url, 'select count(*)::int as count from agent_config.prompts')).toEqual([{ count: 0 }])
  })

  it('have a Redis that answers, and namespaces that never repeat', async () => {
    const redis = new Redis(testRedisUrl())
    cleanups.push(() => redis.disconnect())

    const [key, other] = [uniqueNamespace(), uniqueNamespace()]
    await redis.set(key, 'value', 'EX', 10)

    expect(await redis.get(key)).toBe('value')
    expect(await redis.get(other)).toBeNull()
  })
})

describe('a PostgreSQL of one test', () => {
  it('answers nothing while frozen, on old and new connections, and everything afterwards', async () => {
    const server = await start(startPrivatePostgres())
    const client = await connected(server.url)

    await server.freeze()
    const late = client.query('select 1 as one')
    const lateToo = query(server.url, 'select 2 as two')

    await expect(query(server.url, 'select 3', { connectionTimeoutMillis: 200 })).rejects.toThrow('timeout')
    await server.thaw()
    expect((await late).rows).toEqual([{ one: 1 }])
    expect(await lateToo).toEqual([{ two: 2 }])
  })

  it('loses its connections when killed and keeps its committed rows for the restart', async () => {
    const server = await start(startPrivatePostgres())
    const client = await connected(server.url)
    await client.query('create table kept (id int)')
    await client.query('insert into kept values (1)')
    const pidBefore = server.pid

    await server.kill()

    await expect(client.query('select 1')).rejects.toThrow()
    await expect(query(server.url, 'select 1')).rejects.toThrow('ECONNREFUSED')
    await server.restart()
    expect(await query(server.url, 'select id from kept')).toEqual([{ id: 1 }])
    expect(server.pid).not.toBe(pidBefore)
  })

  it('waits for a process of its predecessor that outlived it', async () => {
    const server = await start(startPrivatePostgres())
    const client = await connected(server.url)
    const [backend] = (await client.query<{ pid: number }>('select pg_backend_pid() as pid')).rows
    const postmaster = server.pid
    signalAll([backend!.pid], 'SIGSTOP')
    signalAll([postmaster], 'SIGKILL')
    setTimeout(() => signalAll([backend!.pid], 'SIGKILL'), 400)
    await eventually(() => !signalAll([postmaster], 0))

    await server.restart()

    expect(await query(server.url, 'select 1 as one')).toEqual([{ one: 1 }])
  })

  it('restarts in an orderly way while it runs, and takes settings', async () => {
    const server = await start(startPrivatePostgres({ fsync: true, settings: { max_connections: 7 } }))

    await server.restart()

    expect(await query(server.url, 'show max_connections')).toEqual([{ max_connections: '7' }])
    expect(await query(server.url, 'show fsync')).toEqual([{ fsync: 'on' }])
  })
})

describe('a Redis of one test', () => {
  it('freezes, thaws, dies and comes back empty on the same port', async () => {
    const server = await start(startPrivateRedis({ args: ['--maxmemory', '5mb'] }))
    const redis = new Redis(server.url, { commandTimeout: 300, retryStrategy: () => 20, maxRetriesPerRequest: null })
    redis.on('error', () => {})
    cleanups.push(() => redis.disconnect())
    await redis.set('key', 'value')

    await server.freeze()
    await expect(redis.get('key')).rejects.toThrow('timed out')
    await server.thaw()
    expect(await redis.get('key')).toBe('value')
    expect(await redis.config('GET', 'maxmemory')).toContain(`${5 * 1024 * 1024}`)

    await server.kill()
    await server.restart()
    expect(await eventually(() => redis.dbsize())).toBe(0)
  })
})

describe('the watchdog', () => {
  it('ends the servers of a process that was killed, frozen ones too, and removes their folders', async () => {
    const owner = await spawnWorker<EchoHandlers>(new URL('./echo-process.ts', import.meta.url), { isUnbundled: true })
    const { postgres, redis } = await owner.ask('startServers')
    const client = await connected(postgres.url)
    const folder = await query(postgres.url, 'show data_directory').then((rows) => String(rows[0]?.data_directory))
    const family = [...familyOf(postgres.pid), ...familyOf(redis.pid)]
    signalAll(family, 'SIGSTOP')

    await owner.kill()

    await eventually(() => !signalAll(family, 0), { timeoutMs: 20_000 })
    await eventually(() => !existsSync(folder))
    expect(family.length).toBeGreaterThan(4)
    await client.end().catch(() => {})
  })
})

describe('programs that are named', () => {
  afterEach(() => vi.unstubAllEnvs())

  it('are the ones that are started', async () => {
    const { command } = await redisProgram()
    const folder = mkdtempSync(join(tmpdir(), 'agent-config-named-'))
    cleanups.push(() => rmSync(folder, { recursive: true }))
    copyFileSync(command, join(folder, 'valkey-server'))
    vi.stubEnv('TEST_REDIS_SERVER', join(folder, 'valkey-server'))

    expect((await redisProgram()).command).toBe(join(folder, 'valkey-server'))
  })

  it('are not replaced when they do not start', async () => {
    vi.stubEnv('TEST_REDIS_SERVER', '/no/such/redis-server')
    vi.stubEnv('TEST_POSTGRES_BIN', '/no/such/folder')

    await expect(startPrivateRedis()).rejects.toThrow('/no/such/redis-server does not start')
    await expect(startPrivatePostgres()).rejects.toThrow('/no/such/folder')
  })
})

describe('a missing service', () => {
  beforeEach(() => vi.stubEnv('TEST_SERVICES_SKIP', ''))
  afterEach(() => vi.unstubAllEnvs())

  it('fails with every attempt and its reason', async () => {
    const search = firstThatWorks('Redis', [
      { name: 'given', description: 'TEST_REDIS_URL', run: () => Promise.reject(new Unavailable('not set')) },
      { name: 'machine', description: 'redis-server on PATH', run: () => Promise.reject(new Unavailable('not there')) },
    ])

    await expect(search).rejects.toThrow(/No Redis .*\n.*TEST_REDIS_URL: not set\n.*redis-server on PATH: not there/)
  })

  it('is not replaced when its address was given and does not answer', async () => {
    const search = firstThatWorks('Redis', [
      { name: 'given', description: 'TEST_REDIS_URL', run: () => Promise.reject(new Error('connection refused')) },
      { name: 'machine', description: 'redis-server on PATH', run: () => Promise.resolve('another one') },
    ])

    await expect(search).rejects.toThrow('connection refused')
  })
})

async function start(starting: Promise<Server>): Promise<Server> {
  const server = await starting
  cleanups.push(() => server.stop())
  return server
}

async function connected(url: string): Promise<pg.Client> {
  const client = new pg.Client(url)
  client.on('error', () => {})
  await client.connect()
  cleanups.push(() => client.end().catch(() => {}))
  return client
}

async function query(url: string, sql: string, options: pg.ClientConfig = {}): Promise<unknown[] & Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url, ...options })
  client.on('error', () => {})
  try {
    await client.connect()
    return (await client.query(sql)).rows
  } finally {
    await client.end().catch(() => {})
  }
}
