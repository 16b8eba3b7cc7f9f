import { Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../support/test-database.js'
import { testRedisUrl, uniqueNamespace } from '../support/test-redis.js'
import { NO_POLL, useManagers } from './managers.js'

let database: TestDatabase
let namespace: string
const start = useManagers()

beforeAll(async () => {
  database = await createTestDatabase()
})
beforeEach(() => {
  namespace = uniqueNamespace()
})
afterAll(() => database.drop())

function aManager(project: string) {
  return start({ database: database.url, redis: testRedisUrl(), namespace, project, ...NO_POLL })
}

describe('a write that waits for workers', () => {
  it('says that all of them serve it', async () => {
    const [writer, ...others] = await Promise.all([aManager('all'), aManager('all'), aManager('all')])
    await writer.prompts.create({ name: 'p', template: 'one', labels: ['production'] })
    await Promise.all(others.map((other) => other.getPrompt('p')))

    const { receipt } = await writer.prompts.createVersion({ name: 'p', template: 'two', labels: ['production'], waitForWorkers: 5_000 })

    expect(receipt).toEqual({ workers: 3, applied: 3, ms: expect.any(Number) })
    for (const other of others) expect((await other.getPrompt('p'))?.template).toBe('two')
  })

  it('says when one that listens does not serve it, and waits no longer than asked', async () => {
    const writer = await aManager('silent')
    const silent = new Redis(testRedisUrl())
    await silent.subscribe(`{${namespace}}:config:invalidate`)

    const { receipt } = await writer.prompts.create({ name: 'p', template: 'one', waitForWorkers: 50 })
    silent.disconnect()

    expect(receipt).toMatchObject({ workers: 2, applied: 1 })
    expect(receipt?.ms).toBeGreaterThanOrEqual(50)
  })

  it('has no receipt where there is no Redis, or nobody asked', async () => {
    const alone = await start({ database: database.url, redis: false, project: 'alone', ...NO_POLL })
    const writer = await aManager('unasked')

    expect(await alone.prompts.create({ name: 'p', template: 'one', waitForWorkers: 50 })).not.toHaveProperty('receipt')
    expect(await writer.prompts.create({ name: 'p', template: 'one' })).not.toHaveProperty('receipt')
  })

  it('is refused inside a transaction, where nobody can serve it yet', async () => {
    const writer = await aManager('inside')

    const written = writer.transaction(({ prompts }) => prompts.create({ name: 'p', template: 'one', waitForWorkers: 50 }))

    await expect(written).rejects.toMatchObject({ code: 'E_INVALID_ARGUMENT', field: 'waitForWorkers' })
  })
})
