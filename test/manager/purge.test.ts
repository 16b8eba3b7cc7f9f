import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type ConfigKind, type ConfigurationManager, createConfigManager } from '../../src/index.js'
import { caught } from '../store/fixture.js'
import { eventually } from '../support/eventually.js'
import { createTestDatabase, type TestDatabase } from '../support/test-database.js'
import { testRedisUrl, uniqueNamespace } from '../support/test-redis.js'
import { runSql } from './run-sql.js'

const SECRET = 'hunter2-was-here'
const BY = { changedBy: 'ada', summary: 'a key was in it' } as const
const namespace = uniqueNamespace()

let database: TestDatabase
let folder: string
let here: ConfigurationManager
let elsewhere: ConfigurationManager
let redis: Redis
let name = ''
let count = 0

beforeAll(async () => {
  database = await createTestDatabase()
  folder = await mkdtemp(join(tmpdir(), 'agent-config-'))
  const options = { database: database.url, redis: testRedisUrl(), namespace }
  here = createConfigManager(options)
  elsewhere = createConfigManager({ ...options, snapshotFile: join(folder, 'snapshot.json') })
  redis = new Redis(testRedisUrl())
})
beforeEach(() => {
  name = `purged-${++count}`
})
afterAll(async () => {
  await Promise.all([here.shutdown(), elsewhere.shutdown()])
  redis.disconnect()
  await rm(folder, { recursive: true })
  await database.drop()
})

/** Every text of the database's tables, and of Redis under this namespace. */
async function everything(): Promise<string> {
  const tables = await runSql(
    database.url,
    "select query_to_xml('select * from agent_config.' || quote_ident(table_name), true, false, '')::text as content from information_schema.tables where table_schema = 'agent_config'",
  )
  const keys = await redis.keys(`{${namespace}}*`)
  const values = keys.length === 0 ? [] : await redis.mget(keys)
  return JSON.stringify([tables, values])
}

describe('a purge', () => {
  it('takes the content out of the row, the changelog and Redis, and leaves a row that says who and why', async () => {
    await here.prompts.create({ name, template: `key ${SECRET}`, description: SECRET, parameters: { key: SECRET }, labels: ['production'] })
    // What a version does not say it has from the one before.
    await here.prompts.createVersion({ name, template: 'clean', description: null, parameters: {} })
    await here.prompts.promote({ name, version: 2 })
    // A version without labels is cached by itself, in both tiers of both workers.
    await here.prompts.createVersion({ name, template: 'newest' })
    for (const manager of [here, elsewhere]) expect(await manager.getPrompt(name, { version: 1 })).toMatchObject({ description: SECRET })
    await eventually(async () => expect(await everything()).toContain(SECRET))

    const { revision } = await here.purge({ kind: 'prompt', name, version: 1, ...BY })

    expect(await everything()).not.toContain(SECRET)
    const [change] = await here.prompts.history({ name })
    expect(change).toMatchObject({
      changeType: 'purge',
      previousVersion: 1,
      newVersion: 1,
      revision,
      changedBy: 'ada',
      changeSummary: BY.summary,
    })
    expect(await here.getPrompt(name, { version: 1 })).toBeUndefined()
    await eventually(async () => expect(await elsewhere.getPrompt(name, { version: 1 })).toBeUndefined())
  })

  it('is in no worker again, not even when the version is activated', async () => {
    await here.models.create({
      name,
      provider: SECRET,
      model: SECRET,
      parameters: { key: SECRET },
      fallbacks: [{ provider: SECRET, model: 'x' }],
      prices: { inputPerMillion: 1, outputPerMillion: 1, currency: 'USD' },
    })
    await here.models.createVersion({ name, provider: 'p', model: 'm', parameters: {}, fallbacks: [] })
    await here.models.createVersion({ name, provider: 'p', model: 'n', labels: ['production'] })
    await here.models.promote({ name, version: 2, label: 'staging' })
    for (const manager of [here, elsewhere]) await manager.getModelConfig(name, { version: 1 })

    const { revision } = await here.purge({ kind: 'model', name, version: 1, ...BY })
    await here.models.activate({ name, version: 1 })

    for (const manager of [here, elsewhere]) {
      const read = await manager.getModelConfig(name, { version: 1, minRevision: revision + 1 })
      expect(read).toMatchObject({ provider: 'purged', model: 'purged', parameters: {}, fallbacks: [], prices: null })
    }
  })

  it('leaves the moves of labels, so that a rollback still finds its way', async () => {
    const { prompts } = here
    await prompts.create({ name, template: SECRET, labels: ['production'] })
    for (const template of ['two', 'three']) await prompts.createVersion({ name, template, labels: ['production'] })

    await here.purge({ kind: 'prompt', name, version: 1, ...BY })
    expect(await prompts.rollback({ name })).toMatchObject({ version: 2 })
    expect(await caught(async () => prompts.deactivate({ name, version: 3 }).then(() => prompts.rollback({ name })))).toMatchObject({
      code: 'E_NOT_FOUND',
    })
  })

  it('reaches a snapshot at its next save', async () => {
    const file = join(folder, 'snapshot.json')
    await here.prompts.create({ name, template: SECRET, labels: ['production'] })
    await eventually(async () => expect(await elsewhere.getPrompt(name)).toBeDefined())
    await eventually(() => expect(readFileSync(file, 'utf8')).toContain(SECRET))
    await here.prompts.createVersion({ name, template: 'clean', labels: ['production', 'staging'] })

    await here.purge({ kind: 'prompt', name, version: 1, ...BY })

    await eventually(() => expect(readFileSync(file, 'utf8')).not.toContain(SECRET))
  })

  it('takes embedding configs and context rules, and edits by SQL that hold the content', async () => {
    await here.embeddings.create({ name, embeddingModel: SECRET, parameters: { key: SECRET } })
    await here.embeddings.createVersion({ name, embeddingModel: 'clean', parameters: {}, labels: ['staging'] })
    await here.contextRules.create({ context: name, important: SECRET, ignore: SECRET, description: SECRET })
    await runSql(
      database.url,
      `insert into agent_config.prompts (project, name, version, type, template) values ('default', '${name}', 1, 'text', '${SECRET}')`,
    )

    for (const kind of ['embedding', 'context_rules', 'prompt'] as const) await here.purge({ kind, name, version: 1, ...BY })

    expect(await everything()).not.toContain(SECRET)
    expect(await here.getContextRules(name)).toEqual([])
  })

  it('of a version that a label or an open rollout needs is refused', async () => {
    await here.prompts.create({ name, template: 'one' })
    await here.prompts.createVersion({ name, template: 'two', labels: ['production'] })
    const labelled = await caught(() => here.purge({ kind: 'prompt', name, version: 1, ...BY }))
    await here.prompts.removeLabel({ name, label: 'staging' })
    const { id } = await here.rollouts.start({
      kind: 'prompt',
      name,
      arms: [
        { version: 1, weight: 1 },
        { version: 2, weight: 1 },
      ],
    })
    await here.rollouts.pause(id)
    const split = await caught(() => here.purge({ kind: 'prompt', name, version: 1, ...BY }))

    expect(labelled).toMatchObject({ code: 'E_IN_USE', message: expect.stringContaining('"staging"') })
    expect(split).toMatchObject({ code: 'E_IN_USE', message: expect.stringContaining(id) })
    expect(await caught(() => here.purge({ kind: 'prompt', name, version: 9, ...BY }))).toMatchObject({ code: 'E_NOT_FOUND' })
  })

  it.each([
    [{ kind: 'prompts' as ConfigKind }, 'kind'],
    [{ name: '' }, 'name'],
    [{ version: 0 }, 'version'],
    [{ changedBy: undefined as never }, 'changedBy'],
    [{ summary: '' }, 'summary'],
    [{ label: 'production' } as object, 'label'],
  ])('checks what it is asked: %j', async (wrong, field) => {
    expect(await caught(() => here.purge({ kind: 'prompt', name, version: 1, ...BY, ...wrong }))).toMatchObject({
      code: 'E_INVALID_ARGUMENT',
      field,
    })
  })

  it('is asked about like every write', async () => {
    const asked: unknown[] = []
    const manager = createConfigManager({ database: database.url, redis: false, authorize: (request) => asked.push(request) < 0 })
    const refused = await caught(() => manager.purge({ kind: 'prompt', name: 'purged-1', version: 1, ...BY }))
    await manager.shutdown()

    expect(refused).toMatchObject({ code: 'E_FORBIDDEN' })
    expect(asked).toMatchObject([{ action: 'purge', kind: 'prompt', name: 'purged-1', labels: [], actor: 'ada' }])
  })
})
