import { Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { definePrompt } from '../../src/template/define-prompt.js'
import { eventually } from '../support/eventually.js'
import { startPrivateRedis } from '../support/private-redis.js'
import { spawnWorker } from '../support/spawn-worker.js'
import { createTestDatabase, type TestDatabase } from '../support/test-database.js'
import { testRedisUrl, uniqueNamespace } from '../support/test-redis.js'
import { heard, NO_POLL, refusal, useManagers } from './managers.js'
import type { ReceiptsHandlers } from './receipts-process.js'

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

  it('has one for each write of each repository', async () => {
    const [writer, other] = await Promise.all([aManager('each'), aManager('each')])
    const { prompts, models, embeddings, contextRules, rollouts } = writer
    const [wait, of] = [{ waitForWorkers: 5_000 }, { name: 'p', waitForWorkers: 5_000 }]
    const draft = { labels: ['production'], template: 'x' }
    const writes: (() => Promise<{ receipt?: unknown; revision: number }>)[] = [
      () => prompts.create({ ...of, ...draft }),
      () => prompts.createVersion({ ...of, template: 'y', labels: ['staging'] }),
      () => prompts.promote({ ...of, version: 2 }),
      () => prompts.rollback(of),
      () => prompts.removeLabel({ ...of, label: 'staging' }),
      () => prompts.deactivate({ ...of, version: 2 }),
      () => prompts.activate({ ...of, version: 2 }),
      () => prompts.ensure([definePrompt({ name: 'defined', fallback: 'x' })], wait),
      () => models.create({ ...of, provider: 'p', model: 'm' }),
      () => embeddings.create({ ...of, embeddingModel: 'm' }),
      () => contextRules.create({ context: 'c', important: 'x', ...wait }),
      () => contextRules.deactivate({ context: 'c', ...wait }),
      async () => {
        const arms = [
          { version: 1, weight: 50 },
          { version: 2, weight: 50 },
        ]
        return rollouts.start({ kind: 'prompt', name: 'p', arms, ...wait })
      },
    ]

    const written = []
    for (const write of writes) written.push(await write())

    expect(written.map(({ receipt }) => receipt)).toEqual(writes.map(() => ({ workers: 2, applied: 2, ms: expect.any(Number) })))
    expect(other.stats().revision).toBe(written.at(-1)?.revision)
  })

  it('counts a worker that froze as one that does not serve it, and one that died or left not at all', async () => {
    const file = new URL('./receipts-process.ts', import.meta.url)
    const options = { database: database.url, redis: testRedisUrl(), namespace, project: 'faults', ...NO_POLL }
    const [writer, leaver, worker] = await Promise.all([aManager('faults'), aManager('faults'), spawnWorker<ReceiptsHandlers>(file)])
    await worker.ask('open', options)
    const write = async (waitForWorkers: number) =>
      (await writer.prompts.createVersion({ name: 'p', template: 'x', waitForWorkers })).receipt
    const writeUntil = (workers: number, applied: number) =>
      eventually(async () => {
        const receipt = await write(50)
        return receipt?.workers === workers && receipt.applied === applied && receipt
      })

    const all = await writeUntil(3, 3).then(() => write(10_000))
    process.kill(worker.pid, 'SIGSTOP')
    const frozen = await write(100)
    await leaver.shutdown()
    const left = await writeUntil(2, 1)
    process.kill(worker.pid, 'SIGCONT')
    const thawed = await write(10_000)
    await worker.kill()
    const dead = await writeUntil(1, 1)

    expect(all).toMatchObject({ workers: 3, applied: 3 })
    expect(frozen).toMatchObject({ workers: 3, applied: 2 })
    expect(frozen?.ms).toBeGreaterThanOrEqual(100)
    expect(left).toMatchObject({ workers: 2, applied: 1 })
    expect(thawed).toMatchObject({ workers: 2, applied: 2 })
    expect(dead).toMatchObject({ workers: 1, applied: 1 })
  })

  it('does not count a worker that hears by LISTEN alone, which serves it all the same', async () => {
    const listener = await start({ database: database.url, redis: false, project: 'listener', ...NO_POLL })
    const writer = await aManager('listener')

    const { receipt, revision } = await writer.prompts.create({ name: 'p', template: 'one', labels: ['production'], waitForWorkers: 5_000 })
    await heard(listener, revision)

    expect(receipt).toMatchObject({ workers: 1, applied: 1 })
    expect((await listener.getPrompt('p'))?.template).toBe('one')
  })

  it('gives each of two writers at once its own', async () => {
    const [one, other] = await Promise.all([aManager('both'), aManager('both')])

    const written = await Promise.all(
      [one, other, one, other].map((writer, place) => writer.prompts.create({ name: `p${place}`, template: 'x', waitForWorkers: 5_000 })),
    )

    for (const { receipt } of written) expect(receipt).toMatchObject({ workers: 2, applied: 2 })
  })

  it('is committed without a receipt when Redis freezes while it waits', async () => {
    const redis = await startPrivateRedis()
    const timeouts = { redisMs: 150 }
    const writer = await start({ database: database.url, redis: redis.url, namespace, project: 'freezes', timeouts, ...NO_POLL })
    // One that listens and never answers keeps the writer waiting.
    const silent = new Redis(redis.url)
    silent.on('error', () => {})
    await silent.subscribe(`{${namespace}}:config:invalidate`)
    let isCommitted = false
    const other = await start({ database: database.url, redis: false, project: 'freezes', ...NO_POLL })
    other.on('change', () => {
      isCommitted = true
    })

    const writing = writer.prompts.create({ name: 'p', template: 'x', labels: ['production'], waitForWorkers: 60_000 })
    await eventually(() => isCommitted)
    await redis.freeze()
    const written = await writing
    await redis.thaw()
    silent.disconnect()
    await writer.shutdown()
    await redis.stop()

    expect(written).toMatchObject({ version: 1 })
    expect(written).not.toHaveProperty('receipt')
    expect(await other.prompts.find({ name: 'p' })).toMatchObject({ version: 1 })
  })

  it('is refused before anything is written when the time is none', async () => {
    const writer = await aManager('bad')
    const { revision } = await writer.prompts.create({ name: 'p', template: 'one' })
    const bad = [-1, 0, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 60_001, '50', null, true, {}, []] as never[]

    const refused = await Promise.all(
      bad.flatMap((waitForWorkers) => [
        refusal(writer.prompts.createVersion({ name: 'p', template: 'two', waitForWorkers })),
        refusal(writer.contextRules.create({ context: 'c', important: 'x', waitForWorkers })),
        refusal(writer.transaction(({ prompts }) => prompts.createVersion({ name: 'p', template: 'two' }), { waitForWorkers })),
      ]),
    )

    for (const error of refused) expect(error).toMatchObject({ code: 'E_INVALID_ARGUMENT', field: 'waitForWorkers' })
    await writer.catchUp()
    expect(writer.stats().revision).toBe(revision)
  })
})
