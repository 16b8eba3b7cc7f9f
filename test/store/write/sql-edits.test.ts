import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ConfigChange } from '../../../src/entities/config-change.js'
import { eventually } from '../../support/eventually.js'
import { caught, useStore } from '../fixture.js'

const store = useStore()
const heard: string[] = []
let listener: pg.Client

beforeAll(async () => {
  listener = new pg.Client({ connectionString: store.url })
  listener.on('notification', (message) => heard.push(message.payload ?? ''))
  await listener.connect()
  const { rows } = await listener.query('select agent_config.notify_channel() as channel')
  await listener.query(`listen "${rows[0].channel}"`)
})
afterAll(() => listener.end())

/** Runs statements in one transaction and tells what became of them. */
async function edit(...statements: string[]) {
  await drained()
  const before = await revision()
  await store.sql(['begin', ...statements, 'commit'].join(';'))
  const { items } = await store.repositories().changelog.list({ limit: 100 })
  const messages = await drained()
  return {
    revisions: (await revision()) - before,
    changes: items.filter((change) => change.revision > before).reverse(),
    messages: messages.map((text) => JSON.parse(text) as Record<string, unknown>),
    heads: await store.sql<{ scope: string }>('select scope from agent_config.config_heads where revision > $1 order by scope', [before]),
  }
}

/** Waits until everything that was notified has arrived, and gives it. */
async function drained(): Promise<string[]> {
  const mark = `mark ${Math.random()}`
  await listener.query('select pg_notify(agent_config.notify_channel(), $1)', [mark])
  await eventually(() => heard.includes(mark))
  return heard.splice(0).filter((text) => text !== mark)
}

async function revision(): Promise<number> {
  const [state] = await store.sql<{ revision: string }>('select revision from agent_config.config_state')
  return Number(state?.revision)
}

const row = (change: ConfigChange | undefined) => [change?.configType, change?.configName, change?.changeType, change?.changeSummary]

describe('an edit by plain SQL', () => {
  it.each([
    { table: 'prompts', kind: 'prompt', columns: 'name, type, template', values: `'NAME', 'text', 'x'` },
    { table: 'model_configs', kind: 'model', columns: 'name, model_provider, model_name', values: `'NAME', 'p', 'm'` },
    { table: 'embedding_configs', kind: 'embedding', columns: 'name, embedding_model', values: `'NAME', 'm'` },
    { table: 'context_rules', kind: 'context_rules', columns: 'context, important', values: `'NAME', 'x'` },
  ])('of $table raises the head, notifies, and is in the changelog with who and what', async ({ table, kind, columns, values }) => {
    const { project } = store.repositories()
    const scope = kind === 'context_rules' ? `context_rules:${project}` : `${kind}:${project}:by-sql`
    const target = `agent_config.${table}`
    const where = `where project = '${project}'`

    const inserted = await edit(
      `insert into ${target} (project, version, ${columns}) values ('${project}', 1, ${values.replace('NAME', 'by-sql')})`,
    )
    const updated = await edit(`update ${target} set is_active = false ${where}`)
    const unchanged = await edit(`update ${target} set is_active = false ${where}`)
    const deleted = await edit(`delete from ${target} ${where}`)

    for (const [verb, result] of Object.entries({ insert: inserted, update: updated, delete: deleted })) {
      expect(result.revisions).toBe(1)
      expect(result.changes.map(row)).toEqual([[kind, 'by-sql', 'sql', `${verb} on ${table}`]])
      expect(result.changes[0]).toMatchObject({ project, changedBy: new URL(store.url).username })
      expect(result.heads).toEqual([{ scope }])
      expect(result.messages).toEqual([
        { revision: result.changes[0]?.revision, token: expect.any(String), database: expect.stringMatching(/^[0-9a-f]{32}$/) },
      ])
    }
    expect(inserted.changes[0]).toMatchObject({
      previousVersion: null,
      newVersion: 1,
      previousData: null,
      newData: { version: 1, isActive: true },
    })
    expect(updated.changes[0]).toMatchObject({ previousData: { isActive: true }, newData: { isActive: false } })
    expect(deleted.changes[0]).toMatchObject({ previousVersion: 1, newVersion: null, previousData: { version: 1 }, newData: null })
    expect(unchanged).toMatchObject({ revisions: 0, changes: [], messages: [], heads: [] })
  })

  it.each([
    { repository: 'prompts', kind: 'prompt', draft: { template: 'x' }, labels: 'prompt_labels' },
    { repository: 'models', kind: 'model', draft: { provider: 'p', model: 'm' }, labels: 'model_config_labels' },
    { repository: 'embeddings', kind: 'embedding', draft: { embeddingModel: 'm' }, labels: 'embedding_config_labels' },
  ] as const)('of $labels is one that rollback goes back by', async ({ repository, kind, draft, labels }) => {
    const { [repository]: repo, project } = store.repositories()
    const labelled = repo as ReturnType<typeof store.repositories>['prompts']
    for (let version = 1; version <= 2; version++) await labelled.createVersion({ name: 'a', ...draft, labels: [] } as never)
    const target = `agent_config.${labels}`
    const where = `where project = '${project}' and label = 'production'`

    const inserted = await edit(`insert into ${target} values ('${project}', 'a', 'production', 1)`)
    const updated = await edit(`update ${target} set version = 2 ${where}`)
    const unchanged = await edit(`update ${target} set version = 2 ${where}`)
    const back = await labelled.rollback({ name: 'a' })
    const deleted = await edit(`delete from ${target} ${where}`)

    expect(inserted.changes).toMatchObject([
      { previousVersion: null, newVersion: 1, previousData: { labels: { production: null } }, newData: { labels: { production: 1 } } },
    ])
    expect(updated.changes).toMatchObject([
      { previousVersion: 1, newVersion: 2, previousData: { labels: { production: 1 } }, newData: { labels: { production: 2 } } },
    ])
    expect(unchanged.changes).toEqual([])
    expect(back.version).toBe(1)
    expect(deleted.changes.map(row)).toEqual([[kind, 'a', 'sql', `delete on ${labels}`]])
    expect(deleted.changes[0]).toMatchObject({ newData: { labels: { production: null } } })
    expect(deleted.heads).toEqual([{ scope: `${kind}:${project}:a` }])
    expect((await labelled.rollback({ name: 'a' })).labels).toEqual(['production'])
  })

  it('shares one revision and one notification with the others of its transaction', async () => {
    const { prompts, models, project } = store.repositories()
    await prompts.create({ name: 'a', template: 'x', labels: ['production'] })
    await models.create({ name: 'a', provider: 'p', model: 'm' })

    const { revisions, changes, messages, heads } = await edit(
      `update agent_config.prompts set is_active = false where project = '${project}'`,
      `update agent_config.model_configs set is_active = false where project = '${project}'`,
      `delete from agent_config.prompt_labels where project = '${project}'`,
      `insert into agent_config.context_rules (project, context, version) values ('${project}', 'c1', 1), ('${project}', 'c2', 1)`,
    )

    expect(revisions).toBe(1)
    expect(new Set(changes.map((change) => change.revision)).size).toBe(1)
    expect(changes.map((change) => change.configType)).toEqual(['prompt', 'model', 'prompt', 'context_rules', 'context_rules'])
    expect(messages).toHaveLength(1)
    expect(heads.map((head) => head.scope)).toEqual([`context_rules:${project}`, `model:${project}:a`, `prompt:${project}:a`])
  })

  it('leaves nothing when its transaction rolls back, or when it edits and undoes', async () => {
    const { prompts, project } = store.repositories()
    await prompts.create({ name: 'a', template: 'x' })
    const update = `update agent_config.prompts set is_active = false where project = '${project}'`

    const { revisions, changes, messages, heads } = await edit('rollback', 'begin', update, 'rollback', 'begin')
    const partly = await edit('savepoint s', update, 'rollback to s')

    expect({ revisions, changes, messages, heads }).toEqual({ revisions: 0, changes: [], messages: [], heads: [] })
    expect(partly).toMatchObject({ revisions: 0, changes: [], messages: [] })
  })

  it('raises both heads when it moves a label from one prompt to another', async () => {
    const { prompts, project } = store.repositories()
    await prompts.create({ name: 'a', template: 'x', labels: ['production'] })
    await prompts.create({ name: 'b', template: 'x', labels: [] })

    const { heads } = await edit(`update agent_config.prompt_labels set name = 'b' where project = '${project}'`)

    expect(heads.map((head) => head.scope)).toEqual([`prompt:${project}:a`, `prompt:${project}:b`])
  })

  it.each([
    'prompts, agent_config.prompt_labels',
    'prompt_labels',
    'model_config_labels',
    'embedding_config_labels',
    'context_rules',
    'config_changelog',
  ])('cannot TRUNCATE %s', async (tables) => {
    expect((await caught(() => store.sql(`truncate agent_config.${tables}`))).message).toMatch(/TRUNCATE/)
  })

  it('can delete what a service no longer needs, and the library goes on with the next number', async () => {
    const { prompts, project } = store.repositories()
    await prompts.create({ name: 'a', template: 'x', labels: [] })
    await prompts.createVersion({ name: 'a', template: 'y', labels: [] })

    await store.sql(`delete from agent_config.prompts where project = '${project}' and version = 1`)

    expect(await prompts.createVersion({ name: 'a', template: 'z' })).toMatchObject({ version: 3 })
    expect((await prompts.list()).items.map((item) => item.version)).toEqual([3, 2])
  })
})

describe('a write of the library', () => {
  it('notifies once, with its scopes, and is not taken for plain SQL', async () => {
    const { prompts, project } = store.repositories()
    await drained()

    const { revision } = await prompts.create({ name: 'a', template: 'x', labels: ['production', 'staging'] })

    const messages = (await drained()).map((text) => JSON.parse(text))
    expect(messages).toEqual([
      {
        type: 'prompt',
        key: `prompt:${project}:a`,
        revision,
        token: expect.any(String),
        scopes: [`prompt:${project}:a`],
        database: expect.any(String),
      },
    ])
    expect(await prompts.history({ name: 'a' })).toHaveLength(1)
  })
})
