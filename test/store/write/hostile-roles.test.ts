import { beforeAll, describe, expect, it } from 'vitest'
import type { ConfigurationManager } from '../../../src/index.js'
import { type DocumentedRole, useDocumentedRoles } from './documented-roles.js'

const { as, manager } = useDocumentedRoles('hostile_roles')
const EVERYBODY: readonly DocumentedRole[] = ['config_reader', 'config_service', 'config_editor', 'config_maintenance']
const log = () => as('owner', 'select to_jsonb(change) as change from agent_config.config_changelog as change order by id')
const heads = () => as('owner', 'select * from agent_config.config_heads order by scope')

let owner: ConfigurationManager

beforeAll(async () => {
  owner = manager('owner')
  await owner.prompts.create({ name: 'greeting', template: 'one', labels: ['production'] })
  await owner.prompts.createVersion({ name: 'greeting', template: 'two', labels: [] })
  await owner.prompts.create({ name: 'other', template: 'one', labels: [] })
  await as('owner', `grant temporary on database ${(await as('owner', 'select quote_ident(current_database()) as d'))[0]!.d} to public`)
})

describe.each(EVERYBODY)('%s', (role) => {
  it.each([
    ["note_sql_edit('prompt', 'labels')", "insert into prompt_labels values ('default', 'greeting', 'production', 2)"],
    ["note_sql_edit('prompt', 'versions')", "insert into prompt_labels values ('default', 'greeting', 'production', 2)"],
    ['keep_content()', "insert into prompt_labels values ('default', 'greeting', 'production', 2)"],
    ['refuse_change()', "insert into prompt_labels values ('default', 'greeting', 'production', 2)"],
    ['name_empty_revision()', "insert into prompt_labels values ('default', 'greeting', 'production', 2)"],
  ])('cannot forge the log with a table of its own and a trigger %s', async (call, edit) => {
    const before = [await log(), await heads()]

    await expect(
      as(
        role,
        'create temp table prompt_labels (project text, name text, label text, version integer)',
        `create trigger forged after insert on prompt_labels for each row execute function agent_config.${call}`,
        edit,
      ),
    ).rejects.toThrow(/permission denied/)

    expect([await log(), await heads()]).toEqual(before)
  })

  it('gets no rights of the owner by objects in the way of names', async () => {
    await as(
      role,
      'create temp table config_state (id integer, revision bigint, token text, phase text)',
      "create function pg_temp.now() returns timestamptz language sql as 'select null::timestamptz'",
      "create function pg_temp.gen_random_uuid() returns uuid language plpgsql as $$ begin raise exception 'ran as %', current_user; end $$",
      'set search_path = pg_temp, agent_config, pg_catalog',
      role === 'config_editor'
        ? "update agent_config.prompt_labels set version = 3 - version where name = 'greeting'"
        : role === 'config_reader'
          ? 'select agent_config.phase_here()'
          : "select agent_config.open_write(null, null, null, '[]')",
    )
    expect(await owner.changelog.list({ limit: 1 })).toBeDefined()
  })

  it('cannot use what workers of the version before used', async () => {
    await as('owner', 'update agent_config.config_state set older_writers = true')
    const before = [await log(), await heads()]
    try {
      await expect(as(role, 'select agent_config.begin_write(null, null, null)')).rejects.toThrow(/permission denied/)
      const forged = JSON.stringify([{ config_type: 'prompt', config_name: 'x', project: 'default', change_type: 'promote' }])
      await expect(
        as(role, `select agent_config.finish_write(gen_random_uuid(), '{prompt:default:x}', '${forged}', 9e15::bigint, '', null, false)`),
      ).rejects.toThrow(/permission denied/)
    } finally {
      await as('owner', 'update agent_config.config_state set older_writers = false')
    }
    expect([await log(), await heads()]).toEqual(before)
  })
})

describe('a writer of the version before', () => {
  it('raises heads to the revision it holds and to no other', async () => {
    await as('owner', 'update agent_config.config_state set older_writers = true')
    const before = await heads()
    await expect(
      as(
        'owner',
        'begin',
        'select agent_config.begin_write(null, null, null)',
        "select agent_config.finish_write(gen_random_uuid(), '{prompt:default:x}', '[]', 9000000000000000, 'x', null, false)",
      ),
    ).rejects.toThrow(/not the one/)
    await as('owner', 'update agent_config.config_state set older_writers = false')
    expect(await heads()).toEqual(before)
  })
})

describe('an edit by SQL', () => {
  it('that gives a label to another name is in the history of both', async () => {
    await as('config_editor', "insert into agent_config.prompt_labels values ('default', 'greeting', 'moved', 1)")

    await as('config_editor', "update agent_config.prompt_labels set name = 'other' where label = 'moved'")

    const [from] = await owner.prompts.history({ name: 'greeting' })
    const [to] = await owner.prompts.history({ name: 'other' })
    expect(from).toMatchObject({ changeType: 'sql', previousData: { labels: { moved: 1 } }, newData: { labels: { moved: null } } })
    expect(to).toMatchObject({ changeType: 'sql', previousData: { labels: { moved: null } }, newData: { labels: { moved: 1 } } })
    expect(to?.revision).toBe(from?.revision)
  })

  it('that renames a label says where it was', async () => {
    await as('config_editor', "insert into agent_config.prompt_labels values ('default', 'greeting', 'old', 1)")

    await as('config_editor', "update agent_config.prompt_labels set label = 'new' where label = 'old'")

    const [added, removed] = await owner.prompts.history({ name: 'greeting' })
    expect(removed).toMatchObject({ previousData: { labels: { old: 1 } }, newData: { labels: { old: null } } })
    expect(added).toMatchObject({ previousData: { labels: { new: null } }, newData: { labels: { new: 1 } } })
  })

  it.each([
    [
      "insert into agent_config.prompts (project, name, version, type, template, created_at) values ('default', 'bad', 1, 'text', 'x', 'infinity')",
    ],
    [
      "insert into agent_config.prompts (project, name, version, type, template, created_at) values ('default', 'bad', 1, 'text', 'x', '-infinity')",
    ],
    ["insert into agent_config.context_rules (project, context, version, created_at) values ('default', 'bad', 1, '290000-01-01')"],
  ])('that no read could answer is refused: %s', async (statement) => {
    await expect(as('config_editor', statement)).rejects.toThrow(/created_at/)
  })

  it('of a chat prompt that is none is stored, noted, and can be taken back', async () => {
    await as(
      'config_editor',
      "insert into agent_config.prompts (project, name, version, type, template) values ('default', 'no-chat', 1, 'chat', 'not JSON')",
      "delete from agent_config.prompts where name = 'no-chat'",
    )

    expect(await owner.prompts.history({ name: 'no-chat' })).toMatchObject([
      { previousData: { template: 'not JSON' }, newData: null },
      { previousData: null, newData: { template: 'not JSON' } },
    ])
  })

  const rolloutWith = (column: string, value: string) => {
    const columns = { arms: `'[{"version": 1, "weight": 1}]'`, [column]: value }
    return `insert into agent_config.config_rollouts (id, kind, project, name, label, coverage_basis_points, status,
        ${Object.keys(columns).join(', ')})
      values ('r', 'prompt', 'default', 'greeting', 'production', 10000, 'running', ${Object.values(columns).join(', ')})`
  }

  it.each([
    ['forced', `'"x"'`],
    ['forced', "'[1]'"],
    ['schedule', `'"x"'`],
    ['schedule', "'[null]'"],
    ['schedule', "'[1]'"],
    ['schedule', `'{"atMs": 1}'`],
    ['schedule', `'[{"atMs": 1}]'`],
    ['arms', `'[{"version": "1"}]'`],
  ])('of a rollout that no read could answer is refused: %s %s', async (column, value) => {
    await expect(as('config_editor', rolloutWith(column, value))).rejects.toThrow(/violates check constraint/)
  })

  it.each([
    ['forced', `'{"user-1": "two"}'`],
    ['forced', "'null'"],
    ['conditions', "'5'"],
    ['conditions', `'{"$regex": 5}'`],
    ['schedule', "'[]'"],
    ['schedule', `'[{"atMs": 1e300, "coverageBasisPoints": -7}]'`],
    ['arms', `'[{"version": 1, "weight": "x"}]'`],
    ['arms', `'[{"version": 1}]'`],
  ])('of a rollout that the library would not write is answered: %s %s', async (column, value) => {
    await as('config_editor', 'delete from agent_config.config_rollouts', rolloutWith(column, value))

    const worker = manager('config_service')
    expect(await worker.getPrompt('greeting', { subject: 'user-1', attributes: { plan: 'x' } })).toMatchObject({ name: 'greeting' })
    expect(await worker.getPrompt('greeting')).toMatchObject({ name: 'greeting' })
    await expect(owner.prompts.createVersion({ name: 'greeting', template: 'three', labels: [] })).resolves.toBeDefined()
  })
})
