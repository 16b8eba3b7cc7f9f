import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startPrivatePostgres } from '../support/private-postgres.js'
import { startPrivateRedis } from '../support/private-redis.js'
import type { Server } from '../support/services/server.js'
import { spawnWorker, type Worker } from '../support/spawn-worker.js'
import type { FirstMinuteHandlers } from './first-minute-process.js'
import { percentilesOf } from './percentiles.js'

const PROCESSES = 8
const WRITES = 50

let postgres: Server
let redis: Server
let workers: Worker<FirstMinuteHandlers>[] = []

beforeAll(async () => {
  // As it is installed: whatever the tests' servers leave out is switched on, and nothing has been analysed.
  ;[postgres, redis] = await Promise.all([startPrivatePostgres({ settings: { jit: true } }), startPrivateRedis()])
})
afterAll(async () => {
  await Promise.all(workers.map((worker) => worker.kill()))
  await Promise.all([postgres.stop(), redis.stop()])
})

describe('the first minute on a database that nobody has used', () => {
  it('has every service migrated, every write written and every read answered', async () => {
    const names = Array.from({ length: PROCESSES }, (_, place) => `service-${place}`)
    const processes = names.map((name) =>
      spawnWorker<FirstMinuteHandlers>(new URL('./first-minute-process.ts', import.meta.url), { args: [postgres.url, redis.url, name] }),
    )
    workers = await Promise.all(processes)

    const writes = (await Promise.all(workers.map((worker) => worker.ask('write', WRITES)))).flat()
    // None has read a thing so far; of its own name it knows from writing.
    const reads = (await Promise.all(workers.map((worker) => worker.ask('read', [...names, 'nothing'])))).flat()
    await Promise.all(workers.map((worker) => worker.ask('finish')))

    console.info(
      `${PROCESSES} processes at once: a write ${percentilesOf(writes)}; a first read ${percentilesOf(reads.map(({ ms }) => ms))}`,
    )
    expect(writes).toHaveLength(PROCESSES * WRITES)
    const expected = [...names.map((name) => `${name} ${WRITES}`), undefined]
    expect(reads.map(({ template }) => template)).toEqual(workers.flatMap(() => expected))
  })
})
