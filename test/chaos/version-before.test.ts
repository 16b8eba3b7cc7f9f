import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { ConfigManagerOptions, ConfigurationManager } from '../../src/index.js'
import { createConfigManager } from '../../src/index.js'
import { migrateToLatest } from '../../src/migrations.js'
import { eventually } from '../support/eventually.js'
import { runStatement } from '../support/services/template-database.js'
import { createEmptyDatabase, type TestDatabase } from '../support/test-database.js'
import { testRedisUrl, uniqueNamespace } from '../support/test-redis.js'

// The code of the version before, and a database that it made: docs/decisions/0028-the-version-before-is-a-bundle.md.
const BEFORE = new URL('./version-before/agent-config-0.1.0.min.js', import.meta.url).href

type Create = typeof createConfigManager

let createBefore: Create
let database: TestDatabase
const open: ConfigurationManager[] = []
const namespace = uniqueNamespace()

beforeAll(async () => {
  createBefore = ((await import(BEFORE)) as { createConfigManager: Create }).createConfigManager
})
afterEach(async () => {
  await Promise.all(open.splice(0).map((manager) => manager.shutdown()))
})
afterAll(() => database.drop())

async function start(create: Create, options: ConfigManagerOptions = {}): Promise<ConfigurationManager> {
  // What the version before sends is compiled by JIT for a second and more.
  const address = create === createBefore ? `${database.url}?options=-c%20jit%3Doff` : database.url
  const manager = create({ database: address, redis: testRedisUrl(), namespace, ...options })
  open.push(manager)
  await manager.ready()
  return manager
}

const ARMS = [
  { version: 1, weight: 1 },
  { version: 2, weight: 1 },
]
const SUBJECTS = Array.from({ length: 20 }, (_, place) => `user-${place}`)
/** What a read says of itself, and not of the configuration. */
const OWN: readonly string[] = ['source', 'stale']

/** Everything a worker of either version serves of what `fill` made. */
async function served(manager: ConfigurationManager): Promise<object[]> {
  const answers = await Promise.all([
    manager.getPrompt('greeting'),
    manager.getPrompt('greeting', { version: 1 }),
    manager.getPrompt('chat'),
    manager.getPrompt('gone'),
    manager.getModelConfig('default'),
    manager.getEmbeddingConfig('docs'),
    manager.getContextRules(),
    ...SUBJECTS.map((subject) => manager.getPrompt('split', { subject })),
    ...SUBJECTS.map((subject) => manager.getModelConfig('halved', { subject })),
  ])
  return JSON.parse(JSON.stringify(answers, (key, value) => (OWN.includes(key) ? undefined : value)))
}

async function fill({ prompts, models, embeddings, contextRules, rollouts }: ConfigurationManager): Promise<void> {
  await prompts.create({ name: 'greeting', template: 'Hello {name}', labels: ['production'], changedBy: 'ada', summary: 'first' })
  await prompts.createVersion({ name: 'greeting', template: 'Good day {name}', labels: ['staging'] })
  await prompts.promote({ name: 'greeting', version: 2 })
  await prompts.create({ name: 'chat', type: 'chat', template: [{ role: 'user', content: 'x' }], labels: ['production'] })
  await prompts.create({ name: 'gone', template: 'x', labels: ['production'] })
  await prompts.removeLabel({ name: 'gone', label: 'production' })
  await prompts.deactivate({ name: 'gone' })
  await models.create({
    name: 'default',
    provider: 'ollama',
    model: 'm',
    fallbacks: [{ provider: 'ollama', model: 'n' }],
    labels: ['production'],
  })
  await embeddings.create({ name: 'docs', embeddingModel: 'e' })
  await contextRules.create({ context: 'tone', important: 'short' })
  await prompts.create({ name: 'split', template: 'one', labels: ['production'] })
  await prompts.createVersion({ name: 'split', template: 'two', labels: [] })
  await rollouts.start({ kind: 'prompt', name: 'split', arms: ARMS })
  await models.create({ name: 'halved', provider: 'ollama', model: 'one', labels: ['production'] })
  await models.createVersion({ name: 'halved', provider: 'ollama', model: 'two', labels: [] })
  const { id } = await rollouts.start({ kind: 'model', name: 'halved', arms: ARMS, coverage: 50 })
  await rollouts.pause(id)
}

interface Pair {
  readonly before: ConfigurationManager
  readonly now: ConfigurationManager
}

/** Every write once, by one of the two; after each the other is told, and serves the same. A newer version may say more of it. */
async function writeAll({ before, now }: Pair, word: 'before' | 'now'): Promise<void> {
  const [writer, reader] = word === 'now' ? [now, before] : [before, now]
  const { prompts, models, contextRules, rollouts } = writer
  const [prompt] = (await rollouts.list({ kind: 'prompt', name: 'split' })).items
  const [model] = (await rollouts.list({ kind: 'model', name: 'halved' })).items
  const template = `${word} {name}`
  const steps: Record<string, () => Promise<{ readonly revision: number }>> = {
    create: () => prompts.create({ name: `by ${word}`, template, labels: ['production'] }),
    createVersion: () => prompts.createVersion({ name: 'greeting', template, labels: ['staging'] }),
    promote: async () => prompts.promote({ name: 'greeting', version: (await prompts.find({ name: 'greeting' }))?.version as number }),
    rollback: () => prompts.rollback({ name: 'greeting' }),
    removeLabel: () => prompts.removeLabel({ name: `by ${word}`, label: 'production' }),
    deactivate: () => prompts.deactivate({ name: `by ${word}`, version: 1 }),
    activate: () => prompts.activate({ name: `by ${word}`, version: 1 }),
    ramp: () => rollouts.ramp(`${prompt?.id}`, { weights: [1, 3] }),
    pause: () => rollouts.pause(`${prompt?.id}`),
    resume: () => rollouts.resume(`${prompt?.id}`),
    'resume the other': () => rollouts.resume(`${model?.id}`),
    'pause the other': () => rollouts.pause(`${model?.id}`),
    'context rules': () => contextRules.createVersion({ context: 'tone', important: word }),
    transaction: () =>
      writer.transaction(async (inside) => {
        await inside.models.createVersion({ name: 'default', provider: 'ollama', model: word, labels: ['production'] })
        return inside.prompts.createVersion({
          name: 'chat',
          type: 'chat',
          template: [{ role: 'user', content: word }],
          labels: ['production'],
        })
      }),
    models: () => models.createVersion({ name: 'default', provider: 'ollama', model: `${word} again`, labels: ['production'] }),
  }
  for (const [step, write] of Object.entries(steps)) {
    const { revision } = await write()
    // Told, not asked: the poll is ten minutes away.
    await eventually(() => (reader.stats().revision ?? 0) >= revision)
    expect(await served(now), `${word}: ${step}`).toMatchObject(await served(before))
  }
}

async function numbers(): Promise<unknown> {
  const [row] = await runStatement(
    database.url,
    `select count(distinct revision)::integer as revisions, max(revision)::integer as newest,
      (select revision::integer from agent_config.config_state) as state from agent_config.config_changelog`,
  )
  return row
}

describe('a database that the version before made', () => {
  it('is migrated while its workers go on, and workers of both versions read and write beside each other', async () => {
    database = await createEmptyDatabase()
    const before = await start(createBefore, { autoMigrate: true, pollIntervalMs: 600_000 })
    await fill(before)
    const wasServed = await served(before)

    const report = await migrateToLatest(database.url)
    const now = await start(createConfigManager, { pollIntervalMs: 600_000 })
    const nowServed = await served(now)
    const withoutCaches = await served(await start(createConfigManager, { redis: false, listen: false }))
    await writeAll({ before, now }, 'now')
    await writeAll({ before, now }, 'before')
    // Deployed, taken back: one of the version before starts on the migrated database.
    const late = await start(createBefore, { redis: false, listen: false })
    const lateServed = await served(late)
    await late.prompts.createVersion({ name: 'greeting', template: 'late', labels: ['production'] })
    await now.catchUp()
    const [rollout] = (await late.rollouts.list({ kind: 'prompt', name: 'split' })).items
    await late.rollouts.conclude(`${rollout?.id}`, { winner: 2 })
    await Promise.all([now.catchUp(), before.catchUp()])

    expect(report).toBeDefined()
    expect(nowServed).toMatchObject(wasServed)
    expect(withoutCaches).toMatchObject(wasServed)
    expect((await now.getPrompt('split'))?.template).toBe('two')
    expect((await now.getPrompt('greeting'))?.template).toBe('late')
    expect(await served(now)).toMatchObject(await served(before))
    expect(lateServed).not.toEqual(wasServed)
    // The embedding configuration was not written since the migration added a column to it.
    expect((await now.verify()).mismatches).toEqual([])
    // The version before compares the texts of documents, columns and all.
    await now.refresh('embedding')
    await served(now)
    for (const manager of [before, now, late]) expect((await manager.verify()).mismatches).toEqual([])
    const { revisions, newest, state } = (await numbers()) as Record<string, number>
    expect([revisions, newest]).toEqual([state, state])
  })
})
