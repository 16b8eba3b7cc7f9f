import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ConfigurationManager } from '../../src/manager/configuration-manager.js'
import { createConfigManager } from '../../src/manager/global-manager.js'
import type { ConfigManagerOptions } from '../../src/manager/options.js'
import { runStatement } from '../support/services/template-database.js'
import { startTcpProxy } from '../support/tcp-proxy.js'
import { createTestDatabase, type TestDatabase } from '../support/test-database.js'
import { testRedisUrl, uniqueNamespace } from '../support/test-redis.js'
import { percentilesOf } from './percentiles.js'

let database: TestDatabase
const cleanups: (() => unknown)[] = []

beforeEach(async () => {
  database = await createTestDatabase()
  cleanups.push(() => database.drop())
})
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function start(options: ConfigManagerOptions): Promise<ConfigurationManager> {
  const manager = createConfigManager({ redis: false, ...options })
  cleanups.push(() => manager.shutdown())
  await manager.ready()
  return manager
}

/** How many versions stand in the tables, and how many writes the changelog has. */
async function written(): Promise<Record<string, unknown> | undefined> {
  const [counts] = await runStatement(
    database.url,
    `select (select count(*)::integer from agent_config.prompts where name like 'many-%') as versions,
      (select count(*)::integer from agent_config.config_changelog where config_name like 'many-%') as changes`,
  )
  return counts
}

/** A wire that is half of `roundTripMs` long in each direction. */
async function farAway(url: string, roundTripMs: number): Promise<string> {
  const { hostname, port } = new URL(url)
  const wire = await startTcpProxy({ host: hostname, port: Number(port) })
  cleanups.push(() => wire.close())
  wire.delay(roundTripMs / 2)
  const address = new URL(url)
  address.hostname = '127.0.0.1'
  address.port = String(wire.port)
  return address.href
}

describe('writes that one process begins at once', () => {
  it('are all written, a thousand of them, while what nobody has read yet is read beside them', async () => {
    // How long a thousand writes take is the machine's: on a busy one longer than a write waits by default.
    const timeouts = { queueMs: 600_000 }
    const manager = await start({ database: database.url, redis: testRedisUrl(), namespace: uniqueNamespace(), timeouts })
    await Promise.all(
      Array.from({ length: 50 }, (_, place) =>
        manager.prompts.create({ name: `read-${place}`, template: `text ${place}`, labels: ['production'] }),
      ),
    )
    const reader = await start({ database: database.url })
    const times: number[] = []
    let isWriting = true
    const reading = (async () => {
      for (let place = 0; isWriting; place++) {
        const startedAt = performance.now()
        // Through the writer's own pool, and past its caches.
        const prompt = await manager.prompts.find({ name: `read-${place % 50}` })
        times.push(performance.now() - startedAt)
        expect(prompt?.template).toBe(`text ${place % 50}`)
        expect((await reader.getPrompt(`read-${place % 50}`))?.template).toBe(`text ${place % 50}`)
        await sleep(5)
      }
    })()

    const startedAt = performance.now()
    const writing = Array.from({ length: 1_000 }, (_, place) => manager.prompts.create({ name: `many-${place}`, template: 'x' }))
    const outcomes = await Promise.allSettled(writing)
    isWriting = false
    await reading

    console.info(`1,000 writes in ${Math.round(performance.now() - startedAt)} ms, a read beside them: ${percentilesOf(times)}`)
    expect(outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [String(outcome.reason)] : []))).toEqual([])
    expect(await written()).toEqual({ versions: 1_000, changes: 1_000 })
    expect(times.length).toBeGreaterThan(20)
  }, 400_000)

  it('are all written to servers that are 80 ms away, twenty of them', async () => {
    const [far, farRedis] = await Promise.all([farAway(database.url, 80), farAway(testRedisUrl(), 80)])
    const manager = await start({ database: far, redis: farRedis, namespace: uniqueNamespace() })

    const writing = Array.from({ length: 20 }, (_, place) => manager.prompts.create({ name: `many-${place}`, template: 'x' }))
    const outcomes = await Promise.allSettled(writing)

    expect(outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [String(outcome.reason)] : []))).toEqual([])
    expect(await written()).toEqual({ versions: 20, changes: 20 })
  })
})
