import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { migrateToLatest } from '../../src/migrations.js'
import { BUSY_MS } from '../support/busy-machine.js'
import { eventually } from '../support/eventually.js'
import { startPrivatePostgres } from '../support/private-postgres.js'
import { startPrivateRedis } from '../support/private-redis.js'
import type { Server } from '../support/services/server.js'
import { spawnWorker, type Worker } from '../support/spawn-worker.js'
import { uniqueNamespace } from '../support/test-redis.js'
import type { ShutdownHandlers } from './shutdown-process.js'

const TIMEOUTS = { redisMs: 150, databaseMs: 500, readMs: 800 }
/** A write that is under way may take twice `databaseMs` and a second; the rest is what a machine under load may add. */
const LONGEST_MS = 2_000 + BUSY_MS

let postgres: Server
let redis: Server
// One process for all of it: what one manager leaves behind is found after each phase, and keeps the process from ending.
let worker: Worker<ShutdownHandlers>

beforeAll(async () => {
  ;[postgres, redis, worker] = await Promise.all([
    startPrivatePostgres(),
    startPrivateRedis(),
    spawnWorker<ShutdownHandlers>(new URL('./shutdown-process.ts', import.meta.url)),
  ])
  await migrateToLatest(postgres.url)
})
beforeEach(() => {
  const namespace = uniqueNamespace()
  return worker.ask('open', { database: postgres.url, redis: redis.url, namespace, project: namespace, timeouts: TIMEOUTS })
})
afterEach(thaw)
afterAll(async () => {
  await worker.kill()
  await Promise.all([postgres.stop(), redis.stop()])
})

async function freeze() {
  await Promise.all([postgres.freeze(), redis.freeze()])
}

async function thaw() {
  await Promise.all([postgres.thaw(), redis.thaw()])
}

const PHASES: Record<string, () => Promise<unknown>> = {
  'before anything connected': async () => {},
  'while it connects': async () => worker.ask('call'),
  'while it connects to servers that are frozen': async () => {
    await freeze()
    await worker.ask('call')
  },
  'with calls of every sort under way': async () => {
    await worker.ask('ready')
    await worker.ask('create')
    await worker.ask('call')
  },
  'with calls of every sort under way at servers that froze': async () => {
    await worker.ask('ready')
    await worker.ask('create')
    await freeze()
    await worker.ask('call')
  },
  'with calls that wait for servers that are gone': async () => {
    await worker.ask('ready')
    await Promise.all([postgres.kill(), redis.kill()])
    await worker.ask('call')
  },
}

for (const [phase, bring] of Object.entries(PHASES)) {
  it(`shutdown() ${phase} ends, as every call does, and leaves no socket and no timer`, async () => {
    await bring()

    const ms = await worker.ask('shutdown')
    const strange = await worker.ask('ended')

    expect(strange).toEqual([])
    expect(ms).toBeLessThan(LONGEST_MS)
    await eventually(async () => expect(await worker.ask('resources')).toEqual([]))
  })
}

it('the process then ends by itself', async () => {
  await worker.ask('shutdown')

  expect(await worker.end()).toBe(0)
})
