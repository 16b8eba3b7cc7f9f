import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { LEASE_MS, MAX_WAIT_MS } from '../../src/cache/redis/load-lease.js'
import type { ConfigurationManager } from '../../src/index.js'
import { startTcpProxy } from '../support/tcp-proxy.js'
import { createTestDatabase, type TestDatabase } from '../support/test-database.js'
import { testRedisUrl, uniqueNamespace } from '../support/test-redis.js'
import { heard, NO_POLL, useManagers } from './managers.js'
import { runSql } from './run-sql.js'

const WORKERS = 20
const makeManager = useManagers()

let database: TestDatabase
let redis: Redis
beforeAll(async () => {
  database = await createTestDatabase()
  redis = new Redis(testRedisUrl())
})
afterAll(async () => {
  redis.disconnect()
  await database.drop()
})

interface Fleet {
  readonly workers: readonly ConfigurationManager[]
  readonly namespace: string
}

async function aFleet(url = database.url): Promise<Fleet> {
  const namespace = uniqueNamespace()
  const options = { database: url, redis: testRedisUrl(), namespace, ...NO_POLL }
  return { workers: await Promise.all(Array.from({ length: WORKERS }, () => makeManager(options))), namespace }
}

const loadsOf = (workers: readonly ConfigurationManager[]) => workers.reduce((sum, worker) => sum + worker.stats().database.loads, 0)

interface Seen {
  readonly loads: number
  readonly ms: number
}

/**
 * Leases are counted in milliseconds, and all workers of a test share one process and its machine: what they promise is seen where the
 * work took less than `withinMs`, which gets ten tries.
 */
async function seenWithin(withinMs: number, workers: readonly ConfigurationManager[], work: () => Promise<void>): Promise<Seen> {
  let ms = 0
  for (let attempt = 0; attempt < 10; attempt++) {
    const before = loadsOf(workers)
    const start = performance.now()
    await work()
    ms = performance.now() - start
    if (ms < withinMs) return { loads: loadsOf(workers) - before, ms }
  }
  throw new Error(`It took ${Math.round(ms)} ms, the tenth time: this machine is too busy to see leases of ${LEASE_MS} ms at work.`)
}

let names = 0
/** A name that all workers have heard of and that neither they nor Redis have. */
async function missingName({ workers, namespace }: Fleet): Promise<string> {
  const [writer] = workers as [ConfigurationManager]
  const name = `missing-${names++}`
  await writer.prompts.create({ name, template: 'one', labels: ['production'] })
  await Promise.all(workers.map((worker) => heard(worker, writer.stats().revision as number)))
  await redis.del(await redis.keys(`{${namespace}}*`))
  return name
}

async function readAll(readers: readonly ConfigurationManager[], name: string): Promise<void> {
  const prompts = await Promise.all(readers.map((reader) => reader.getPrompt(name)))
  expect(prompts.map((prompt) => prompt?.template)).toEqual(readers.map(() => 'one'))
}

/** Each of as many tries as `seenWithin` makes reads another of these. */
async function missTogether(fleet: Fleet, withinMs: number, before = () => {}): Promise<Seen> {
  const readers = fleet.workers.slice(1)
  const missing: string[] = []
  for (let attempt = 0; attempt < 10; attempt++) missing.push(await missingName(fleet))
  before()
  return seenWithin(withinMs, readers, () => readAll(readers, missing.pop() as string))
}

it('one name that twenty workers miss at once costs PostgreSQL one load or two', async () => {
  expect((await missTogether(await aFleet(), LEASE_MS)).loads).toBeLessThanOrEqual(2)
})

it('one name that twenty workers miss at once costs a far PostgreSQL one load for each lease that ends', async () => {
  const { hostname, port, pathname, username } = new URL(database.url)
  const proxy = await startTcpProxy({ host: hostname, port: Number(port) })
  try {
    const fleet = await aFleet(`postgres://${username}@127.0.0.1:${proxy.port}${pathname}`)
    // To the server and back: longer than one lease, and shorter than two.
    const { loads, ms } = await missTogether(fleet, MAX_WAIT_MS, () => proxy.delay(LEASE_MS * 0.6))
    expect(ms).toBeGreaterThan(LEASE_MS)
    expect(loads).toBeLessThanOrEqual(3)
  } finally {
    await proxy.close()
  }
})

it('a change by SQL of a document that all of them hold, which no writer puts into Redis, costs four loads, and one for each lease that ends', async () => {
  const { workers } = await aFleet()
  const [writer] = workers as [ConfigurationManager]
  await writer.prompts.create({ name: 'held', template: 'one', labels: ['production'] })
  await writer.prompts.createVersion({ name: 'held', template: 'two' })
  await Promise.all(workers.map((worker) => heard(worker, writer.stats().revision as number)))
  await readAll(workers, 'held')
  let version = 1

  const { loads, ms } = await seenWithin(MAX_WAIT_MS, workers, async () => {
    version = 3 - version
    await runSql(database.url, `update agent_config.prompt_labels set version = ${version} where name = 'held'`)
    const all = () => workers.every((worker) => worker.peekPrompt('held')?.version === version)
    await expect.poll(all, { interval: 5 }).toBe(true)
  })

  expect(loads).toBeLessThanOrEqual(4 + Math.floor(ms / LEASE_MS))
})
