import * as v from 'valibot'
import { beforeAll, describe, expect, it } from 'vitest'
import { type ConfigurationManager, defineKind } from '../../../src/index.js'
import { useDocumentedRoles } from './documented-roles.js'

const { as, manager } = useDocumentedRoles('hostile_kinds')

const NOTES = defineKind({ kind: 'note', schema: v.string() })

let owner: ConfigurationManager

beforeAll(async () => {
  owner = manager('owner')
  await owner.of(NOTES).create({ name: 'greeting', content: 'one', labels: ['production'] })
  await owner.of(defineKind({ kind: 'note_x', schema: v.string() })).create({ name: 'greeting', content: 'one', labels: ['production'] })
  await owner.flags.create({ name: 'greeting', value: true, labels: ['production'] })
})

const literal = (write: object) => `'${JSON.stringify(write).replaceAll("'", "''")}'`
const apply = (step: object) => `select agent_config.apply_write(${literal({ steps: [step] })})`
const OPEN = "select agent_config.open_write(null, null, null, '[]')"
const everything = () =>
  as(
    'owner',
    `select (select jsonb_agg(to_jsonb(t) order by id) from agent_config.config_entries t) as entries,
      (select jsonb_agg(to_jsonb(t) order by kind, name, label) from agent_config.config_entry_labels t) as labels,
      (select jsonb_agg(to_jsonb(t) order by id) from agent_config.config_rollouts t) as rollouts,
      (select jsonb_agg(to_jsonb(t) order by id) from agent_config.config_changelog t where change_summary is distinct from 'Opened a write and changed nothing') as changelog,
      (select jsonb_agg(to_jsonb(t) order by scope) from agent_config.config_heads t) as heads`,
  )

const KINDS = [
  "note'; drop table agent_config.prompts; --",
  'note" or true',
  'all',
  'content',
  'rollout',
  null,
  'x'.repeat(41),
  'Note',
  '1a',
  '',
  'no-te',
  'note:x',
  '%',
  7,
  {},
]

describe.each(KINDS)('the kind %j', (kind) => {
  const target = { kind, project: 'default', name: 'greeting' }
  it.each<readonly [string, object]>([
    ['a version', { do: 'version', change: 'create', ...target, columns: { content: 'x' } }],
    ['a label', { do: 'label', change: 'promote', ...target, label: 'production', version: 1 }],
    ['a switch', { do: 'active', change: 'deactivate', ...target, versions: [1], active: false }],
    [
      'a rollout',
      {
        do: 'rollout',
        change: 'rollout_start',
        id: 'r1',
        columns: {
          ...target,
          label: 'production',
          arms: [{ version: 1, weight: 1 }],
          coverage_basis_points: 10_000,
          sticky: false,
          status: 'running',
          record_exposures: false,
        },
      },
    ],
    ...(kind === 'all' ? [] : [['a refresh', { do: 'refresh', change: 'refresh', kind }] as const]),
  ])('is refused in %s', async (_, step) => {
    const before = await everything()

    await expect(as('config_service', 'begin', OPEN, apply(step), 'commit')).rejects.toThrow()
    await expect(as('config_service', `select agent_config.open_write(null, null, null, ${literal([target])})`)).rejects.toThrow()

    expect(await everything()).toEqual(before)
  })
})

it.each<readonly [string, object]>([
  ['a version that says another kind', { do: 'version', change: 'version', columns: { content: 'x', kind: 'flag' } }],
  ['a version that says its id', { do: 'version', change: 'version', columns: { content: 'x', id: 1 } }],
  ['a version without content', { do: 'version', change: 'version', columns: {} }],
  ['a version of content null', { do: 'version', change: 'version', columns: { content: null } }],
  ['the label latest', { do: 'label', change: 'promote', label: 'latest', version: 1 }],
  ['a label on a version that is not there', { do: 'label', change: 'promote', label: 'production', version: 7 }],
])('a step of an entry is refused that is %s', async (_, step) => {
  const before = await everything()

  await expect(
    as('config_service', 'begin', OPEN, apply({ kind: 'note', project: 'default', name: 'greeting', ...step }), 'commit'),
  ).rejects.toThrow()

  expect(await everything()).toEqual(before)
})

it('the documented roles read and write entries and flags, and no role edits them that may not', async () => {
  const [reader, service] = [manager('config_reader'), manager('config_service')]
  await service.of(NOTES).createVersion({ name: 'greeting', content: 'two', labels: ['production'] })
  await service.flags.createVersion({ name: 'greeting', value: false, labels: ['production'] })

  expect((await reader.of(NOTES).get('greeting'))?.content).toBe('two')
  expect(await reader.getFlag('greeting', true)).toBe(false)
  expect((await reader.of(NOTES).list({ activeOnly: false })).items).toHaveLength(2)
  await expect(reader.of(NOTES).promote({ name: 'greeting', version: 1 })).rejects.toThrow()
  for (const role of ['config_reader', 'config_service'] as const) {
    await expect(as(role, `update agent_config.config_entries set is_active = false`)).rejects.toThrow(/permission denied/)
    await expect(as(role, `insert into agent_config.config_entry_labels values ('flag', 'default', 'greeting', 'x', 1)`)).rejects.toThrow(
      /permission denied/,
    )
  }
  await as('config_editor', "update agent_config.config_entries set is_active = false where kind = 'note' and version = 1")
  const [edit] = (await owner.changelog.list({ kind: 'note', limit: 1 })).items
  expect(edit).toMatchObject({ changeType: 'sql', configName: 'greeting', newData: { isActive: false } })
  await expect(as('config_editor', "update agent_config.config_entries set content = '1'")).rejects.toThrow()
})

it.each([1, 10_000])('statements on %i entries find them by index', async (count) => {
  // Without triggers, which would write as many rows of the changelog.
  await as(
    'owner',
    `alter table agent_config.config_entries disable trigger user;
     insert into agent_config.config_entries (kind, project, name, version, content)
      select kind, 'many', 'n' || number, 1, '1' from unnest('{note,flag}'::text[]) as kind, generate_series(1, ${count}) as number on conflict do nothing;
     alter table agent_config.config_entries enable trigger user`,
  )
  const plan = async (statement: string) => (await as('owner', `explain ${statement}`)).map((row) => row['QUERY PLAN']).join('\n')

  const plans = await Promise.all([
    plan(`select * from agent_config.config_entries_of('note') as e where project = 'many' and name = 'n1'`),
    plan(`select max(version) from agent_config.config_entries_of('note') where project = 'many' and name = 'n1' and is_active`),
    plan(
      `select * from agent_config.config_entries_of('note') as e where (project, name) > ('many', 'n1') order by project, name, -version limit 50`,
    ),
    plan(`select * from agent_config.config_entry_labels_of('note') where project = 'many' and name = 'n1'`),
  ])

  for (const each of plans) {
    expect(each).not.toContain('Function Scan')
    if (count > 1) expect(each).not.toContain('Seq Scan')
  }
})
