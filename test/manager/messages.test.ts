import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ConfigurationManager } from '../../src/manager/configuration-manager.js'
import { eventually } from '../support/eventually.js'
import { createTestDatabase, type TestDatabase } from '../support/test-database.js'
import { testRedisUrl, uniqueNamespace } from '../support/test-redis.js'
import { eventsOf, NO_POLL, useManagers } from './managers.js'
import { keysOf, withRedis } from './redis-keys.js'
import { runSql } from './run-sql.js'

let database: TestDatabase
const start = useManagers()

beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())

/** A manager that has read three prompts, and a way to send it anything. */
async function aListener(project: string) {
  const namespace = uniqueNamespace()
  const manager = await start({ database: database.url, redis: testRedisUrl(), namespace, project, listen: false, ...NO_POLL })
  for (const name of ['a', 'b', 'c']) await manager.prompts.create({ name, template: name, labels: ['production'] })
  await Promise.all(['a', 'b', 'c'].map((name) => manager.getPrompt(name)))
  const [state] = await runSql(database.url, 'select agent_config.database_identity() as database')
  const send = (message: unknown) =>
    withRedis((redis) => redis.publish(`{${namespace}}:config:invalidate`, typeof message === 'string' ? message : JSON.stringify(message)))
  await eventually(async () => (await manager.health()).subscriber === 'up')
  return { manager, namespace, send, id: `${state?.database}` }
}

async function read(manager: ConfigurationManager, names = ['a', 'b', 'c']) {
  const loads = manager.stats().database.loads
  const prompts = await Promise.all(names.map((name) => manager.getPrompt(name)))
  return { templates: prompts.map((prompt) => prompt?.template), loads: manager.stats().database.loads - loads }
}

describe("the plan's own message", () => {
  it('makes what it names be read again, past Redis, and deletes no key', async () => {
    const { manager, namespace, send } = await aListener('plain')
    const keys = await withRedis((redis) => keysOf(redis, namespace))
    // A row that was changed behind every trigger: only a message can tell.
    await runSql(
      database.url,
      behindTheTriggers(
        "update agent_config.prompt_labels set version = 9 where false; update agent_config.prompts set template = 'changed' where project = 'plain' and name = 'a'",
      ),
    )

    await send({ type: 'prompt', key: 'prompt:plain:a' })
    await eventually(() => manager.peekPrompt('a') === undefined)

    expect(await read(manager)).toEqual({ templates: ['changed', 'b', 'c'], loads: 1 })
    expect(await withRedis((redis) => keysOf(redis, namespace))).toEqual(keys)
  })

  it('without a key is for the whole kind, and for no other', async () => {
    const { manager, send } = await aListener('kind')
    await manager.models.create({ name: 'default', provider: 'p', model: 'm', labels: ['production'] })
    await manager.getModelConfig()

    await send('{"type":"prompt","key":null}')
    await eventually(() => manager.peekPrompt('a') === undefined)

    expect(manager.peekModelConfig()).toBeDefined()
    expect((await read(manager)).loads).toBe(3)
  })

  it('is acted on at most once a second, however many come', async () => {
    const { manager, send } = await aListener('flood')
    const before = manager.stats().database.loads
    await withRedis(async (redis) => {
      // Connected once: the flood is one client's.
      await redis.ping()
    })
    for (let count = 0; count < 40; count++) {
      await send('{"type":"all","key":null}')
      await read(manager)
    }

    expect(manager.stats().database.loads - before).toBeLessThanOrEqual(3 * 3)
  })

  it('is sent by publishInvalidation(), and acted on by the sender too', async () => {
    const namespace = uniqueNamespace()
    const shared = { database: database.url, redis: testRedisUrl(), namespace, project: 'published', listen: false as const, ...NO_POLL }
    const [sender, other] = await Promise.all([start(shared), start(shared)])
    await sender.prompts.create({ name: 'a', template: 'a', labels: ['production'] })
    await Promise.all([sender.getPrompt('a'), other.getPrompt('a')])
    await eventually(async () => (await other.health()).subscriber === 'up')

    await sender.publishInvalidation('prompt', 'prompt:published:a')

    expect(sender.peekPrompt('a')).toBeUndefined()
    await eventually(() => other.peekPrompt('a') === undefined)
  })

  it('travels by NOTIFY where there is no Redis', async () => {
    const shared = { database: database.url, project: 'notified', ...NO_POLL }
    const [sender, other] = await Promise.all([start(shared), start(shared)])
    await sender.prompts.create({ name: 'a', template: 'a', labels: ['production'] })
    await Promise.all([sender.getPrompt('a'), other.getPrompt('a')])
    await eventually(async () => (await other.health()).subscriber === 'up')

    await sender.publishInvalidation('all')

    await eventually(() => other.peekPrompt('a') === undefined)
  })
})

function behindTheTriggers(statements: string): string {
  return `begin; set local session_replication_role = replica; ${statements}; commit`
}

describe('messages that cannot be true', () => {
  it('raise nothing, cost at most one read of the log a second, and end nothing', async () => {
    const { manager, send, id } = await aListener('nonsense')
    const { events } = eventsOf(manager)
    const before = manager.stats()
    const scopes = ['a', 'b', 'c'].map((name) => `prompt:nonsense:${name}`)
    const nonsense = [
      'not json',
      '{"revision":"7"}',
      'x'.repeat(100_000),
      { revision: (before.revision ?? 0) + 1, token: 't', database: '00000000-0000-0000-0000-000000000000', scopes },
      { revision: 9_000_000, token: 't', database: id, scopes },
      { revision: 9_000_001, token: 't', database: id },
    ]

    for (let round = 0; round < 5; round++) for (const message of nonsense) await send(message)
    await sleep(300)
    const after = manager.stats()

    expect((await read(manager)).loads).toBe(0)
    expect(after.catchUps - before.catchUps).toBeLessThanOrEqual(2)
    expect(after).toMatchObject({ revision: before.revision })
    expect(events).toEqual([])
  })

  it('but could be, being near, cost a look, are disregarded loudly, and do not keep readers from memory', async () => {
    const { manager, send, id } = await aListener('forged')
    const { of } = eventsOf(manager)

    await send({ revision: (manager.stats().revision ?? 0) + 3, token: 'forged', database: id, scopes: ['prompt:forged:a'] })
    await eventually(() => of('error').length > 0)
    await eventually(() => manager.peekPrompt('a') !== undefined)
    await sleep(100)

    expect(await read(manager)).toEqual({ templates: ['a', 'b', 'c'], loads: 0 })
    expect(of('error')[0]?.event.message).toMatch(/never happened/)
    const { revision } = await manager.prompts.createVersion({ name: 'a', template: 'a2', labels: ['production'] })
    expect(revision).toBe(manager.stats().revision)
    expect((await read(manager)).templates).toEqual(['a2', 'b', 'c'])
  })
})
