import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type ConfigManagerOptions, type ConfigurationManager, createConfigManager, KindRepository } from '../../src/index.js'
import { eventsOf, heard, NO_POLL, useManagers } from '../manager/managers.js'
import { runSql } from '../manager/run-sql.js'
import { caught } from '../store/fixture.js'
import { eventually } from '../support/eventually.js'
import { createTestDatabase, type TestDatabase } from '../support/test-database.js'
import { testRedisUrl, uniqueNamespace } from '../support/test-redis.js'
import { NOTES, TOOLS } from './a-kind.js'

const BEFORE = new URL('../chaos/version-before/agent-config-0.1.0.min.js', import.meta.url).href

let database: TestDatabase
const start = useManagers()
let shared: ConfigManagerOptions
let project = ''
let count = 0

beforeAll(async () => {
  database = await createTestDatabase()
})
/** A Redis on a busy machine may need longer than the 250 ms after which a write says that nobody was told. */
const PATIENT = { redisMs: 10_000, databaseMs: 10_000, readMs: 20_000 }

beforeEach(() => {
  project = `kinds-${++count}`
  shared = {
    database: database.url,
    redis: testRedisUrl(),
    namespace: uniqueNamespace(),
    project,
    kinds: [TOOLS, NOTES],
    timeouts: PATIENT,
    ...NO_POLL,
  }
})
afterAll(() => database.drop())

const finds = { description: 'finds' }

/** A tool whose version 1 is in production, and version 2 is not. */
async function twoVersions(manager: ConfigurationManager): Promise<void> {
  await manager.of(TOOLS).create({ name: 'search', content: finds, labels: ['production'], changedBy: 'ada' })
  await manager.of(TOOLS).createVersion({ name: 'search', content: { description: 'finds more', limits: { daily: 5 } } })
}

describe('an entity of a declared kind', () => {
  it('is completed by the schema, frozen, and read through every tier', async () => {
    const [here, elsewhere] = await Promise.all([start(shared), start(shared)])

    const written = await here.of(TOOLS).create({ name: 'search', content: finds, labels: ['production'], changedBy: 'ada' })
    const fromRedis = await elsewhere.of(TOOLS).get('search')

    expect(written).toMatchObject({
      kind: 'tool',
      project,
      name: 'search',
      version: 1,
      labels: ['production'],
      createdBy: 'ada',
      propagated: true,
    })
    expect(written.content).toEqual({ description: 'finds', timeoutSeconds: 30 })
    expect(fromRedis).toMatchObject({ content: written.content, source: 'redis', revision: written.revision })
    expect(elsewhere.of(TOOLS).peek('search')).toMatchObject({ content: written.content, source: 'memory' })
    expect(Object.isFrozen(fromRedis) && Object.isFrozen(fromRedis?.content)).toBe(true)
    expect(await here.of(TOOLS).get('none')).toBeUndefined()
  })

  it('has the verbs of prompts, each seen by another worker and written to the changelog', async () => {
    const [here, elsewhere] = await Promise.all([start(shared), start(shared)])
    const tools = here.of(TOOLS)
    const seen = async () => {
      const { revision } = (await here.changelog.list({ limit: 1 })).items[0]!
      await heard(elsewhere, revision)
      return (await elsewhere.of(TOOLS).get('search', { minRevision: revision }))?.version
    }
    await twoVersions(here)

    await tools.promote({ name: 'search', version: 2, expectedVersion: 1 })
    expect(await seen()).toBe(2)
    await tools.rollback({ name: 'search' })
    expect(await seen()).toBe(1)
    expect(await caught(() => tools.deactivate({ name: 'search', version: 1 }))).toMatchObject({ code: 'E_IN_USE' })
    await tools.deactivate({ name: 'search', version: 1, force: true })
    expect(await seen()).toBeUndefined()
    await tools.activate({ name: 'search', version: 1 })
    await tools.promote({ name: 'search', version: 1 })
    expect(await seen()).toBe(1)
    await tools.removeLabel({ name: 'search', label: 'production' })
    expect(await seen()).toBeUndefined()
    await tools.copy({ name: 'search', version: 1, to: { name: 'copied' }, labels: ['production'] })
    expect((await tools.find({ name: 'copied', label: 'production' }))?.content.timeoutSeconds).toBe(30)

    const types = (await tools.history({ name: 'search' })).map(({ changeType }) => changeType)
    expect(types).toEqual(['remove_label', 'promote', 'activate', 'deactivate', 'rollback', 'promote', 'version', 'create'])
    expect((await here.changelog.list({ kind: 'tool', project, limit: 1 })).items[0]).toMatchObject({
      configType: 'tool',
      configName: 'copied',
    })
  })

  it('differs by paths of its content, and not by lines', async () => {
    const here = await start(shared)
    await twoVersions(here)

    expect(await here.of(TOOLS).diff({ name: 'search', from: 1, to: 2 })).toEqual({
      lines: [],
      fields: [
        { field: 'description', from: 'finds', to: 'finds more' },
        { field: 'limits.daily', from: undefined, to: 5 },
      ],
    })
  })

  it('is listed by pages and searched, and no other kind of the same table is among them', async () => {
    const here = await start(shared)
    for (let n = 0; n < 5; n++) await here.of(TOOLS).create({ name: `tool-${n}`, content: finds, labels: ['production'] })
    await here.of(NOTES).create({ name: 'tool-0', content: 'a note', labels: ['production'] })
    const names = async (query: object) => (await here.of(TOOLS).list(query)).items.map(({ name }) => name)

    const first = await here.of(TOOLS).list({ limit: 3 })
    const second = await here.of(TOOLS).list({ limit: 3, cursor: first.cursor! })

    expect([...first.items, ...second.items].map(({ name }) => name)).toEqual(['tool-0', 'tool-1', 'tool-2', 'tool-3', 'tool-4'])
    expect(second.cursor).toBeUndefined()
    expect(await names({ search: 'L-3' })).toEqual(['tool-3'])
    expect((await here.of(NOTES).list()).items.map(({ content }) => content)).toEqual(['a note'])
    expect((await here.of(NOTES).get('tool-0'))?.content).toBe('a note')
  })

  it('is split by rollouts, sticky ones too, and exposures say its kind', async () => {
    const [here, elsewhere] = await Promise.all([start(shared), start(shared)])
    await twoVersions(here)
    const exposures: unknown[] = []
    elsewhere.on('exposure', (exposure) => exposures.push(exposure))
    const arms = [
      { version: 1, weight: 1 },
      { version: 2, weight: 1 },
    ]

    const { id } = await here.rollouts.start({ kind: 'tool', name: 'search', arms, sticky: true })
    const subjects = Array.from({ length: 30 }, (_, n) => `user-${n}`)
    const versions = async () =>
      Promise.all(subjects.map(async (subject) => (await elsewhere.of(TOOLS).get('search', { subject }))?.version))
    const before = await versions()
    await here.rollouts.ramp(id, { weights: [1, 0] })

    expect(new Set(before)).toEqual(new Set([1, 2]))
    expect(await versions()).toEqual(before)
    expect(exposures[0]).toMatchObject({ kind: 'tool', name: 'search', rolloutId: id })
    expect(await caught(() => here.of(TOOLS).promote({ name: 'search', version: 2 }))).toMatchObject({ code: 'E_IN_USE' })
    await here.rollouts.conclude(id, { winner: 2 })
    expect((await here.of(TOOLS).get('search'))?.version).toBe(2)
    expect(await caught(() => here.rollouts.start({ kind: 'none', name: 'search', arms }))).toMatchObject({ field: 'kind' })
  })

  it('is written in a transaction with other kinds, and by the kind’s own repository alone', async () => {
    const here = await start(shared)

    await here.transaction(async ({ of, prompts }) => {
      await of(TOOLS).create({ name: 'search', content: finds, labels: ['production'] })
      await prompts.create({ name: 'p', template: 'x' })
    })
    await caught(() =>
      here.transaction(async ({ of }) => {
        await of(TOOLS).create({ name: 'undone', content: finds })
        throw new Error('no')
      }),
    )
    const alone = new KindRepository(database.url, TOOLS, { project })
    await alone.createVersion({ name: 'search', content: { description: 'by itself' } })

    const [prompt, tool] = await Promise.all([here.prompts.find({ name: 'p' }), here.of(TOOLS).find({ name: 'search', version: 1 })])
    expect(tool?.revision).toBeGreaterThan(0)
    expect(prompt?.revision).toBe((await here.changelog.list({ kind: 'tool', project })).items.at(-1)?.revision)
    expect(await here.of(TOOLS).find({ name: 'undone' })).toBeUndefined()
    expect((await here.of(TOOLS).find({ name: 'search' }))?.content.description).toBe('by itself')
    expect(await caught(() => here.transaction(async ({ of }) => void of(TOOLS).create({ name: 'late', content: finds })))).toMatchObject({
      message: expect.stringContaining('of.create'),
    })
  })

  it('asks authorize with its kind, and keeps protected labels', async () => {
    const asked: unknown[] = []
    const here = await start({
      ...shared,
      protectedLabels: ['production'],
      authorize: (request) => {
        asked.push(request)
        return request.actor === 'ada'
      },
    })

    await here.of(TOOLS).create({ name: 'search', content: finds, labels: ['production'], changedBy: 'ada' })
    const refused = await caught(() => here.of(TOOLS).promote({ name: 'search', version: 1, changedBy: 'bob' }))

    expect(asked[0]).toMatchObject({ action: 'create', kind: 'tool', project, name: 'search', labels: ['production'], protected: true })
    expect(refused).toMatchObject({ code: 'E_FORBIDDEN' })
  })

  it('refuses content that does not fit before any connection is used, and says where', async () => {
    const nowhere = createConfigManager({ database: 'postgresql://nobody@127.0.0.1:9/none', redis: false, listen: false })
    const create = (content: unknown) => caught(() => nowhere.of(TOOLS).create({ name: 'x', content: content as never }))

    expect(await create({ description: 5 })).toMatchObject({ code: 'E_INVALID_ARGUMENT', field: 'content.description' })
    expect(await create({ description: 'a', limits: { daily: 'many' } })).toMatchObject({ field: 'content.limits.daily' })
    expect(await create({ description: 'a\0b' })).toMatchObject({ field: 'content.description' })
    expect(await caught(() => nowhere.of(TOOLS).create({ name: 'x', contents: finds } as never))).toMatchObject({
      message: expect.stringContaining('did you mean content?'),
    })
    await nowhere.shutdown()
  })

  it('is prefetched, refreshed, verified, kept in a snapshot and there after a restart with everything down', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'agent-config-'))
    const snapshotFile = join(folder, 'snapshot.json')
    const here = await start({ ...shared, snapshotFile })
    await twoVersions(here)
    const reader = await start(shared)

    await reader.prefetch([{ kind: 'tool' }])
    expect(reader.of(TOOLS).peek('search')?.content).toEqual({ description: 'finds', timeoutSeconds: 30 })
    await here.refresh('tool')
    expect((await reader.of(TOOLS).get('search'))?.version).toBe(1)
    expect(await reader.verify()).toMatchObject({ checked: expect.any(Number), mismatches: [] })
    await here.of(TOOLS).get('search')
    await here.shutdown()

    expect(await readFile(snapshotFile, 'utf8')).toContain('tool:')
    const away = { database: 'postgresql://nobody@127.0.0.1:9/none', redis: false as const, listen: false as const, project, snapshotFile }
    const alone = createConfigManager({ ...away, kinds: [TOOLS] })
    expect(await alone.of(TOOLS).get('search')).toMatchObject({ content: { description: 'finds' }, source: 'snapshot', stale: true })
    await alone.shutdown()
    // One that does not know the kind leaves it out, without a word.
    const ignorant = createConfigManager(away)
    const { events } = eventsOf(ignorant)
    await caught(() => ignorant.getPrompt('p'))
    expect(events.filter(({ name }) => name === 'error')).toEqual([])
    await ignorant.shutdown()
    await rm(folder, { recursive: true })
  })

  it('is noticed when plain SQL changes it, in the words of the library, and pruned and purged as others are', async () => {
    const [here, elsewhere] = await Promise.all([start(shared), start({ ...shared, redis: false })])
    await twoVersions(here)
    expect((await elsewhere.of(TOOLS).get('search'))?.version).toBe(1)

    await runSql(
      database.url,
      `update agent_config.config_entry_labels set version = 2 where kind = 'tool' and project = '${project}' and label = 'production'`,
    )
    await eventually(() => elsewhere.of(TOOLS).peek('search')?.version === 2)
    await runSql(
      database.url,
      `insert into agent_config.config_entries (kind, project, name, version, content) values ('tool', '${project}', 'search', 3, '{"description": "by hand"}')`,
    )
    const [inserted, moved] = (await here.changelog.list({ kind: 'tool', project, limit: 2 })).items

    expect(moved).toMatchObject({ changeType: 'sql', configType: 'tool', configName: 'search', newData: { labels: { production: 2 } } })
    expect(inserted).toMatchObject({ changeType: 'sql', newVersion: 3, newData: { content: { description: 'by hand' }, isActive: true } })
    const edit = runSql(database.url, `update agent_config.config_entries set content = '{}' where project = '${project}'`)
    expect(await caught(() => edit)).toMatchObject({ message: expect.stringContaining('never changes') })
    await here.purge({ kind: 'tool', name: 'search', version: 3, changedBy: 'ada', summary: 'a key' })
    expect(JSON.stringify(await runSql(database.url, 'select * from agent_config.config_changelog'))).not.toContain('by hand')
    await here.prune({ before: new Date(Date.now() + 1_000) })
    await here.of(TOOLS).rollback({ name: 'search' })
    expect((await here.of(TOOLS).get('search'))?.version).toBe(1)
  })

  it('is passed by in silence by a worker that does not know its kind, and by one of the version before', async () => {
    const { createConfigManager: createBefore } = (await import(BEFORE)) as { createConfigManager: typeof createConfigManager }
    const { kinds: _, ...without } = shared
    const older = createBefore({ ...without, database: `${database.url}?options=-c%20jit%3Doff` })
    await older.ready()
    const [here, ignorant] = await Promise.all([start(shared), start(without)])
    const said = [eventsOf(ignorant), eventsOf(older)]

    await twoVersions(here)
    await here.of(TOOLS).promote({ name: 'search', version: 2 })
    const { revision } = await here.prompts.create({ name: 'p', template: 'new', labels: ['production'] })
    await Promise.all([heard(ignorant, revision), heard(older, revision)])
    await Promise.all([ignorant.catchUp(), older.catchUp()])

    expect((await older.getPrompt('p', { minRevision: revision }))?.template).toBe('new')
    expect((await ignorant.getPrompt('p', { minRevision: revision }))?.template).toBe('new')
    for (const { events } of said) expect(events.map(({ event }) => event.kind)).toEqual(['prompt'])
    expect(await ignorant.verify()).toMatchObject({ mismatches: [] })
    // And it may learn of the kind later.
    expect((await ignorant.of(TOOLS).get('search'))?.version).toBe(2)
    await older.shutdown()
  })
})

describe('the declarations of a process', () => {
  it('belong to a manager: two may give one name to different kinds', async () => {
    const other = { ...NOTES, kind: 'tool', plural: 'instruments' }
    const [here, elsewhere] = await Promise.all([start(shared), start({ ...shared, project: `${project}-other`, kinds: [other] })])

    await here.of(TOOLS).create({ name: 'a', content: finds })
    await elsewhere.of(other).create({ name: 'a', content: 'a text' })

    expect((await here.of(TOOLS).find({ name: 'a' }))?.content).toEqual({ description: 'finds', timeoutSeconds: 30 })
    expect((await elsewhere.of(other).find({ name: 'a' }))?.content).toBe('a text')
    expect(await caught(() => here.of(other))).toMatchObject({ code: 'E_INVALID_ARGUMENT', field: 'kind' })
    expect(here.of(TOOLS)).toBe(here.of(TOOLS))
  })

  it.each(['prompt', 'model', 'embedding', 'context_rules'])('refuses the name of a kind of the package: %s', async (kind) => {
    const taken = { ...NOTES, kind, plural: 'other' }

    expect(await caught(() => createConfigManager({ database: 'pglite:memory', kinds: [taken] }))).toMatchObject({ field: 'kind' })
  })

  it('refuses two declarations of one name, or of one plural', async () => {
    const [same, plural] = [{ ...TOOLS }, { ...NOTES, kind: 'memo', plural: 'tools' }]

    expect(await caught(() => createConfigManager({ database: 'pglite:memory', kinds: [TOOLS, same] }))).toMatchObject({ field: 'kind' })
    expect(await caught(() => createConfigManager({ database: 'pglite:memory', kinds: [TOOLS, plural] }))).toMatchObject({
      field: 'plural',
    })
  })
})
