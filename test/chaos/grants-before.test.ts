import { readFileSync } from 'node:fs'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { type ConfigurationManager, createConfigManager } from '../../src/index.js'
import { migrateToLatest } from '../../src/migrations.js'
import { NOTES } from '../kinds/a-kind.js'
import { caught } from '../store/fixture.js'
import { useRoles } from '../store/test-role.js'
import { runStatement } from '../support/services/template-database.js'
import { createEmptyDatabase, type TestDatabase, testAdminUrl } from '../support/test-database.js'

const PAGE = readFileSync(new URL('../../docs/migrations.md', import.meta.url), 'utf8')

// What "Permissions" of version 0.1 told people to grant: their roles hold exactly this when the migrations run.
const SERVICE = (role: string) =>
  `grant usage on schema agent_config to ${role}; grant select, insert, update, delete on all tables in schema agent_config to ${role}`
const READER = (role: string) =>
  `grant usage on schema agent_config to ${role}; grant select on all tables in schema agent_config to ${role}`
const EDITOR = (role: string) => `${READER(role)}; grant insert, update on agent_config.prompt_labels, agent_config.config_heads to ${role};
  grant update on agent_config.config_state to ${role}; grant insert on agent_config.config_changelog to ${role}`

/** The blocks of the page that make the roles, and that end what the version before was allowed. */
const GRANTS = /```sql\n(create role config_reader;[^`]+)```/.exec(PAGE)![1]!
const STEP = /```sql\n(begin;\nupdate agent_config\.config_state[^`]+)```/.exec(PAGE)![1]!
const ROLES = ['config_reader', 'config_service', 'config_editor', 'config_maintenance']
/** Roles belong to the whole server. */
const suffix = `_${process.pid}`
/** What the grants of the version before let an editor do, past the triggers. */
const FORGERIES = [
  `insert into agent_config.config_changelog (revision, token, config_type, config_name, project, change_type)
    values (1, gen_random_uuid(), 'prompt', 'greeting', 'default', 'promote')`,
  'update agent_config.config_heads set revision = 999999',
  "insert into agent_config.config_heads (scope, revision, token) values ('prompt:default:x', 999999, gen_random_uuid())",
  'update agent_config.config_state set revision = 999999',
  'update agent_config.config_state set older_writers = true',
  `select agent_config.apply_write('{}'::jsonb)`,
]

const BEFORE = new URL('./version-before/agent-config-0.1.0.min.js', import.meta.url).href
type Create = typeof createConfigManager

const makeRole = useRoles()
const open: ConfigurationManager[] = []
let createBefore: Create
let database: TestDatabase
let service: { readonly role: string; readonly url: string }
let reader: typeof service
let editor: typeof service

beforeAll(async () => {
  createBefore = ((await import(BEFORE)) as { createConfigManager: Create }).createConfigManager
  database = await createEmptyDatabase()
  const first = start(createBefore, database.url, { autoMigrate: true })
  await first.prompts.create({ name: 'greeting', template: 'one', labels: ['production'] })
  await first.prompts.createVersion({ name: 'greeting', template: 'two' })
  await first.shutdown()
  service = await makeRole(database.url, SERVICE)
  reader = await makeRole(database.url, READER)
  editor = await makeRole(database.url, EDITOR)
})
afterEach(() => Promise.all(open.splice(0).map((manager) => manager.shutdown())))
afterAll(async () => {
  await database.drop()
  for (const role of ROLES) await runStatement(testAdminUrl(), `drop role if exists ${role}${suffix}`)
})

function start(create: Create, url: string, options: object = {}): ConfigurationManager {
  // What the version before sends is compiled by JIT for a second and more.
  const address = create === createBefore ? `${url}?options=-c%20jit%3Doff` : url
  const own = create === createBefore ? {} : { kinds: [NOTES] }
  const manager = create({ database: address, redis: false, pollIntervalMs: 600_000, ...own, ...options })
  open.push(manager)
  return manager
}

async function plain(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query(statement).finally(() => client.end())
}

/** What both versions can do. */
async function work(manager: ConfigurationManager, name: string): Promise<void> {
  await manager.prompts.create({ name, template: 'one', labels: ['production'] })
  await manager.prompts.createVersion({ name, template: 'two' })
  await manager.models.create({ name, provider: 'p', model: 'm', labels: ['production'] })
  await manager.embeddings.create({ name, embeddingModel: 'e' })
  await manager.contextRules.create({ context: name, important: 'x' })
  const arms = [
    { version: 1, weight: 1 },
    { version: 2, weight: 1 },
  ]
  const { id } = await manager.rollouts.start({ kind: 'prompt', name, arms, sticky: true, recordExposures: true })
  await manager.getPrompt(name, { subject: 'ada' })
  await manager.rollouts.conclude(id, { winner: 2 })
  await manager.prompts.rollback({ name })
  await manager.transaction(async ({ prompts }) => void (await prompts.deactivate({ name, version: 2, force: true })))
  await manager.refresh('prompt')
  await manager.prune({ before: new Date(0) })
}

it('roles with the grants of the version before go on when its database is migrated, in workers of both versions', async () => {
  const running = start(createBefore, service.url)
  await running.getPrompt('greeting')

  await migrateToLatest(database.url)

  const now = start(createConfigManager, service.url)
  await work(running, 'by the one that ran')
  await work(start(createBefore, service.url), 'by one that starts')
  await work(now, 'by a new one')
  await now.flags.create({ name: 'flag', value: true, labels: ['production'] })
  await now.of(NOTES).create({ name: 'note', content: 'x' })
  expect(await now.getFlag('flag', false)).toBe(true)
  expect((await now.verify()).mismatches).toEqual([])
  expect((await now.health()).ok).toBe(true)

  for (const create of [createBefore, createConfigManager]) {
    const reading = start(create, reader.url)
    expect(await reading.getPrompt('greeting')).toMatchObject({ template: 'one' })
    expect((await reading.prompts.list()).items.length).toBeGreaterThan(2)
    expect((await reading.health()).ok).toBe(true)
    expect(String(await caught(() => reading.prompts.create({ name: 'no', template: 'x' })))).toMatch(/permission denied|lacks a right/)
  }
  const reading = start(createConfigManager, reader.url)
  expect(await reading.getFlag('flag', false)).toBe(true)
  expect((await reading.of(NOTES).get('note'))?.content).toBe('x')

  await plain(editor.url, `update agent_config.prompt_labels set version = 2 where name = 'greeting' and label = 'production'`)
  await Promise.all([now.catchUp(), running.catchUp()])
  expect([(await now.getPrompt('greeting'))?.version, (await running.getPrompt('greeting'))?.version]).toEqual([2, 2])
  expect((await now.prompts.history({ name: 'greeting' }))[0]).toMatchObject({ changeType: 'sql', changedBy: editor.role })
})

it('end with the step that the page names: a service then writes by functions, and an editor is noted and forges nothing', async () => {
  const named = (text: string) => text.replace(/config_(reader|service|editor|maintenance)\b/g, `$&${suffix}`)
  const step = named(STEP)
    .replace(/\b(?<!_)service\b/g, service.role)
    .replace(/\b(?<!_)editor\b/g, editor.role)
  await runStatement(database.url, named(GRANTS))
  await runStatement(database.url, step)

  const now = start(createConfigManager, service.url)
  await work(now, 'by functions')
  const refused = await caught(() => start(createBefore, service.url).prompts.create({ name: 'no', template: 'x' }))
  await plain(editor.url, `update agent_config.prompt_labels set version = 1 where name = 'greeting' and label = 'production'`)
  const forged = await Promise.all(FORGERIES.map((statement) => caught(() => plain(editor.url, statement))))
  await now.catchUp()
  const [edit] = await now.prompts.history({ name: 'greeting' })

  expect(refused.message).toContain('permission denied')
  expect(edit).toMatchObject({ changeType: 'sql', changedBy: editor.role })
  expect((await now.getPrompt('greeting'))?.version).toBe(1)
  for (const error of forged) expect(error.message).toContain('permission denied')
})
