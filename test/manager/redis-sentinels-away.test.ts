import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { eventually } from '../support/eventually.js'
import { type PrivateRedisSentinel, startPrivateRedisSentinel } from '../support/private-redis-sentinel.js'
import { createTestDatabase, type TestDatabase } from '../support/test-database.js'
import { uniqueNamespace } from '../support/test-redis.js'
import { NO_POLL, useManagers } from './managers.js'

let database: TestDatabase
let group: PrivateRedisSentinel
const start = useManagers()

beforeAll(async () => {
  ;[database, group] = await Promise.all([createTestDatabase(), startPrivateRedisSentinel({ sentinels: 3 })])
})
afterAll(() => Promise.all([database.drop(), group?.stop()]))

it('a sentinel that is away, or goes away, is no reason to print anything', async () => {
  const printed = (['error', 'warn', 'log'] as const).map((level) => vi.spyOn(console, level).mockImplementation(() => {}))
  const [first, second, third] = group.sentinels
  await first?.kill()
  await second?.freeze()

  const namespace = uniqueNamespace()
  const redis = { sentinels: group.sentinels, name: group.name }
  const manager = await start({ database: database.url, redis, namespace, timeouts: { redisMs: 300 }, listen: false, ...NO_POLL })
  await eventually(() => manager.stats().redis.state === 'up', { timeoutMs: 20_000 })
  const { propagated } = await manager.prompts.create({ name: 'p', template: 'x', labels: ['production'] })
  await third?.kill()
  // Longer than connecting to a sentinel may take.
  await new Promise((resolve) => setTimeout(resolve, 1_500))
  const source = await manager.getPrompt('p')
  await second?.thaw()

  expect(propagated).toBe(true)
  expect(source).toMatchObject({ template: 'x' })
  for (const level of printed) expect(level).not.toHaveBeenCalled()
  vi.restoreAllMocks()
})
