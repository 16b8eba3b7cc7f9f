import fc from 'fast-check'
import * as v from 'valibot'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Bundle, exportBundle, importBundle } from '../../src/files/bundle/index.js'
import { type ConfigurationManager, createConfigManager, defineKind } from '../../src/index.js'
import { caught } from '../store/fixture.js'
import { createTestDatabase, type TestDatabase } from '../support/test-database.js'

const TOOL = defineKind({ kind: 'tool', schema: v.object({ description: v.string(), limits: v.optional(v.looseObject({})) }) })

let databases: readonly TestDatabase[]
let one: ConfigurationManager
let other: ConfigurationManager
let count = 0
const project = () => `p${++count}`

beforeAll(async () => {
  databases = [await createTestDatabase(), await createTestDatabase()]
  ;[one, other] = databases.map(({ url }) => createConfigManager({ database: url, redis: false, kinds: [TOOL] })) as [
    ConfigurationManager,
    ConfigurationManager,
  ]
})
afterAll(async () => {
  await one.shutdown()
  await other.shutdown()
  for (const database of databases) await database.drop()
})

/** A project with something of everything. */
async function furnished(): Promise<string> {
  const of = { project: project() }
  const { prompts, models, embeddings, flags, contextRules, rollouts } = one
  await prompts.create({ ...of, name: 'a/text', template: 'Hello {name}', description: 'greets', labels: ['production'] })
  await prompts.createVersion({
    ...of,
    name: 'a/text',
    template: '{{name}}',
    templateFormat: 'mustache',
    description: null,
    labels: ['staging'],
  })
  await prompts.createVersion({ ...of, name: 'a/text', template: 'third', parameters: { temperature: 0.5 }, labels: [] })
  await prompts.deactivate({ ...of, name: 'a/text', version: 3 })
  await prompts.create({ ...of, name: 'chat', template: [{ role: 'system', content: '%{x}\r\n' }], model: 'm' })
  await prompts.create({ ...of, name: 'gone', template: 'x', labels: ['production'] })
  await prompts.createVersion({ ...of, name: 'gone', template: 'y', labels: ['staging'] })
  await prompts.deactivate({ ...of, name: 'gone' })
  await prompts.activate({ ...of, name: 'gone', version: 2 })
  await models.create({ ...of, name: 'm', provider: 'p', model: 'x', prices: { currency: 'USD', inputPerMillion: 1, outputPerMillion: 2 } })
  await models.createVersion({ ...of, name: 'm', provider: 'p', model: 'x', prices: null, fallbacks: [{ provider: 'q', model: 'y' }] })
  await embeddings.create({ ...of, name: 'e', embeddingModel: 'nomic', dimensions: 768 })
  await flags.create({ ...of, name: 'f', value: false, labels: ['production'] })
  await flags.createVersion({ ...of, name: 'f', value: true, labels: [] })
  await contextRules.create({ ...of, context: 'payments', important: 'sums' })
  await contextRules.createVersion({ ...of, context: 'payments', important: null, ignore: 'names' })
  await one.of(TOOL).create({ ...of, name: 'search', content: { description: 'finds', limits: { b: 1, a: [2] } }, labels: ['production'] })
  const arms = [
    { version: 1, weight: 90 },
    { version: 2, weight: 10 },
  ]
  await rollouts.start({
    ...of,
    kind: 'prompt',
    name: 'a/text',
    label: 'production',
    arms,
    guard: { metrics: ['error'] },
    when: { plan: 'pro' },
  })
  const paused = await rollouts.start({ ...of, kind: 'flag', name: 'f', label: 'production', arms, coverage: 12.5, sticky: true })
  await rollouts.pause(paused.id)
  return of.project
}

const revisionOf = async (manager: ConfigurationManager) => (await manager.changelog.list({ limit: 1 })).items[0]?.revision

describe('a bundle', () => {
  it('brings everything of a project into another database, where an export gives the same bundle, and a second import writes nothing', async () => {
    const bundle = await exportBundle(one, { project: await furnished() })

    const report = await importBundle(other, JSON.parse(JSON.stringify(bundle)), { changedBy: 'ada' })
    const revision = await revisionOf(other)
    const again = await importBundle(other, bundle)

    expect(await exportBundle(other, { project: bundle.project })).toEqual(bundle)
    expect(bundle.entities.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      'prompt a/text',
      'prompt chat',
      'prompt gone',
      'model m',
      'embedding e',
      'flag f',
      'tool search',
      'context_rules payments',
    ])
    expect(report.versions).toHaveLength(14)
    expect(report.rollouts).toHaveLength(2)
    expect(again).toMatchObject({ versions: [], labels: [], activated: [], deactivated: [], rollouts: [], unchanged: 14 })
    expect(await revisionOf(other)).toBe(revision)
    const [change] = (await other.prompts.history({ name: 'chat', project: bundle.project })).slice(-1)
    expect(change).toMatchObject({ changedBy: 'ada', changeSummary: `Imported from project ${bundle.project}` })
  })

  it('goes into another project of the same database as one revision, and adds what was written since', async () => {
    const from = await furnished()
    const into = project()
    await importBundle(one, await exportBundle(one, { project: from }), { project: into })
    const first = await revisionOf(one)
    await one.prompts.createVersion({ name: 'chat', project: from, template: 'now a text', labels: ['production'] })
    const newer = await exportBundle(one, { project: from })

    const report = await importBundle(one, newer, { project: into })

    expect(report).toMatchObject({
      versions: [{ kind: 'prompt', name: 'chat', version: 2 }],
      labels: [{ name: 'chat', label: 'production', from: null, to: 2 }],
    })
    expect(await revisionOf(one)).toBe((first as number) + 2)
    expect((await exportBundle(one, { project: into })).entities).toEqual(newer.entities)
  })

  it('of a dry run says the same and writes nothing', async () => {
    const bundle = await exportBundle(one, { project: await furnished() })
    const into = project()
    const before = await revisionOf(one)

    const dry = await importBundle(one, bundle, { project: into, dryRun: true })

    expect(await revisionOf(one)).toBe(before)
    expect({ ...dry, dryRun: false }).toEqual(await importBundle(one, bundle, { project: into }))
  })

  it('is refused as a whole where the target has something else under the same version', async () => {
    const bundle = await exportBundle(one, { project: await furnished() })
    const into = project()
    await one.contextRules.create({ project: into, context: 'payments', important: 'else' })

    const failures = [
      await caught(() => importBundle(one, bundle, { project: into })),
      await caught(() => importBundle(one, bundle, { project: into, dryRun: true })),
    ]

    for (const failure of failures) {
      expect(failure).toMatchObject({ code: 'E_ALREADY_EXISTS', message: expect.stringContaining('Version 1 of context_rules "payments"') })
    }
    expect((await exportBundle(one, { project: into })).entities).toHaveLength(1)
  })

  it('of a project with purged versions can be imported, and imported again', async () => {
    const of = { project: project() }
    await one.flags.create({ ...of, name: 'f', value: 1 })
    await one.flags.createVersion({ ...of, name: 'f', value: 2 })
    await one.prompts.create({ ...of, name: 'p', template: 'token', labels: [] })
    await one.prompts.createVersion({ ...of, name: 'p', template: 'without' })
    await one.flags.removeLabel({ ...of, name: 'f', label: 'staging' })
    for (const [kind, name] of [
      ['flag', 'f'],
      ['prompt', 'p'],
    ] as const)
      await one.purge({ ...of, kind, name, version: 1, changedBy: 'ada', summary: 'secret' })
    const bundle = await exportBundle(one, of)

    await importBundle(other, bundle)
    const again = await importBundle(other, bundle)

    expect(bundle.entities.map(({ versions }) => versions[0]?.content)).toEqual([null, null])
    expect(await other.flags.find({ ...of, name: 'f', version: 2 })).toMatchObject({ value: 2 })
    expect(await other.prompts.find({ ...of, name: 'p', version: 1 })).toBeUndefined()
    expect(again).toMatchObject({ versions: [], deactivated: [], unchanged: 4 })
  })

  it.each([
    ['no object', () => 7, 'bundle'],
    ['another format', (bundle: Bundle) => ({ ...bundle, format: 'agent-config bundle 9' }), 'bundle.format'],
    ['a changed content', (bundle: Bundle) => tampered(bundle, { content: { value: 9 } }), 'bundle.entities[0].versions[0].hash'],
    ['a gap', (bundle: Bundle) => tampered(bundle, { version: 2 }), 'bundle.entities[0].versions[0].version'],
    ['a name twice', (bundle: Bundle) => ({ ...bundle, entities: [...bundle.entities, ...bundle.entities] }), 'bundle.entities[1]'],
    [
      'an unknown kind',
      (bundle: Bundle) => ({ ...bundle, entities: [{ ...bundle.entities[0], kind: 'spell' }] }),
      'bundle.entities[0].kind',
    ],
    [
      'a label without version',
      (bundle: Bundle) => ({ ...bundle, entities: [{ ...bundle.entities[0], labels: { live: 4 } }] }),
      'bundle.entities[0].labels.live',
    ],
  ])('with %s is refused at its place', async (_what, spoil, field) => {
    const of = { project: project() }
    await one.flags.create({ ...of, name: 'f', value: 1 })
    const bundle = await exportBundle(one, of)

    expect(await caught(() => importBundle(one, spoil(bundle), { project: project() }))).toMatchObject({
      code: 'E_INVALID_ARGUMENT',
      field,
    })
  })

  it('is the same after export, import, export for whatever was written', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(act(), { minLength: 1, maxLength: 12 }), async (acts) => {
        const of = { project: project() }
        for (const [name, template, label, goes] of acts) {
          await one.prompts.createVersion({ ...of, name, template, templateFormat: 'raw', labels: label ? [label] : [] })
          if (goes) await one.prompts.deactivate({ ...of, name })
        }
        const bundle = await exportBundle(one, of)
        await importBundle(other, JSON.parse(JSON.stringify(bundle)))

        expect(await exportBundle(other, of)).toEqual(bundle)
        expect((await importBundle(other, bundle)).versions).toEqual([])
      }),
      { numRuns: 25 },
    )
  })
})

function act() {
  const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).filter((it) => it.isWellFormed() && !it.includes('\0'))
  return fc.tuple(fc.constantFrom('a', 'b/c', 'd.e %'), text, fc.constantFrom(undefined, 'production', 'staging'), fc.boolean())
}

function tampered(bundle: Bundle, change: object): unknown {
  const [entity] = bundle.entities
  return { ...bundle, entities: [{ ...entity, versions: [{ ...entity?.versions[0], ...change }] }] }
}
