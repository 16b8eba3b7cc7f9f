import { beforeAll, describe, expect, it } from 'vitest'
import type { ConfigurationManager } from '../../../src/index.js'
import { useDocumentedRoles } from './documented-roles.js'

const { as, manager } = useDocumentedRoles('hostile_steps')

const TARGET = { kind: 'prompt', project: 'default', name: 'greeting' }
const CONTENT = { type: 'text', template: 'x', template_format: 'raw' }
const ROLLOUT = {
  kind: 'prompt',
  project: 'default',
  name: 'greeting',
  label: 'production',
  arms: [{ version: 1, weight: 1 }],
  coverage_basis_points: 10_000,
  sticky: false,
  status: 'running',
  record_exposures: false,
}

let owner: ConfigurationManager

beforeAll(async () => {
  owner = manager('owner')
  await owner.prompts.create({ name: 'greeting', template: 'one', labels: ['production'] })
  await owner.prompts.createVersion({ name: 'greeting', template: 'two', labels: [] })
  await owner.prompts.create({ name: 'held', template: 'one', labels: ['production'] })
  await owner.rollouts.start({ kind: 'prompt', name: 'held', arms: [{ version: 1, weight: 1 }] })
})

const apply = (...steps: readonly object[]) => `select agent_config.apply_write('${JSON.stringify({ steps }).replaceAll("'", "''")}')`
const OPEN = "select agent_config.open_write(null, null, null, '[]')"
const everything = () =>
  as(
    'owner',
    `select (select jsonb_agg(to_jsonb(t) order by id) from agent_config.prompts t) as prompts,
      (select jsonb_agg(to_jsonb(t) order by name, label) from agent_config.prompt_labels t) as labels,
      (select jsonb_agg(to_jsonb(t) order by id) from agent_config.config_rollouts t) as rollouts,
      (select jsonb_agg(to_jsonb(t) order by id) from agent_config.config_changelog t where change_summary is distinct from 'Opened a write and changed nothing') as changelog,
      (select jsonb_agg(to_jsonb(t) order by scope) from agent_config.config_heads t) as heads`,
  )

/** Steps that the library never sends: each would change something that the changelog does not say, or say what was not done. */
const LIES: readonly (readonly [string, object])[] = [
  ['a version that is born switched off', { do: 'version', change: 'version', ...TARGET, columns: { ...CONTENT, is_active: false } }],
  ['a version with a time of its own', { do: 'version', change: 'version', ...TARGET, columns: { ...CONTENT, created_at: 'infinity' } }],
  ['a version with an id of its own', { do: 'version', change: 'version', ...TARGET, columns: { ...CONTENT, id: 1 } }],
  ['a version with a number of its own', { do: 'version', change: 'version', ...TARGET, columns: { ...CONTENT, version: 9 } }],
  ['a version of another project', { do: 'version', change: 'version', ...TARGET, columns: { ...CONTENT, project: 'other' } }],
  ['a version without content', { do: 'version', change: 'version', ...TARGET, columns: {} }],
  ['a first version called a later one', { do: 'version', change: 'version', ...TARGET, name: 'fresh', columns: CONTENT }],
  ['a version of a project that nobody can read', { do: 'version', change: 'create', ...TARGET, project: '*', columns: CONTENT }],
  ['a version with the label latest', { do: 'version', change: 'version', ...TARGET, columns: CONTENT, labels: ['latest'] }],
  ['the label latest', { do: 'label', change: 'promote', ...TARGET, label: 'latest', version: 1 }],
  ['a label that is too long', { do: 'label', change: 'promote', ...TARGET, label: 'x'.repeat(37), version: 1 }],
  ['a label of null', { do: 'label', change: 'promote', ...TARGET, label: null, version: 1 }],
  ['a removal called a promotion', { do: 'label', change: 'promote', ...TARGET, label: 'production', version: null }],
  ['a promotion called a removal', { do: 'label', change: 'remove_label', ...TARGET, label: 'production', version: 2 }],
  ['the removal of a label that is not there', { do: 'label', change: 'remove_label', ...TARGET, label: 'nowhere', version: null }],
  ['a label on a version that is not there', { do: 'label', change: 'promote', ...TARGET, label: 'production', version: 77 }],
  ['a deactivation called an activation', { do: 'active', change: 'activate', ...TARGET, versions: [2], active: false }],
  ['a deactivation of a version that is not there', { do: 'active', change: 'deactivate', ...TARGET, versions: [77], active: false }],
  ['an activation of what is active', { do: 'active', change: 'activate', ...TARGET, versions: [1], active: true }],
  ['neither on nor off', { do: 'active', change: 'deactivate', ...TARGET, versions: [1], active: null }],
  ['a rollout on latest', { do: 'rollout', change: 'rollout_start', id: 'r1', columns: { ...ROLLOUT, label: 'latest' } }],
  ['a rollout of context rules', { do: 'rollout', change: 'rollout_start', id: 'r2', columns: { ...ROLLOUT, kind: 'context_rules' } }],
  ['a rollout of a kind that is none', { do: 'rollout', change: 'rollout_start', id: 'r3', columns: { ...ROLLOUT, kind: 'No kind' } }],
  ['a rollout whose start is called a pause', { do: 'rollout', change: 'rollout_pause', id: 'r4', columns: ROLLOUT }],
  ['a rollout that starts with a winner', { do: 'rollout', change: 'rollout_start', id: 'r5', columns: { ...ROLLOUT, winner: 2 } }],
  ['a rollout without an id', { do: 'rollout', change: 'rollout_start', id: null, columns: ROLLOUT }],
  ['nothing', {}],
  ['a refresh of a kind that is none', { do: 'refresh', change: 'refresh', kind: 'No kind' }],
]

describe('apply_write', () => {
  it.each(LIES)('refuses %s', async (_what, step) => {
    const before = await everything()

    await expect(as('config_service', 'begin', OPEN, apply(step), 'commit')).rejects.toThrow()

    expect(await everything()).toEqual(before)
  })

  it.each([
    ['a second start', { change: 'rollout_start' }],
    ['a winner in a pause', { change: 'rollout_pause', winner: 1, status: 'paused' }],
  ])('refuses %s of a rollout that is open', async (_what, { change, ...columns }) => {
    const [{ id }] = (await as('owner', "select id from agent_config.config_rollouts where name = 'held'")) as [{ id: string }]
    const before = await everything()

    await expect(as('config_service', 'begin', OPEN, apply({ do: 'rollout', change, id, columns }), 'commit')).rejects.toThrow()

    expect(await everything()).toEqual(before)
  })

  it.each(['null', '[]', '1', '"x"', '{"steps": {}}', '{"steps": [null]}', '{"steps": [1]}', '{"steps": null}'])(
    'changes nothing for %s',
    async (write) => {
      const before = await everything()

      await as('config_service', 'begin', OPEN, `select agent_config.apply_write('${write}')`, 'commit').catch(() => {})

      expect(await everything()).toEqual(before)
    },
  )

  it('applies nothing of a savepoint that was taken back, and goes on after it', async () => {
    const promote = (version: number) => apply({ do: 'label', change: 'promote', ...TARGET, label: 'later', version })
    await as('config_service', 'begin', OPEN, 'savepoint a', promote(1), 'rollback to a', promote(2), 'commit')
    await as('config_service', 'begin', 'savepoint a', OPEN, 'rollback to a', OPEN, promote(1), 'commit')

    const { items } = await owner.changelog.list({ name: 'greeting', limit: 2 })
    expect(items.map(({ newData }) => newData)).toEqual([{ labels: { later: 1 } }, { labels: { later: 2 } }])
    await expect(as('config_service', 'begin', 'savepoint a', OPEN, 'rollback to a', promote(1))).rejects.toThrow(/no open write/)
  })

  it('is not for a transaction that has announced', async () => {
    const close = `select agent_config.apply_write('{"steps": [], "close": {"joined": false}}')`
    await expect(as('config_service', 'begin', OPEN, close, OPEN, close)).rejects.toThrow(/no open write/)
  })
})

describe('a write that was opened and given up by COMMIT', () => {
  it('is no other history to anybody, and stops nobody', async () => {
    const worker = manager('config_service')
    const errors: string[] = []
    worker.on('error', ({ message }) => errors.push(message))
    await worker.getPrompt('greeting')

    await as('config_service', 'begin', OPEN, 'commit')
    await worker.catchUp()
    await owner.prompts.create({ name: 'after', template: 'x', labels: ['production'] })
    await worker.catchUp()

    expect(errors).toEqual([])
    expect((await owner.changelog.list({ limit: 2 })).items[1]).toMatchObject({ changeType: 'refresh', configName: '*' })
    expect(await worker.getPrompt('after')).toMatchObject({ template: 'x' })
    expect(await manager('config_service').getPrompt('after')).toMatchObject({ template: 'x' })
  })
})
