import { afterAll, beforeAll, expect, it } from 'vitest'
import { type ConfigurationManager, createConfigManager } from '../../src/index.js'
import { runSql } from '../manager/run-sql.js'
import { createEmptyDatabase, createTestDatabase, type TestDatabase } from '../support/test-database.js'

// The version before as a bundle: docs/decisions/0028-the-version-before-is-a-bundle.md.
const BEFORE = new URL('./version-before/agent-config-0.1.0.min.js', import.meta.url).href

const ODD = `it's "quoted" \\ back\\slash $body$ $1 %I %s %% {{x}} \u{1f600} \u2028 e\u0301`
const NUMBERS = { huge: 1e308, tiny: 5e-324, third: 1 / 3, negative: -7, big: 2 ** 53, exponent: 1e21, zero: 0 }
const KEYS = JSON.parse('{"__proto__": {"a": 1}, "constructor": [], "toString": {}, "": null, "$body$": "%I"}') as object
const BY = { changedBy: ODD, summary: ODD }

/** What the version before does not know, and nothing here sets. */
const NEWER_FIELDS: readonly string[] = ['prices', 'dimensions']

let databases: readonly TestDatabase[] = []
let managers: readonly ConfigurationManager[] = []

beforeAll(async () => {
  const { createConfigManager: createBefore } = (await import(BEFORE)) as { createConfigManager: typeof createConfigManager }
  databases = [await createEmptyDatabase(), await createTestDatabase()]
  managers = [
    createBefore({ database: `${databases[0]!.url}?options=-c%20jit%3Doff`, redis: false, autoMigrate: true }),
    createConfigManager({ database: databases[1]!.url, redis: false }),
  ]
  await Promise.all(managers.map((manager) => manager.ready()))
})
afterAll(async () => {
  await Promise.all(managers.map((manager) => manager.shutdown()))
  await Promise.all(databases.map((database) => database.drop()))
})

/** Every verb of every kind, with what is hard to carry through SQL and JSON. */
async function everyVerb(manager: ConfigurationManager) {
  const { prompts, models, embeddings, contextRules, rollouts } = manager
  await prompts.create({ name: ODD, template: ODD, description: ODD, labels: ['production', '__proto__', 'constructor'], ...BY })
  await prompts.createVersion({ name: ODD, template: ODD + 2, parameters: { ...NUMBERS, deep: [[{}], KEYS] } as never })
  await prompts.createVersion({ name: ODD, template: 'x'.repeat(1024 * 1024), labels: ['a', 'b'], summary: '' })
  await prompts.createVersion({ name: ODD, template: 'y' })
  await prompts.promote({ name: ODD, version: 2, ...BY })
  await prompts.promote({ name: ODD, version: 2 })
  await prompts.promote({ name: ODD, version: 3, label: '__proto__', expectedVersion: 1 })
  await prompts.rollback({ name: ODD, label: '__proto__', ...BY })
  await prompts.rollback({ name: ODD })
  await prompts.removeLabel({ name: ODD, label: 'constructor', ...BY })
  await prompts.deactivate({ name: ODD, version: 3, force: true, ...BY })
  await prompts.activate({ name: ODD, version: 3, ...BY })
  await prompts.activate({ name: ODD, version: 3 })
  await prompts.deactivate({ name: ODD })
  await prompts.activate({ name: ODD, version: 1 })
  await prompts.deactivate({ name: ODD, version: 1, force: true })
  await prompts.create({ name: ODD, template: 'again', labels: [] })
  const messages = [
    { role: 'system' as const, content: ODD },
    { role: 'user' as const, content: '{x}' },
  ]
  await prompts.create({ name: 'chat', type: 'chat', template: messages, model: ODD, labels: ['production'] })
  await prompts.create({ name: 'raw', template: ODD, templateFormat: 'raw', parameters: KEYS as never })

  await models.create({ name: 'm', provider: 'p', model: ODD, parameters: KEYS as never, labels: ['production'], ...BY })
  await models.createVersion({ name: 'm', provider: 'p', model: 'n', fallbacks: [{ provider: 'q', model: ODD, parameters: NUMBERS }] })
  await models.promote({ name: 'm', version: 2 })
  await models.rollback({ name: 'm' })
  await models.deactivate({ name: 'm' })
  await embeddings.create({ name: 'e', embeddingModel: ODD, parameters: NUMBERS })
  await embeddings.createVersion({ name: 'e', embeddingModel: 'f', chunkSize: 100, chunkOverlap: 10, labels: ['production'] })
  await embeddings.removeLabel({ name: 'e', label: 'production' })
  await contextRules.create({ context: ODD.slice(0, 90), important: ODD, ignore: '', ...BY })
  await contextRules.createVersion({ context: ODD.slice(0, 90), description: ODD })
  await contextRules.deactivate({ context: ODD.slice(0, 90), version: 1 })
  await contextRules.activate({ context: ODD.slice(0, 90), version: 1 })
  await contextRules.deactivate({ context: ODD.slice(0, 90) })

  await prompts.create({ name: 'split', template: 'one', labels: ['production', 'staging'] })
  await prompts.createVersion({ name: 'split', template: 'two', labels: [] })
  const arms = [
    { version: 1, weight: 1 },
    { version: 2, weight: 3 },
  ]
  const forced = JSON.parse('{"__proto__": 2, "constructor": 1}') as Record<string, number>
  const { id } = await rollouts.start({
    kind: 'prompt',
    name: 'split',
    arms,
    coverage: 12.34,
    forced,
    when: { plan: ODD },
    sticky: true,
    ...BY,
  })
  await rollouts.ramp(id, { coverage: 50, ...BY })
  await rollouts.ramp(id, { weights: [2, 5] })
  await rollouts.pause(id, BY)
  await rollouts.resume(id)
  await rollouts.conclude(id, { winner: 2, ...BY })
  const { id: staged } = await rollouts.start({ kind: 'prompt', name: 'split', label: 'staging', arms })
  await prompts.promote({ name: 'split', version: 2, label: 'staging', force: true, ...BY })
  await rollouts.conclude(staged)
  const { id: disturbed } = await rollouts.start({ kind: 'prompt', name: 'split', arms })
  await prompts.deactivate({ name: 'split', version: 2, force: true })
  await rollouts.conclude(disturbed)

  await manager.transaction(async (inside) => {
    await inside.prompts.create({ name: 'both', template: 'a', labels: ['production'] })
    await inside.prompts.createVersion({ name: 'both', template: 'b' })
    await inside.prompts.promote({ name: 'both', version: 2, changedBy: 'bob' })
    await inside.models.create({ name: 'both', provider: 'p', model: 'm' })
  }, BY)
  await manager.refresh('prompt')
  await manager.refresh()
  await prompts.ensure([{ name: 'ensured', fallback: 'Hello' } as never])
}

/** The log without what is another one each time: ids of rollouts are numbered as they come. */
async function logOf(database: TestDatabase): Promise<unknown[]> {
  const rows = (await runSql(
    database.url,
    `select revision::integer, config_type, config_id::integer, config_name, project, previous_version, new_version, change_type,
      change_summary, previous_data, new_data, changed_by from agent_config.config_changelog order by id`,
  )) as unknown as { config_id: number }[]
  const ids = new Map<string, string>()
  const text = JSON.stringify(rows).replace(/"id":"([0-9a-f]{8,})"/g, (_, id: string) => {
    if (!ids.has(id)) ids.set(id, `rollout-${ids.size + 1}`)
    return `"id":"${ids.get(id)}"`
  })
  let masked = text
  for (const [id, name] of ids) masked = masked.replaceAll(id, name)
  return JSON.parse(masked, (key, value) => (NEWER_FIELDS.includes(key) && value === null ? undefined : value)) as unknown[]
}

it('every verb leaves the changelog rows that the version before left, field by field', async () => {
  for (const manager of managers) await everyVerb(manager)

  const [before, now] = await Promise.all(databases.map(logOf))
  expect(before!.length).toBeGreaterThan(50)
  for (const [place, row] of before!.entries()) expect(now![place]).toEqual(row)
  expect(now!.length).toBe(before!.length)
})
