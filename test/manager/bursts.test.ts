import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { casesOf } from '../support/long-form.js'
import { spawnWorker, type Worker } from '../support/spawn-worker.js'
import { createTestDatabase, type TestDatabase } from '../support/test-database.js'
import { testRedisUrl, uniqueNamespace } from '../support/test-redis.js'
import type { BurstHandlers } from './burst-process.js'
import { useManagers } from './managers.js'

const WORKERS = 4
const BURSTS = casesOf(150, 500)
const NAMES = ['a', 'b', 'c', 'd', 'e']

let database: TestDatabase
let workers: Worker<BurstHandlers>[] = []
const namespace = uniqueNamespace()
const start = useManagers()

beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(async () => {
  await Promise.all(workers.map((worker) => worker.kill()))
  await database.drop()
})

it('serves the last of two writes 1 to 7 ms apart on four reading processes, hundreds of times', async () => {
  const writer = await start({ database: database.url, redis: testRedisUrl(), namespace, listen: false })
  for (const name of NAMES) await writer.prompts.create({ name, template: 'first', labels: ['production'] })
  // Half of them hear by LISTEN and load from PostgreSQL, where a load is slow enough to be overtaken.
  const argsOf = (place: number) => [database.url, place % 2 === 0 ? testRedisUrl() : 'none', namespace, NAMES.join(',')]
  workers = await Promise.all(
    Array.from({ length: WORKERS }, (_, place) =>
      spawnWorker<BurstHandlers>(new URL('./burst-process.ts', import.meta.url), { args: argsOf(place) }),
    ),
  )
  const expected = new Map(NAMES.map((name) => [name, 1]))
  const stale: unknown[] = []

  for (let burst = 0; burst < BURSTS; burst++) {
    const name = NAMES[burst % NAMES.length]!
    const { version } = await writer.prompts.createVersion({ name, template: `burst ${burst}`, labels: [] })
    await sleep(1 + (burst % 7))
    const { revision } = await writer.prompts.promote({ name, version })
    expected.set(name, version)
    const answers = await Promise.all(workers.map((worker) => worker.ask('settled', revision)))
    for (const answer of answers) {
      if (answer[name] !== version) stale.push({ burst, name, version, answer })
    }
  }
  const last = await Promise.all(workers.map((worker) => worker.ask('settled', 0)))
  const reports = await Promise.all(workers.map((worker) => worker.ask('finish')))

  expect(stale).toEqual([])
  expect(last).toEqual(workers.map(() => Object.fromEntries(expected)))
  expect(reports.map((report) => report.backwards)).toEqual(workers.map(() => 0))
  expect(await Promise.all(workers.map((worker) => worker.end()))).toEqual(workers.map(() => 0))
})
