import { randomUUID } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import fc from 'fast-check'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BUSY_MS } from '../support/busy-machine.js'
import { eventually } from '../support/eventually.js'
import { casesOf } from '../support/long-form.js'
import { startPrivateRedis } from '../support/private-redis.js'
import type { Server } from '../support/services/server.js'
import { createTestDatabase, type TestDatabase } from '../support/test-database.js'
import { uniqueNamespace } from '../support/test-redis.js'
import { DOCUMENT_READ, type GatedPool, gatedPool, LOG_READ } from './gated-pool.js'
import { eventsOf, NO_POLL, useManagers } from './managers.js'
import { withRedis } from './redis-keys.js'
import { runSql } from './run-sql.js'

/** As many as one process can send in half a minute, where there is time for it. */
const SENT = casesOf(40_000, 317_000)
/** Long enough for a cost by the second to be told from a cost by the message. */
const FLOOD_MS = 2_500
/** Reads of the log that it takes to find out that messages are not true; from then on it is one a second. */
const FINDING_OUT = 4
const NAMES = Array.from({ length: 50 }, (_, place) => `p${place}`)

let database: TestDatabase
let redis: Server
const pools: GatedPool[] = []
const start = useManagers()

beforeAll(async () => {
  ;[database, redis] = await Promise.all([createTestDatabase(), startPrivateRedis()])
})
afterAll(async () => {
  await Promise.all(pools.map((pool) => pool.end()))
  await Promise.all([database.drop(), redis.stop()])
})

/** A worker that holds fifty prompts, a writer, and what one needs to know to lie to them. */
async function aTarget(project: string) {
  const namespace = uniqueNamespace()
  const pool = gatedPool(database.url)
  pools.push(pool)
  const shared = { redis: redis.url, namespace, project, ...NO_POLL }
  const worker = await start({ ...shared, database: pool, listen: false })
  const writer = await start({ ...shared, database: database.url, listen: false })
  await writer.transaction(async ({ prompts }) => {
    for (const name of NAMES) await prompts.create({ name, template: '0', labels: ['production'] })
  })
  await eventually(() => worker.stats().revision === writer.stats().revision)
  await Promise.all(NAMES.map((name) => worker.getPrompt(name)))
  await eventually(async () => (await worker.health()).subscriber === 'up')
  const [identity] = await runSql(database.url, 'select agent_config.database_identity() as database')
  const scopes = NAMES.map((name) => `prompt:${project}:${name}`)
  return { worker, writer, pool, namespace, scopes, id: `${identity?.database}`, revision: () => worker.stats().revision ?? 0 }
}
type Target = Awaited<ReturnType<typeof aTarget>>

/** Reads all the time while messages are published as fast as Redis takes them; gives what that cost, and what readers got. */
async function underFlood({ worker, pool, namespace }: Target, next: () => string, meanwhile: () => Promise<void> = async () => {}) {
  const [asked, before, began] = [pool.asked.length, worker.stats(), performance.now()]
  const { of } = eventsOf(worker)
  const seen = new Map<string, number>()
  const wrong: unknown[] = []
  let sent = 0
  let isOver = false
  const sending = withRedis(async (client) => {
    for (; performance.now() - began < FLOOD_MS; await setImmediate()) {
      const batch = client.pipeline()
      for (let count = 0; count < 20; count++, sent++) batch.publish(`{${namespace}}:config:invalidate`, next())
      await batch.exec()
    }
    isOver = true
  }, redis.url)
  const reading = (async () => {
    for (; !isOver; await setImmediate()) {
      for (const name of NAMES) {
        const version = await worker.getPrompt(name).then((prompt) => Number(prompt?.template), String)
        if (typeof version === 'string' || !(version >= (seen.get(name) ?? 0))) wrong.push([name, seen.get(name), version])
        else seen.set(name, version)
      }
    }
  })()
  await Promise.all([sending, reading, meanwhile()])
  const statements = pool.asked.slice(asked)
  const after = worker.stats()
  return {
    wrong,
    sent,
    // Begun ones count: what happens once a second happens three times in two and a half.
    seconds: Math.ceil((performance.now() - began) / 1_000),
    catchUps: after.catchUps - before.catchUps,
    logReads: statements.filter((text) => LOG_READ.test(text)).length,
    documentReads: statements.filter((text) => DOCUMENT_READ.test(text)).length,
    loads: after.database.loads - before.database.loads,
    errors: of('error').length,
  }
}

/** How often Redis carried out each command, and everything it holds. */
async function stateOf(client: Redis) {
  const lines = (await client.info('commandstats')).matchAll(/cmdstat_([^:]+):calls=(\d+)/g)
  const calls = Object.fromEntries([...lines].map(([, name, count]) => [name, Number(count)]))
  const deletions = ['del', 'unlink', 'getdel', 'flushdb', 'flushall', 'rename', 'expire'].map((name) => calls[name] ?? 0)
  return { deletions, keys: (await client.keys('*')).sort() }
}

describe('forged messages', () => {
  const KINDS: Record<string, (target: Target, count: number) => object> = {
    'about the next revision': ({ id, scopes, revision }) => ({ revision: revision() + 1, token: randomUUID(), database: id, scopes }),
    'about near revisions': ({ id, scopes, revision }, count) => ({
      revision: revision() + 1 + (count % 300),
      token: randomUUID(),
      database: id,
      scopes,
    }),
    'about revisions that exist': ({ id, scopes, revision }, count) => ({
      revision: Math.max(1, revision() - (count % 20)),
      token: randomUUID(),
      database: id,
      scopes,
    }),
  }
  for (const [kind, forge] of Object.entries(KINDS)) {
    it(`${kind} cost a read of the log a second and a few documents, however many come`, async () => {
      const target = await aTarget(kind.replaceAll(' ', '-'))
      let count = 0

      const cost = await underFlood(target, () => JSON.stringify(forge(target, count++)))

      expect(cost.sent).toBeGreaterThan(200)
      expect(cost.wrong).toEqual([])
      expect(cost.catchUps).toBeLessThanOrEqual(cost.seconds + FINDING_OUT)
      // The one that is found out first makes this process look for another history.
      expect(cost.logReads).toBeLessThanOrEqual(cost.seconds + FINDING_OUT + 2)
      expect(cost.documentReads).toBeLessThanOrEqual(20)
      expect(cost.errors).toBeLessThanOrEqual(3)
    })
  }

  it('of next revisions, tens of thousands of them: nothing is dropped, no change and no restore is told, and a true change after them is served at once', async () => {
    const target = await aTarget('must-hold')
    const { worker, writer, namespace, id, scopes, revision } = target
    const { of } = eventsOf(worker)
    let fewest = NAMES.length
    let wrong = 0
    await withRedis(async (client) => {
      for (let sent = 0; sent < SENT; sent += 1_000) {
        const batch = client.pipeline()
        for (let count = 0; count < 1_000; count++) {
          const forged = { revision: revision() + 1 + (count % 12), token: randomUUID(), database: id, scopes }
          batch.publish(`{${namespace}}:config:invalidate`, JSON.stringify(forged))
        }
        await batch.exec()
        fewest = Math.min(fewest, worker.stats().memory.entries)
        const name = NAMES[sent % NAMES.length] as string
        if ((await worker.getPrompt(name))?.template !== '0') wrong++
      }
    }, redis.url)

    await writer.prompts.createVersion({ name: 'p7', template: '1', labels: ['production'] })
    const written = performance.now()
    await eventually(async () => (await worker.getPrompt('p7'))?.template === '1', { everyMs: 5 })
    const ms = performance.now() - written

    expect([fewest, wrong]).toEqual([NAMES.length, 0])
    // Half a second on a machine that has nothing else to do.
    expect(ms).toBeLessThan(2_000 + BUSY_MS)
    await eventually(() => of('change').length > 0)
    expect(of('change').map(({ event }) => event.name)).toEqual(['p7'])
    expect(of('error').map(({ event }) => event.message)).toEqual(['A change was announced that never happened; it is disregarded.'])
    expect(worker.stats().memory.entries).toBe(NAMES.length)
  }, 300_000)

  it("of the plan's form cost each document one load a second", async () => {
    const target = await aTarget('plain')
    let count = 0

    const cost = await underFlood(target, () =>
      JSON.stringify({ type: ['all', 'prompt', 'model', '__proto__'][count++ % 4], key: count % 3 ? `${count}`.repeat(1_000) : null }),
    )

    expect(cost.wrong).toEqual([])
    expect(cost.loads).toBeLessThanOrEqual(NAMES.length * (cost.seconds + 2))
    expect(cost.catchUps).toBeLessThanOrEqual(cost.seconds + FINDING_OUT)
  })

  it('that ask for receipts are answered a thousand times a second at most', async () => {
    const target = await aTarget('receipts')

    const cost = await underFlood(target, () => JSON.stringify({ type: 'receipt', database: target.id, after: 0, reply: randomUUID() }))
    const { keys } = await withRedis(stateOf, redis.url)

    // Both, the worker and the writer, answer.
    expect(keys.filter((key) => key.includes(':receipts:')).length).toBeLessThanOrEqual(2_000 * (cost.seconds + 2))
    expect(cost.logReads + cost.documentReads).toBeLessThanOrEqual(1)
  })
})

/** Whatever can be put on a channel; revisions are counted from what the worker knows. */
function hostileMessages({ id, scopes, revision }: Target): fc.Arbitrary<() => string> {
  const odd = fc.oneof(fc.double(), fc.integer(), fc.constantFrom(1e308, -1, 2 ** 53, 2 ** 52, '7', null, [], {}), fc.string())
  const listed = fc.oneof(
    fc.subarray(scopes),
    fc.array(fc.constantFrom('prompt:else:where', 'context_rules:x', '../../etc', '{other}:key', '__proto__', '', '*')),
    fc.constant(Array(3_000).fill('a')),
    odd,
  )
  const change = fc.record(
    {
      offset: fc.integer({ min: -60, max: 6_000 }),
      odd: fc.option(odd),
      token: fc.oneof(fc.uuid(), fc.string(), odd),
      database: fc.oneof({ weight: 5, arbitrary: fc.constant(id) }, { weight: 1, arbitrary: fc.oneof(fc.uuid(), odd) }),
      scopes: listed,
    },
    { requiredKeys: ['offset', 'token', 'database'] },
  )
  const near = fc.record({
    offset: fc.constantFrom(1, 1, 2, 3, 0, -1),
    token: fc.uuid(),
    database: fc.constant(id),
    scopes: fc.subarray(scopes),
  })
  return fc.oneof(
    fc
      .oneof(fc.string(), fc.json(), fc.constantFrom('x'.repeat(200_000), '{"__proto__":{"revision":1}}', '[[[[', '{}'))
      .map((text) => () => text),
    fc.oneof(change, near).map(({ offset, ...message }) => () => {
      const claimed = (message as { odd?: unknown }).odd ?? revision() + offset
      return JSON.stringify({ ...message, revision: claimed })
    }),
    fc
      .record({ after: odd, reply: fc.oneof(fc.uuid(), fc.string(), fc.constant('*'.repeat(36))), database: fc.constant(id) })
      .map((receipt) => () => JSON.stringify({ type: 'receipt', ...receipt })),
  )
}

describe('a flood of anything that can be put on a channel', () => {
  it('costs a read of the log a second; readers get what is true, no key is deleted, and none is written outside the namespace', async () => {
    const target = await aTarget('mixed')
    const { worker, writer, namespace } = target
    const messages = fc.sample(hostileMessages(target), 500)
    const unread: unknown[] = []
    let count = 0
    let version = 0
    const write = async () => {
      const template = `${++version}`
      await writer.prompts.createVersion({ name: 'p0', template, labels: ['production'] })
      const own = await writer.getPrompt('p0')
      if (own?.template !== template) unread.push([template, own?.template])
    }
    const before = await withRedis(stateOf, redis.url)

    const cost = await underFlood(
      target,
      () => (messages[count++ % messages.length] as () => string)(),
      async () => {
        for (const end = performance.now() + FLOOD_MS; performance.now() < end; await setImmediate()) await write()
      },
    )
    await write()
    await eventually(async () => (await worker.getPrompt('p0'))?.template === `${version}`)
    const after = await withRedis(stateOf, redis.url)

    expect([cost.wrong, unread]).toEqual([[], []])
    // Once a second messages of the plan's form have documents loaded; one that is newer than the log as it was read has it read again.
    expect(cost.catchUps).toBeLessThanOrEqual(2 * cost.seconds + FINDING_OUT)
    expect(cost.documentReads).toBeLessThanOrEqual(20 + version)
    expect(after.deletions).toEqual(before.deletions)
    expect(after.keys.filter((key) => !key.startsWith(`{${namespace}}:`))).toEqual(
      before.keys.filter((key) => !key.startsWith(`{${namespace}}:`)),
    )
    expect(after.keys).toEqual(expect.arrayContaining(before.keys.filter((key) => !key.includes(':receipts:'))))
    expect((await worker.verify()).mismatches).toEqual([])
  })
})
