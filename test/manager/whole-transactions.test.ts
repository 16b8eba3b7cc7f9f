import { setTimeout } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ConfigurationManager } from '../../src/manager/configuration-manager.js'
import { createConfigManager } from '../../src/manager/global-manager.js'
import { createTestDatabase, type TestDatabase } from '../support/test-database.js'
import { testRedisUrl, uniqueNamespace } from '../support/test-redis.js'
import { useManagers } from './managers.js'
import { withRedis } from './redis-keys.js'

const WRITES = 35

let database: TestDatabase
const start = useManagers()

beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())

/** Everything that one transaction changes, by every way to read it; a number that names the transaction, or nothing where memory has none. */
const READS: Record<string, (manager: ConfigurationManager) => Promise<unknown> | unknown> = {
  getPrompt: async (manager) => (await manager.getPrompt('p'))?.template,
  'getPrompt by number': async (manager) => {
    const latest = await manager.getPrompt('p', { label: 'latest' })
    return latest && (await manager.getPrompt('p', { version: latest.version }))?.template
  },
  peekPrompt: (manager) => manager.peekPrompt('p')?.template,
  getModelConfig: async (manager) => (await manager.getModelConfig('m'))?.model,
  peekModelConfig: (manager) => manager.peekModelConfig('m')?.model,
  getEmbeddingConfig: async (manager) => (await manager.getEmbeddingConfig('e'))?.embeddingModel,
  peekEmbeddingConfig: (manager) => manager.peekEmbeddingConfig('e')?.embeddingModel,
  'getContextRules of all': async (manager) => (await manager.getContextRules())[0]?.important,
  'getContextRules of one': async (manager) => (await manager.getContextRules('c'))[0]?.important,
  prefetch: async (manager) => {
    await manager.prefetch([{ kind: 'prompt' }, { kind: 'model', name: 'm' }, { kind: 'context_rules' }])
    return undefined
  },
}

/** Changes all of it in one transaction, under a number. */
function change(writer: ConfigurationManager, number: number) {
  const labels = ['production']
  return writer.transaction(async ({ prompts, models, embeddings, contextRules }) => {
    await models.createVersion({ name: 'm', provider: 'p', model: `${number}`, labels })
    await prompts.createVersion({ name: 'p', template: `${number}`, labels })
    await contextRules.createVersion({ context: 'c', important: `${number}` })
    await embeddings.createVersion({ name: 'e', embeddingModel: `${number}`, labels })
  })
}

/** Passes messages on from one channel to another: loses a third, and holds others back so that they overtake each other. */
async function lossyRelay(from: string, to: string, work: () => Promise<void>): Promise<void> {
  await withRedis(async (redis) => {
    const subscriber = redis.duplicate()
    await subscriber.subscribe(from)
    subscriber.on('message', async (_channel, text) => {
      if (Math.random() < 0.3) return
      await setTimeout(Math.random() * 60)
      await redis.publish(to, text).catch(() => {})
    })
    await work().finally(() => subscriber.disconnect())
  })
}

describe('what one transaction changed', () => {
  it('is seen whole by every way to read it, in any order, though messages are lost and overtake each other, and by workers that just started', async () => {
    const namespace = uniqueNamespace()
    const shared = { database: database.url, redis: testRedisUrl(), namespace, listen: false as const, pollIntervalMs: 250 }
    const writer = await start({ ...shared, channel: `${namespace}-written` })
    await change(writer, 0)
    const broken: string[] = []
    let reads = 0
    let isOver = false
    /** Reads until `isDone`; whatever comes must not be of before something that came already. */
    const readAll = async (worker: ConfigurationManager, isDone: () => boolean) => {
      let seen = -1
      let last = 'nothing'
      for (const names = Object.keys(READS); !isDone(); await setTimeout(Math.random() * 3)) {
        for (const name of names.sort(() => Math.random() - 0.5).slice(0, 4)) {
          const value = await READS[name]?.(worker)
          if (value === undefined) continue
          reads++
          if (Number(value) < seen) broken.push(`${name} gave ${value} after ${last} gave ${seen}`)
          else [seen, last] = [Number(value), name]
        }
      }
      return seen
    }
    const heard = { ...shared, channel: `${namespace}-heard` }
    const workers = await Promise.all([start(heard), start(heard), start({ ...heard, memory: { maxEntries: 2 } })])

    await lossyRelay(`${namespace}-written`, `${namespace}-heard`, async () => {
      const reading = workers.map((worker) => readAll(worker, () => isOver))
      const starting = (async () => {
        while (!isOver) {
          const newcomer = createConfigManager(heard)
          let passes = 0
          await readAll(newcomer, () => ++passes > 5)
          await newcomer.shutdown()
        }
      })()
      for (let number = 1; number <= WRITES; number++) {
        await change(writer, number)
        await setTimeout(Math.random() * 30)
      }
      isOver = true
      await Promise.all([...reading, starting])
    })

    expect(broken).toEqual([])
    expect(reads).toBeGreaterThan(WRITES)
    for (const worker of workers) {
      await worker.catchUp()
      for (const [name, read] of Object.entries(READS)) expect([undefined, `${WRITES}`], name).toContain(await read(worker))
    }
  })
})
