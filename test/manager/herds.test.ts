import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { ConfigurationManager } from '../../src/index.js'
import { createTestDatabase, type TestDatabase } from '../support/test-database.js'
import { testRedisUrl, uniqueNamespace } from '../support/test-redis.js'
import { heard, NO_POLL, useManagers } from './managers.js'
import { runSql } from './run-sql.js'

const WORKERS = 20
const NAME = 'greeting'
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

async function aFleet(): Promise<{ readonly workers: readonly ConfigurationManager[]; readonly namespace: string }> {
  const namespace = uniqueNamespace()
  const options = { database: database.url, redis: testRedisUrl(), namespace, ...NO_POLL }
  return { workers: await Promise.all(Array.from({ length: WORKERS }, () => makeManager(options))), namespace }
}

const loadsOf = (workers: readonly ConfigurationManager[]) => workers.reduce((sum, worker) => sum + worker.stats().database.loads, 0)

it('one name that twenty workers miss at once costs PostgreSQL one load or two', async () => {
  const { workers, namespace } = await aFleet()
  const [writer] = workers as [ConfigurationManager]
  await writer.prompts.create({ name: NAME, template: 'one', labels: ['production'] })
  await Promise.all(workers.map((worker) => heard(worker, writer.stats().revision as number)))
  await redis.del(await redis.keys(`{${namespace}}*`))
  const readers = workers.slice(1)
  const before = loadsOf(readers)

  const prompts = await Promise.all(readers.map((worker) => worker.getPrompt(NAME)))

  expect(new Set(prompts.map((prompt) => prompt?.template))).toEqual(new Set(['one']))
  expect(loadsOf(readers) - before).toBeLessThanOrEqual(2)
})

it('so does a change by SQL of a document that all of them hold, which no writer puts into Redis', async () => {
  const { workers } = await aFleet()
  await Promise.all(workers.map((worker) => worker.getPrompt(NAME)))
  const before = loadsOf(workers)

  await runSql(
    database.url,
    `insert into agent_config.prompts (project, name, version, type, template) values ('default', '${NAME}', 2, 'text', 'two');
     update agent_config.prompt_labels set version = 2 where name = '${NAME}'`,
  )
  await expect.poll(() => workers.map((worker) => worker.peekPrompt(NAME)?.template)).toEqual(Array(WORKERS).fill('two'))

  expect(loadsOf(workers) - before).toBeLessThanOrEqual(4)
})
