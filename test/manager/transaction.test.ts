import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ConfigurationManager } from '../../src/manager/configuration-manager.js'
import type { Repositories } from '../../src/store/repositories/repositories.js'
import { createTestDatabase, type TestDatabase } from '../support/test-database.js'
import { testRedisUrl, uniqueNamespace } from '../support/test-redis.js'
import { eventsOf, heard, NO_POLL, refusal, useManagers } from './managers.js'
import { keysOf, withRedis } from './redis-keys.js'
import { runSql } from './run-sql.js'

let database: TestDatabase
const start = useManagers()

beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())

describe('a transaction that is rolled back', () => {
  it('leaves no trace: not in tables, changelog or revision, not in caches, not in messages', async () => {
    const namespace = uniqueNamespace()
    const shared = { database: database.url, redis: testRedisUrl(), namespace, project: 'undone', ...NO_POLL }
    const [writer, reader] = await Promise.all([start(shared), start(shared)])
    await writer.prompts.create({ name: 'p', template: 'one', labels: ['production'] })
    for (const manager of [writer, reader]) await manager.getPrompt('p')
    const seen = [eventsOf(writer), eventsOf(reader)]
    const stateBefore = await tablesOf(database.url)
    const heardOnChannel: string[] = []

    await withRedis(async (redis) => {
      const subscriber = redis.duplicate()
      subscriber.on('message', (_channel, text) => void heardOnChannel.push(text))
      await subscriber.subscribe(`{${namespace}}:config:invalidate`)
      const keysBefore = await keysOf(redis, namespace)
      const valuesBefore = await redis.mget(keysBefore)

      const failure = await refusal(
        writer.transaction(async ({ prompts, models }) => {
          await prompts.createVersion({ name: 'p', template: 'two', labels: ['production'] })
          await models.create({ name: 'm', provider: 'p', model: 'm', labels: ['production'] })
          expect((await prompts.find({ name: 'p', label: 'production' }))?.template).toBe('two')
          throw new Error('changed my mind')
        }),
      )
      await sleep(150)

      expect(failure.message).toBe('changed my mind')
      expect(await keysOf(redis, namespace)).toEqual(keysBefore)
      expect(await redis.mget(keysBefore)).toEqual(valuesBefore)
      subscriber.disconnect()
    })
    expect(heardOnChannel).toEqual([])
    expect(await tablesOf(database.url)).toEqual(stateBefore)
    expect(seen.map(({ events }) => events)).toEqual([[], []])
    for (const manager of [writer, reader]) {
      expect(manager.peekPrompt('p')?.template).toBe('one')
      expect(manager.peekModelConfig('m')).toBeUndefined()
      expect(manager.stats()).toMatchObject({ lag: 0, gaps: 0 })
    }
    // The number is handed out again, and is nobody's memory of something else.
    const { revision } = await writer.prompts.createVersion({ name: 'p', template: 'three', labels: ['production'] })
    await heard(reader, revision)
    expect((await reader.getPrompt('p'))?.template).toBe('three')
  })

  it('by a beforeCommit hook leaves none either, and the hook sees what would be written', async () => {
    const seen: unknown[] = []
    const beforeCommit = (change: { configName: string }) => {
      seen.push(change.configName)
      throw new Error('not today')
    }
    const manager = await start({ database: database.url, project: 'vetoed', hooks: { beforeCommit }, ...NO_POLL })
    const before = await tablesOf(database.url)

    const failure = await refusal(manager.prompts.create({ name: 'p', template: 'x', labels: ['production'] }))

    expect([failure.message, seen]).toEqual(['not today', ['p']])
    expect(await tablesOf(database.url)).toEqual(before)
    expect(await manager.getPrompt('p')).toBeUndefined()
  })
})

async function tablesOf(url: string): Promise<unknown> {
  const [row] = await runSql(
    url,
    `select (select row(revision, token)::text from agent_config.config_state) as state, (select count(*) from agent_config.config_changelog) as log,
      (select count(*) from agent_config.prompts) as prompts, (select count(*) from agent_config.model_configs) as models,
      (select json_agg(head order by scope) from agent_config.config_heads as head) as heads`,
  )
  return row
}

describe('a write of the manager itself', () => {
  const WRITES: Record<string, (manager: ConfigurationManager) => Promise<unknown>> = {
    'prompts.create': ({ prompts }) => prompts.create({ name: 'inner', template: 'x' }),
    'models.create': ({ models }) => models.create({ name: 'inner', provider: 'p', model: 'm' }),
    'contextRules.create': ({ contextRules }) => contextRules.create({ context: 'inner', important: 'x' }),
    transaction: (manager) => manager.transaction(async () => {}),
    refresh: (manager) => manager.refresh(),
  }
  for (const [name, write] of Object.entries(WRITES)) {
    it(`(${name}) inside transaction() is refused at once instead of waiting for its own lock`, async () => {
      const manager = await start({ database: database.url, project: 'inside', ...NO_POLL })

      const failure = await manager.transaction(async ({ prompts }) => {
        await prompts.create({ name: `outer-${name}`, template: 'x' })
        return refusal(write(manager))
      })

      expect(failure).toMatchObject({ code: 'E_INVALID_ARGUMENT' })
      expect(failure.message).toContain('transaction')
      // The outer one is not harmed.
      expect(await manager.prompts.find({ name: `outer-${name}` })).toBeDefined()
    })
  }

  it('inside a beforeCommit hook is refused at once', async () => {
    let manager: ConfigurationManager | undefined
    const failures: Error[] = []
    const beforeCommit = async () => {
      failures.push(await refusal(manager!.prompts.create({ name: 'inner', template: 'x' })))
    }
    manager = await start({ database: database.url, project: 'hooked', hooks: { beforeCommit }, ...NO_POLL })

    await manager.prompts.create({ name: 'p', template: 'x' })

    expect(failures).toHaveLength(1)
    expect(failures[0]).toMatchObject({ code: 'E_INVALID_ARGUMENT' })
    expect(await manager.prompts.find({ name: 'p' })).toBeDefined()
  })

  it('beside a transaction, or in an afterCommit hook, goes through', async () => {
    const after: Promise<unknown>[] = []
    let manager: ConfigurationManager | undefined
    const afterCommit = (change: { configName: string }) => {
      if (change.configName === 'p') after.push(manager!.prompts.create({ name: 'after', template: 'x' }))
    }
    manager = await start({ database: database.url, project: 'beside', hooks: { afterCommit }, ...NO_POLL })

    const inside = manager.transaction(async ({ prompts }) => {
      await prompts.create({ name: 'p', template: 'x' })
    })
    const beside = manager.prompts.create({ name: 'beside', template: 'x' })
    await Promise.all([inside, beside])
    await Promise.all(after)

    expect(after).toHaveLength(1)
    expect((await manager.prompts.list({ project: 'beside' })).items.map(({ name }) => name)).toEqual(['after', 'beside', 'p'])
  })

  it('reads through the caches inside a transaction as anywhere', async () => {
    const manager = await start({ database: database.url, project: 'reading', ...NO_POLL })
    await manager.prompts.create({ name: 'p', template: 'one', labels: ['production'] })

    const [outside, inside] = await manager.transaction(async ({ prompts }) => {
      await prompts.createVersion({ name: 'p', template: 'two', labels: ['production'] })
      return [(await manager.getPrompt('p'))?.template, (await prompts.find({ name: 'p' }))?.template]
    })

    expect([outside, inside]).toEqual(['one', 'two'])
    expect((await manager.getPrompt('p'))?.template).toBe('two')
  })
})

describe('transaction()', () => {
  it('without a write takes no revision, and gives what its callback gave', async () => {
    const manager = await start({ database: database.url, ...NO_POLL })
    const before = await tablesOf(database.url)

    const value = await manager.transaction(async () => 42)

    expect(value).toBe(42)
    expect(await tablesOf(database.url)).toEqual(before)
  })

  it('announces everything at once, under one revision', async () => {
    const namespace = uniqueNamespace()
    const shared = { database: database.url, redis: testRedisUrl(), namespace, project: 'one', listen: false as const, ...NO_POLL }
    const [writer, reader] = await Promise.all([start(shared), start(shared)])
    for (const name of ['a', 'b', 'c']) await reader.getPrompt(name)
    const { of } = eventsOf(reader)

    const revisions = await writer.transaction(
      async ({ prompts }) => {
        const written = []
        for (const name of ['a', 'b', 'c']) written.push(await prompts.create({ name, template: name, labels: ['production'] }))
        return written
      },
      { changedBy: 'ada', summary: 'three at once' },
    )
    await heard(reader, revisions[0]!.revision)

    expect(revisions.map(({ revision, propagated }) => [revision, propagated])).toEqual(Array(3).fill([revisions[0]!.revision, undefined]))
    expect(await Promise.all(['a', 'b', 'c'].map(async (name) => (await reader.getPrompt(name))?.template))).toEqual(['a', 'b', 'c'])
    expect(of('change').map(({ event }) => event.name)).toEqual(['a', 'b', 'c'])
    const { items } = await reader.changelog.list({ project: 'one' })
    expect(items.map(({ changedBy, changeSummary }) => [changedBy, changeSummary])).toEqual(Array(3).fill(['ada', 'three at once']))
  })

  it('takes its repositories back when it has ended', async () => {
    const manager = await start({ database: database.url, project: 'ended', ...NO_POLL })
    let kept: Repositories | undefined
    await manager.transaction(async (repositories) => {
      kept = repositories
      await repositories.prompts.create({ name: 'p', template: 'x' })
    })

    expect((await refusal(kept!.prompts.create({ name: 'q', template: 'x' }))).message).toMatch(/transaction has ended/)
    // A read would run on a connection that is somebody else's by now.
    await refusal(kept!.prompts.find({ name: 'p' }))
    expect(await manager.prompts.find({ name: 'q' })).toBeUndefined()
  })
})
