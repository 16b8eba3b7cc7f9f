import { readFileSync } from 'node:fs'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ConfigurationManager, createConfigManager } from '../../../src/index.js'
import { eventually } from '../../support/eventually.js'
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js'

/** The grants that docs/migrations.md tells people to give, and nothing else. */
const GRANTS = /```sql\n(create role config_reader;[^`]+)```/.exec(readFileSync('docs/migrations.md', 'utf8'))![1]!

describe('roles with the documented grants', () => {
  const suffix = `_${process.pid}`
  const roles = ['config_reader', 'config_service', 'config_editor', 'config_maintenance'].map((role) => role + suffix)
  let database: TestDatabase
  let owner: ConfigurationManager
  let service: ConfigurationManager
  const managers: ConfigurationManager[] = []

  beforeAll(async () => {
    database = await createTestDatabase()
    // Roles belong to the whole server, which other test files share.
    await asOwner(GRANTS.replace(/config_(reader|service|editor|maintenance)\b/g, `$&${suffix}`))
    await asOwner(roles.map((role) => `alter role ${role} login password 'secret'`).join(';'))
    owner = manager(database.url)
    service = manager(urlOf('config_service'))
    await owner.prompts.create({ name: 'greeting', template: 'one', labels: ['production'], changedBy: 'ada' })
    await owner.prompts.createVersion({ name: 'greeting', template: 'two', changedBy: 'ada' })
  })

  afterAll(async () => {
    await Promise.all(managers.map((one) => one.shutdown()))
    await asOwner(roles.map((role) => `drop owned by ${role}; drop role ${role}`).join(';'))
    await database.drop()
  })

  function manager(url: string): ConfigurationManager {
    const made = createConfigManager({ database: url, redis: false, pollIntervalMs: 60_000 })
    managers.push(made)
    return made
  }

  function urlOf(role: string): string {
    const url = new URL(database.url)
    url.username = role + suffix
    url.password = 'secret'
    return url.href
  }

  async function run(url: string, ...statements: readonly string[]): Promise<Record<string, unknown>[]> {
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    try {
      let rows: Record<string, unknown>[] = []
      for (const statement of statements) rows = (await client.query(statement)).rows
      return rows
    } finally {
      await client.end()
    }
  }

  const asOwner = (...statements: readonly string[]) => run(database.url, ...statements)
  const asEditor = (...statements: readonly string[]) => run(urlOf('config_editor'), ...statements)
  const asService = (...statements: readonly string[]) => run(urlOf('config_service'), ...statements)
  const counter = async () => Number((await asOwner('select revision from agent_config.config_state'))[0]?.revision)

  it('let a service do every write of the library', async () => {
    const { prompts, models, embeddings, contextRules, rollouts } = service
    await prompts.create({ name: 'all', template: 'a', labels: ['production'] })
    await prompts.createVersion({ name: 'all', template: 'b' })
    await prompts.promote({ name: 'all', version: 2 })
    await prompts.rollback({ name: 'all' })
    await prompts.removeLabel({ name: 'all', label: 'staging' })
    await models.create({ name: 'm', provider: 'p', model: 'x' })
    await embeddings.create({ name: 'e', embeddingModel: 'x' })
    await contextRules.create({ context: 'c', important: 'x' })
    await contextRules.deactivate({ context: 'c' })
    const { id } = await rollouts.start({
      kind: 'prompt',
      name: 'all',
      arms: [
        { version: 1, weight: 1 },
        { version: 2, weight: 1 },
      ],
      sticky: true,
      recordExposures: true,
    })
    const served = await service.getPrompt('all', { subject: 'user-7' })
    await rollouts.conclude(id, { winner: 2 })
    await service.transaction(async (inside) => {
      await inside.prompts.deactivate({ name: 'all', version: 1 })
      await inside.prompts.activate({ name: 'all', version: 1 })
    })
    await service.refresh('prompt')

    expect(served?.selection).toMatchObject({ reason: 'split', rolloutId: id })
    await eventually(async () => {
      expect(await asOwner(`select subject from agent_config.config_exposures where rollout_id = '${id}'`)).toEqual([{ subject: 'user-7' }])
    })
    expect(await service.verify()).toMatchObject({ mismatches: [] })
    expect(await service.health()).toMatchObject({ ok: true, database: 'up' })
  })

  it('let a reader read, and tell it what it lacks when it writes', async () => {
    const reader = manager(urlOf('config_reader'))

    expect(await reader.getPrompt('greeting')).toMatchObject({ template: 'one' })
    await expect(reader.prompts.promote({ name: 'greeting', version: 2 })).rejects.toThrow(/permission denied/)
  })

  it("note an editor's change of a label, with the user, and every worker serves it, whatever settings the editor makes", async () => {
    await service.getPrompt('greeting')
    const before = await counter()

    await asEditor(
      "set agent_config.managed = 'on'",
      "set agent_config.pruning = 'on'",
      "set agent_config.revision = 'x 9000000000000000 y'",
      "update agent_config.prompt_labels set version = 2 where name = 'greeting' and label = 'production'",
    )

    await eventually(async () => expect(await service.getPrompt('greeting')).toMatchObject({ template: 'two' }))
    const { items } = await owner.changelog.list({ name: 'greeting', limit: 1 })
    expect(items).toMatchObject([
      {
        changeType: 'sql',
        changedBy: `config_editor${suffix}`,
        previousData: { labels: { production: 1 } },
        newData: { labels: { production: 2 } },
        revision: before + 1,
      },
    ])
    await manager(urlOf('config_service')).ready()
  })

  it('name the role that a session has set', async () => {
    await asOwner(
      `set role config_editor${suffix}`,
      "update agent_config.prompts set is_active = false where name = 'greeting' and version = 2 and false",
      "insert into agent_config.prompts (project, name, version, type, template) values ('default', 'by-role', 1, 'text', 'x')",
    )

    const { items } = await owner.changelog.list({ name: 'by-role' })
    expect(items[0]?.changedBy).toMatch(new RegExp(`^\\S+ as config_editor${suffix}$`))
  })

  const FORBIDDEN = [
    "delete from agent_config.config_changelog where config_name = 'greeting'",
    "update agent_config.config_changelog set changed_by = 'eve'",
    "insert into agent_config.config_changelog (revision, token, config_type, config_name, project, change_type) values (1, '', 'prompt', 'x', 'default', 'promote')",
    "insert into agent_config.config_heads values ('prompt:default:x', 9000000000000000, '')",
    'update agent_config.config_heads set revision = 9000000000000000',
    'update agent_config.config_state set revision = 9000000000000000',
    "update agent_config.config_state set phase = 'applying'",
    'insert into agent_config.config_pruning values (pg_current_xact_id())',
    'truncate agent_config.prompt_labels',
    'alter table agent_config.prompt_labels disable trigger all',
    "set session_replication_role = 'replica'",
    'select agent_config.take_revision()',
    "select agent_config.raise_heads(array['prompt:default:x'], 9000000000000000, '')",
    "select agent_config.announce(9000000000000000, '')",
    'select agent_config.begin_write(null, null, null)',
    "select agent_config.finish_write(gen_random_uuid(), '{}', '[]', 1, '', null, false)",
    `select agent_config.move_label('{"kind": "prompt", "project": "default", "name": "greeting"}', 'production', 1)`,
    'select agent_config.prune_changelog(now(), 0, 1000)',
    `select agent_config.purge_version('{"steps": [{"kind": "prompt", "project": "default", "name": "greeting", "version": 1}]}')`,
  ]

  it.each(FORBIDDEN)('keep an editor and a service from: %s', async (statement) => {
    const before = await asOwner('select * from agent_config.config_changelog order by id')

    await expect(asEditor(statement)).rejects.toThrow(/permission denied|must be owner|no longer write|no open write/)
    await expect(asService(statement)).rejects.toThrow(/permission denied|must be owner|no longer write|no open write/)

    expect(await asOwner('select * from agent_config.config_changelog order by id')).toEqual(before)
  })

  it.each([
    'update agent_config.prompt_labels set version = 1',
    "insert into agent_config.prompts (project, name, version, type, template) values ('default', 'x', 1, 'text', 'x')",
    'delete from agent_config.prompt_labels',
    "update agent_config.config_rollouts set status = 'concluded'",
  ])('keep a service from the tables: %s', async (statement) => {
    await expect(asService(statement)).rejects.toThrow(/permission denied/)
  })

  it('keep an editor from the functions of a write', async () => {
    await expect(asEditor("select agent_config.open_write(null, null, null, '[]')")).rejects.toThrow(/permission denied/)
    await expect(asEditor("select agent_config.apply_write('{}')")).rejects.toThrow(/permission denied/)
  })

  it('log what a service does by hand, and refuse a verb that it did not do', async () => {
    const step = { do: 'label', kind: 'prompt', project: 'default', name: 'greeting', label: 'production', version: 1 }
    const write = (change: string) => `select agent_config.apply_write('${JSON.stringify({ steps: [{ ...step, change }] })}')`
    const open = "select agent_config.open_write(null, null, null, '[]')"

    await expect(asService(write('promote'))).rejects.toThrow(/no open write/)
    await expect(asService('begin', open, write('create'))).rejects.toThrow(/does not belong/)
    await asService('begin', open, write('promote'), 'commit')

    const { items } = await owner.changelog.list({ name: 'greeting', limit: 1 })
    expect(items).toMatchObject([{ changeType: 'promote', newVersion: 1, newData: { labels: { production: 1 } } }])
    await service.catchUp()
    expect(await service.getPrompt('greeting')).toMatchObject({ template: 'one' })
  })

  it("let maintenance prune and keep everybody else's changelog as it is", async () => {
    const maintenance = manager(urlOf('config_maintenance'))

    await expect(service.prune({ before: new Date() })).rejects.toThrow(/permission denied/)
    expect((await maintenance.prune({ before: new Date() })).changelog).toBeGreaterThan(0)
  })
})
