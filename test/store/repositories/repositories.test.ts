import { describe, expect, it } from 'vitest'
import { AlreadyExistsError, InUseError, NotFoundError, TemplateSyntaxError, VersionConflictError } from '../../../src/shared/errors.js'
import { caught, useStore } from '../fixture.js'

const store = useStore()

/** What the three labelled kinds do alike, with a draft for each. */
const LABELLED = [
  { kind: 'prompt', repository: 'prompts', first: { template: 'one' }, second: { template: 'two' }, field: 'template' },
  {
    kind: 'model',
    repository: 'models',
    first: { provider: 'ollama', model: 'one' },
    second: { provider: 'ollama', model: 'two' },
    field: 'model',
  },
  {
    kind: 'embedding',
    repository: 'embeddings',
    first: { embeddingModel: 'one' },
    second: { embeddingModel: 'two' },
    field: 'embeddingModel',
  },
] as const

describe.each(LABELLED)('a $kind', ({ kind, repository, first, second, field }) => {
  function setUp() {
    const { [repository]: labelled, project, changelog } = store.repositories()
    return { labelled: labelled as ReturnType<typeof store.repositories>['prompts'], project, changelog }
  }
  const draft = (part: object) => ({ name: 'a', ...part }) as never

  it('begins as version 1 under staging, and its creation is in the changelog in full', async () => {
    const { labelled, project } = setUp()

    const written = await labelled.create(draft({ ...first, changedBy: 'ada', parameters: { k: 1 } }))

    expect(written).toMatchObject({
      project,
      name: 'a',
      version: 1,
      labels: ['staging'],
      isActive: true,
      createdBy: 'ada',
      propagated: true,
    })
    expect(await labelled.find({ name: 'a' })).toMatchObject({ [field]: 'one', version: 1, revision: written.revision, source: 'database' })
    const [change, ...others] = await labelled.history({ name: 'a' })
    expect(others).toEqual([])
    expect(change).toMatchObject({
      revision: written.revision,
      configType: kind,
      configId: written.id,
      configName: 'a',
      project,
      previousVersion: null,
      newVersion: 1,
      changeType: 'create',
      changeSummary: 'Initial creation',
      previousData: { labels: { staging: null } },
      newData: { ...first, parameters: { k: 1 }, labels: { staging: 1 } },
      changedBy: 'ada',
    })
    expect(Object.isFrozen(written) && Object.isFrozen(written.labels) && Object.isFrozen(written.parameters)).toBe(true)
  })

  it('cannot be created twice', async () => {
    const { labelled } = setUp()
    await labelled.create(draft(first))

    const error = await caught(() => labelled.create(draft(second)))

    expect(error).toBeInstanceOf(AlreadyExistsError)
    expect(error.message).toContain('"a"')
    expect(await labelled.history({ name: 'a' })).toHaveLength(1)
  })

  it('is created by createVersion when it is new, and gets the next number and the labels it names when not', async () => {
    const { labelled } = setUp()

    const one = await labelled.createVersion(draft(first))
    const two = await labelled.createVersion(draft({ ...second, labels: ['production', 'canary', 'canary'], summary: 'shorter' }))

    expect([one.version, two.version]).toEqual([1, 2])
    expect(two.labels).toEqual(['canary', 'production'])
    const [last, begin] = await labelled.history({ name: 'a' })
    expect(begin).toMatchObject({ changeType: 'create', previousVersion: null, newVersion: 1 })
    expect(last).toMatchObject({
      changeType: 'version',
      previousVersion: 1,
      newVersion: 2,
      changeSummary: 'shorter',
      changedBy: null,
      previousData: { labels: { canary: null, production: null } },
      newData: { ...second, labels: { canary: 2, production: 2 } },
    })
  })

  it('takes what a new version leaves out from the highest version, active or not', async () => {
    const { labelled } = setUp()
    await labelled.create(draft({ ...first, parameters: { k: 1 } }))
    await labelled.createVersion(draft({ ...first, parameters: { k: 2 } }))
    await labelled.deactivate({ name: 'a', version: 2, force: true })

    const inherited = await labelled.createVersion(draft(second))
    const emptied = await labelled.createVersion(draft({ ...second, parameters: {} }))

    expect(inherited).toMatchObject({ version: 3, parameters: { k: 2 } })
    expect(emptied).toMatchObject({ version: 4, parameters: {} })
  })

  it('goes on with the next number, and inherits nothing, when it is created anew after all versions were deactivated', async () => {
    const { labelled } = setUp()
    await labelled.create(draft({ ...first, parameters: { k: 1 } }))
    await labelled.createVersion(draft(first))
    await labelled.deactivate({ name: 'a', force: true })

    const again = await labelled.create(draft(second))

    expect(again).toMatchObject({ version: 3, parameters: {}, labels: ['staging'] })
    expect((await labelled.history({ name: 'a' }))[0]).toMatchObject({ changeType: 'create', previousVersion: 2, newVersion: 3 })
  })

  it('moves a label by promote, from one version to another', async () => {
    const { labelled } = setUp()
    await labelled.create(draft({ ...first, labels: ['production'] }))
    await labelled.createVersion(draft(second))

    const promoted = await labelled.promote({ name: 'a', version: 2, changedBy: 'ada', expectedVersion: 1 })

    expect(promoted).toMatchObject({ version: 2, labels: ['production', 'staging'], [field]: 'two' })
    expect(await labelled.find({ name: 'a', label: 'production' })).toMatchObject({ version: 2 })
    expect(await labelled.find({ name: 'a', version: 1 })).toMatchObject({ labels: [] })
    expect((await labelled.history({ name: 'a' }))[0]).toMatchObject({
      changeType: 'promote',
      configId: promoted.id,
      previousVersion: 1,
      newVersion: 2,
      changeSummary: 'Promoted v2 to production',
      previousData: { labels: { production: 1 } },
      newData: { labels: { production: 2 } },
      changedBy: 'ada',
    })
  })

  it('keeps the label when it is not where the promotion expects it, and says where it is', async () => {
    const { labelled } = setUp()
    await labelled.create(draft({ ...first, labels: ['production'] }))
    await labelled.createVersion(draft(second))

    const moved = await caught(() => labelled.promote({ name: 'a', version: 2, expectedVersion: 2 }))
    const never = await caught(() => labelled.promote({ name: 'a', version: 2, label: 'canary', expectedVersion: 1 }))

    expect(moved).toBeInstanceOf(VersionConflictError)
    expect(moved).toMatchObject({ code: 'E_VERSION_CONFLICT', label: 'production', expected: 2, actual: 1 })
    expect(never).toMatchObject({ label: 'canary', expected: 1, actual: undefined })
    expect(await labelled.find({ name: 'a', label: 'production' })).toMatchObject({ version: 1 })
  })

  it('cannot be promoted where it does not exist or was deactivated', async () => {
    const { labelled } = setUp()
    await labelled.create(draft({ ...first, labels: [] }))
    await labelled.deactivate({ name: 'a', version: 1 })

    const errors = await Promise.all([
      caught(() => labelled.promote({ name: 'a', version: 1 })),
      caught(() => labelled.promote({ name: 'a', version: 2 })),
      caught(() => labelled.promote({ name: 'nobody', version: 1 })),
    ])

    for (const error of errors) expect(error).toBeInstanceOf(NotFoundError)
    expect(errors[0]?.message).toContain('activate()')
  })

  it('goes back where the label was by rollback, and forward again by another', async () => {
    const { labelled } = setUp()
    await labelled.create(draft({ ...first, labels: ['production'] }))
    await labelled.createVersion(draft({ ...second, labels: ['production'] }))

    const back = await labelled.rollback({ name: 'a' })
    const forth = await labelled.rollback({ name: 'a', changedBy: 'ada' })

    expect([back.version, forth.version]).toEqual([1, 2])
    const [last, before] = await labelled.history({ name: 'a' })
    expect(before).toMatchObject({
      changeType: 'rollback',
      previousVersion: 2,
      newVersion: 1,
      changeSummary: 'Rolled production back to v1',
    })
    expect(last).toMatchObject({ previousVersion: 1, newVersion: 2, newData: { labels: { production: 2 } }, changedBy: 'ada' })
  })

  it('skips deactivated versions in a rollback, and refuses when there is nothing to go back to', async () => {
    const { labelled } = setUp()
    await labelled.create(draft({ ...first, labels: ['production'] }))
    await labelled.createVersion(draft({ ...second, labels: ['production'] }))
    await labelled.createVersion(draft({ ...second, labels: ['production'] }))
    await labelled.deactivate({ name: 'a', version: 2 })

    const back = await labelled.rollback({ name: 'a' })
    await labelled.deactivate({ name: 'a', version: 3 })
    const nothing = await caught(() => labelled.rollback({ name: 'a' }))
    const never = await caught(() => labelled.rollback({ name: 'a', label: 'canary' }))

    expect(back.version).toBe(1)
    for (const error of [nothing, never]) expect(error).toBeInstanceOf(NotFoundError)
  })

  it('loses a label by removeLabel, and gets it back by rollback', async () => {
    const { labelled } = setUp()
    await labelled.create(draft({ ...first, labels: ['production'] }))

    const facts = await labelled.removeLabel({ name: 'a', label: 'production', changedBy: 'ada' })
    const gone = await labelled.find({ name: 'a', label: 'production' })
    const [change] = await labelled.history({ name: 'a' })
    const again = await caught(() => labelled.removeLabel({ name: 'a', label: 'production' }))
    const back = await labelled.rollback({ name: 'a' })

    expect(facts).toEqual({ revision: expect.any(Number), propagated: true })
    expect(gone).toBeUndefined()
    expect(change).toMatchObject({
      revision: facts.revision,
      changeType: 'remove_label',
      previousVersion: 1,
      newVersion: null,
      changeSummary: 'Removed production from v1',
      previousData: { labels: { production: 1 } },
      newData: { labels: { production: null } },
      changedBy: 'ada',
    })
    expect(again).toBeInstanceOf(NotFoundError)
    expect(back).toMatchObject({ version: 1, labels: ['production'] })
  })

  it('keeps a version that carries labels from being deactivated, unless forced, which removes them', async () => {
    const { labelled } = setUp()
    await labelled.create(draft({ ...first, labels: ['production', 'staging'] }))

    const error = await caught(() => labelled.deactivate({ name: 'a', version: 1 }))
    const forced = await labelled.deactivate({ name: 'a', version: 1, force: true, summary: 'wrong' })

    expect(error).toBeInstanceOf(InUseError)
    expect(error.message).toMatch(/"production".*force: true/)
    expect(forced).toMatchObject({ deactivated: 1, propagated: true })
    expect(await labelled.find({ name: 'a' })).toBeUndefined()
    expect((await labelled.history({ name: 'a' }))[0]).toMatchObject({
      changeType: 'deactivate',
      previousVersion: 1,
      newVersion: 1,
      changeSummary: 'wrong',
      previousData: { isActive: true, labels: { production: 1, staging: 1 } },
      newData: { isActive: false, labels: { production: null, staging: null } },
    })
  })

  it('is deactivated as a whole with one row for each version that was active, in one revision', async () => {
    const { labelled } = setUp()
    await labelled.create(draft({ ...first, labels: ['production'] }))
    for (let version = 2; version <= 3; version++) await labelled.createVersion(draft(second))
    await labelled.deactivate({ name: 'a', version: 2 })

    const { deactivated, revision } = await labelled.deactivate({ name: 'a' })
    const nothingLeft = await caught(() => labelled.deactivate({ name: 'a' }))

    expect(deactivated).toBe(2)
    const changes = (await labelled.history({ name: 'a' })).filter((change) => change.revision === revision)
    expect(changes.map((change) => [change.changeType, change.newVersion])).toEqual([
      ['deactivate', 3],
      ['deactivate', 1],
    ])
    expect(nothingLeft).toBeInstanceOf(NotFoundError)
    expect(await labelled.find({ name: 'a', label: 'production' })).toBeUndefined()
  })

  it('comes back by activate with the labels a whole deactivation left; activating what is active changes nothing', async () => {
    const { labelled } = setUp()
    await labelled.create(draft({ ...first, labels: ['production'] }))
    await labelled.deactivate({ name: 'a' })

    const back = await labelled.activate({ name: 'a', version: 1, changedBy: 'ada' })
    const same = await labelled.activate({ name: 'a', version: 1 })
    const missing = await caught(() => labelled.activate({ name: 'a', version: 2 }))

    expect(back).toMatchObject({ version: 1, isActive: true, labels: ['production'], [field]: 'one' })
    expect(same.revision).toBe(back.revision)
    expect(missing).toBeInstanceOf(NotFoundError)
    const history = await labelled.history({ name: 'a' })
    expect(history).toHaveLength(3)
    expect(history[0]).toMatchObject({
      changeType: 'activate',
      previousData: { isActive: false },
      newData: { isActive: true },
      newVersion: 1,
    })
  })

  it('is found by version, by label, and as the highest active version, and else is undefined', async () => {
    const { labelled } = setUp()
    await labelled.create(draft({ ...first, labels: ['production'] }))
    await labelled.createVersion(draft({ ...second, labels: [] }))
    await labelled.createVersion(draft({ ...second, labels: [] }))
    await labelled.deactivate({ name: 'a', version: 3 })

    const found = await Promise.all([
      labelled.find({ name: 'a' }),
      labelled.find({ name: 'a', label: 'latest' }),
      labelled.find({ name: 'a', label: 'production' }),
      labelled.find({ name: 'a', version: 1, label: 'latest' }),
      labelled.find({ name: 'a', version: 3 }),
      labelled.find({ name: 'a', label: 'canary' }),
      labelled.find({ name: 'b' }),
      labelled.find({ name: 'a', project: 'elsewhere' }),
    ])

    expect(found.map((entity) => entity?.version)).toEqual([2, 2, 1, 1, undefined, undefined, undefined, undefined])
  })

  it('shows what differs between two versions', async () => {
    const { labelled } = setUp()
    await labelled.create(draft({ ...first, parameters: { a: 1, b: { c: [1, 2] } } }))
    await labelled.createVersion(draft({ ...second, parameters: { b: { c: [1, 2] }, a: 2 } }))

    const diff = await labelled.diff({ name: 'a', from: 1, to: 2 })
    const same = await labelled.diff({ name: 'a', from: 2, to: 2 })
    const missing = await caught(() => labelled.diff({ name: 'a', from: 1, to: 3 }))

    const parameters = { field: 'parameters', from: { a: 1, b: { c: [1, 2] } }, to: { a: 2, b: { c: [1, 2] } } }
    if (kind === 'prompt') {
      expect(diff).toEqual({
        lines: [
          { type: 'removed', text: 'one' },
          { type: 'added', text: 'two' },
        ],
        fields: [parameters],
      })
    } else expect(diff).toEqual({ lines: [], fields: expect.arrayContaining([{ field, from: 'one', to: 'two' }, parameters]) })
    expect(same.fields).toEqual([])
    expect(missing).toBeInstanceOf(NotFoundError)
  })
})

describe('prompts', () => {
  it('inherit format, description and model, and refuse a template that does not parse in the inherited format', async () => {
    const { prompts } = store.repositories()
    await prompts.create({ name: 'a', template: 'Hi {{name}}', templateFormat: 'mustache', description: 'd', model: 'ollama:llama' })

    const next = await prompts.createVersion({ name: 'a', template: 'Hello {{name}}' })
    const cleared = await prompts.createVersion({ name: 'a', template: 'Hello {{name}}', description: null, model: null })
    const broken = await caught(() => prompts.createVersion({ name: 'a', template: 'Hello {{name' }))

    expect(next).toMatchObject({ templateFormat: 'mustache', description: 'd', model: 'ollama:llama', variables: ['name'] })
    expect(cleared).toMatchObject({ templateFormat: 'mustache', description: null, model: null })
    expect(broken).toBeInstanceOf(TemplateSyntaxError)
    expect(await prompts.find({ name: 'a' })).toMatchObject({ version: 3 })
  })

  it('hold chats as they were written, and show their differences line by line', async () => {
    const { prompts } = store.repositories()
    const template = [
      { role: 'system', content: 'Be short.\nBe kind.' },
      { role: 'user', content: '{question}' },
    ] as const
    await prompts.create({ name: 'a', template })
    await prompts.createVersion({ name: 'a', template: [{ ...template[0], content: 'Be short.\nBe exact.' }, template[1]] })

    const found = await prompts.find({ name: 'a', version: 1 })
    const { lines } = await prompts.diff({ name: 'a', from: 1, to: 2 })

    expect(found).toMatchObject({ type: 'chat', template, variables: ['question'] })
    expect(lines).toEqual([
      { type: 'same', text: 'system: Be short.' },
      { type: 'removed', text: 'Be kind.' },
      { type: 'added', text: 'Be exact.' },
      { type: 'same', text: 'user: {question}' },
    ])
  })
})

describe('embedding configs', () => {
  it('have the defaults of late chunking, and inherit numbers that fit together', async () => {
    const { embeddings } = store.repositories()

    const first = await embeddings.create({ name: 'a', embeddingModel: 'm' })
    const second = await embeddings.createVersion({ name: 'a', embeddingModel: 'm', chunkOverlap: 10 })
    const third = await embeddings.createVersion({ name: 'a', embeddingModel: 'm', chunkSize: 40 })
    const tooLarge = await caught(() => embeddings.createVersion({ name: 'a', embeddingModel: 'm', chunkOverlap: 40 }))

    expect(first).toMatchObject({ chunkSize: 512, chunkOverlap: 50, chunkingStrategy: 'late_chunking', parameters: {} })
    expect(second).toMatchObject({ chunkSize: 512, chunkOverlap: 10 })
    expect(third).toMatchObject({ chunkSize: 40, chunkOverlap: 10 })
    expect(tooLarge).toMatchObject({ code: 'E_INVALID_ARGUMENT', field: 'chunkOverlap' })
  })
})

describe('model configs', () => {
  it('keep fallbacks in their order, and inherit them', async () => {
    const { models } = store.repositories()
    const fallbacks = [
      { provider: 'ollama', model: 'b', parameters: { temperature: 0 } },
      { provider: 'other', model: 'a' },
    ]

    await models.create({ name: 'a', provider: 'ollama', model: 'm', fallbacks })

    expect((await models.createVersion({ name: 'a', provider: 'ollama', model: 'n' })).fallbacks).toEqual(fallbacks)
    expect((await models.find({ name: 'a', version: 1 }))?.fallbacks).toEqual(fallbacks)
    expect((await models.createVersion({ name: 'a', provider: 'ollama', model: 'n', fallbacks: [] })).fallbacks).toEqual([])
  })
})

describe('prices of model configs', () => {
  const prices = { inputPerMillion: 0.15, outputPerMillion: 0.6, cachedInputPerMillion: 0.075, currency: 'USD' }

  it('are kept with the version, and with each fallback', async () => {
    const { models } = store.repositories()
    const fallbacks = [{ provider: 'ollama', model: 'b', prices: { inputPerMillion: 0, outputPerMillion: 0, currency: 'EUR' } }]

    const created = await models.create({ name: 'a', provider: 'openai', model: 'm', prices, fallbacks })

    expect(created).toMatchObject({ prices, fallbacks })
    expect(await models.find({ name: 'a' })).toMatchObject({ prices, fallbacks })
    expect((await models.history({ name: 'a' }))[0]?.newData).toMatchObject({ prices })
    expect((await models.create({ name: 'b', provider: 'openai', model: 'm' })).prices).toBeNull()
  })

  it('are those of the version before only while it names the same model', async () => {
    const { models } = store.repositories()
    await models.create({ name: 'a', provider: 'openai', model: 'm', prices })

    const same = await models.createVersion({ name: 'a', provider: 'openai', model: 'm', parameters: { temperature: 0 } })
    const other = await models.createVersion({ name: 'a', provider: 'openai', model: 'n' })
    const priced = await models.createVersion({ name: 'a', provider: 'azure', model: 'n', prices })
    const elsewhere = await models.createVersion({ name: 'a', provider: 'openai', model: 'n' })
    await models.createVersion({ name: 'a', provider: 'openai', model: 'n', prices })
    const forgotten = await models.createVersion({ name: 'a', provider: 'openai', model: 'n', prices: null })

    expect(same.prices).toEqual(prices)
    expect([other.prices, elsewhere.prices, forgotten.prices]).toEqual([null, null, null])
    expect(priced.prices).toEqual(prices)
    expect((await models.diff({ name: 'a', from: 1, to: 3 })).fields).toContainEqual({ field: 'prices', from: prices, to: null })
  })
})

describe('dimensions of embedding configs', () => {
  it('are kept, inherited, and taken away by null', async () => {
    const { embeddings } = store.repositories()
    const created = await embeddings.create({ name: 'a', embeddingModel: 'm', dimensions: 768 })
    const inherited = await embeddings.createVersion({ name: 'a', embeddingModel: 'n' })
    const none = await embeddings.createVersion({ name: 'a', embeddingModel: 'n', dimensions: null })

    expect([created.dimensions, inherited.dimensions, none.dimensions]).toEqual([768, 768, null])
    expect((await embeddings.create({ name: 'b', embeddingModel: 'm' })).dimensions).toBeNull()
  })
})

describe('context rules', () => {
  it('are in force in their highest active version', async () => {
    const { contextRules, project } = store.repositories()

    const created = await contextRules.create({ context: 'email', important: 'dates', changedBy: 'ada' })
    const replaced = await contextRules.createVersion({ context: 'email', ignore: 'signatures' })
    const inForce = await contextRules.find({ context: 'email' })
    await contextRules.deactivate({ context: 'email', version: 2 })
    const before = await contextRules.find({ context: 'email' })
    const back = await contextRules.activate({ context: 'email', version: 2 })

    expect(created).toMatchObject({
      project,
      version: 1,
      important: 'dates',
      ignore: null,
      description: null,
      createdBy: 'ada',
      propagated: true,
    })
    expect(replaced).toMatchObject({ version: 2, important: 'dates', ignore: 'signatures' })
    expect(inForce).toMatchObject({ version: 2 })
    expect(before).toMatchObject({ version: 1 })
    expect(back).toMatchObject({ version: 2, isActive: true })
    expect((await contextRules.find({ context: 'email', version: 1 }))?.important).toBe('dates')
  })

  it('are created once, by createVersion too, and go on with the next number after all were deactivated', async () => {
    const { contextRules } = store.repositories()
    await contextRules.createVersion({ context: 'email', important: 'dates' })

    const twice = await caught(() => contextRules.create({ context: 'email' }))
    const { deactivated } = await contextRules.deactivate({ context: 'email' })
    const missing = await caught(() => contextRules.deactivate({ context: 'email' }))
    const again = await contextRules.create({ context: 'email', ignore: 'x' })

    expect(twice).toBeInstanceOf(AlreadyExistsError)
    expect(deactivated).toBe(1)
    expect(missing).toBeInstanceOf(NotFoundError)
    expect(again).toMatchObject({ version: 2, important: null, ignore: 'x' })
    expect(await caught(() => contextRules.activate({ context: 'email', version: 9 }))).toBeInstanceOf(NotFoundError)
  })

  it('leave a row for each change', async () => {
    const { contextRules } = store.repositories()
    await contextRules.create({ context: 'email', important: 'dates', changedBy: 'ada', summary: 'first' })
    await contextRules.createVersion({ context: 'email', ignore: 'x' })
    await contextRules.deactivate({ context: 'email', version: 1, changedBy: 'bob' })
    await contextRules.activate({ context: 'email', version: 1 })
    await contextRules.activate({ context: 'email', version: 1 })

    const history = await contextRules.history({ context: 'email' })

    expect(history.map((row) => [row.changeType, row.previousVersion, row.newVersion, row.changeSummary, row.changedBy])).toEqual([
      ['activate', 1, 1, 'Activated v1', null],
      ['deactivate', 1, 1, 'Deactivated v1', 'bob'],
      ['version', 1, 2, 'New version 2', null],
      ['create', null, 1, 'first', 'ada'],
    ])
    expect(history[2]?.newData).toEqual({ important: 'dates', ignore: 'x', description: null })
    expect(history[1]).toMatchObject({ configType: 'context_rules', previousData: { isActive: true }, newData: { isActive: false } })
  })
})

describe('list', () => {
  it('gives active versions by name and newest first, and filters by search, label and activity', async () => {
    const { prompts } = store.repositories()
    await prompts.create({ name: 'Greeting', template: 'x', labels: ['production'] })
    await prompts.createVersion({ name: 'Greeting', template: 'y' })
    await prompts.create({ name: 'farewell', template: 'x', labels: [] })
    await prompts.createVersion({ name: 'farewell', template: 'y', labels: [] })
    await prompts.deactivate({ name: 'farewell', version: 2 })
    await prompts.create({ name: '100%_sure', template: 'x' })
    const list = async (query: Parameters<typeof prompts.list>[0]) =>
      (await prompts.list(query)).items.map((item) => `${item.name} ${item.version}`).sort()

    expect(await list({})).toEqual(['100%_sure 1', 'Greeting 1', 'Greeting 2', 'farewell 1'])
    expect(await list({ activeOnly: false })).toContain('farewell 2')
    expect(await list({ search: 'REET' })).toEqual(['Greeting 1', 'Greeting 2'])
    expect(await list({ search: '%_' })).toEqual(['100%_sure 1'])
    expect(await list({ label: 'production' })).toEqual(['Greeting 1'])
    expect(await list({ label: 'latest' })).toEqual(['100%_sure 1', 'Greeting 2', 'farewell 1'])
    expect(await list({ project: 'elsewhere' })).toEqual([])
    expect((await prompts.list({ search: 'greeting' })).items.map((item) => [item.version, item.labels])).toEqual([
      [2, ['staging']],
      [1, ['production']],
    ])
  })

  it.each([1, 2, 3, 7, 50])('gives everything once in pages of %i, for versions, rules and changes', async (limit) => {
    const { prompts, contextRules, changelog, project } = store.repositories()
    for (const name of ['b', 'a', 'B', 'ä', 'a b', 'a:b']) {
      await prompts.create({ name, template: 'x' })
      await prompts.createVersion({ name, template: 'y' })
      await contextRules.createVersion({ context: name })
      await contextRules.createVersion({ context: name })
    }
    const all = async <Item>(page: (cursor: object) => Promise<{ readonly items: readonly Item[]; readonly cursor?: string }>) => {
      const items: Item[] = []
      for (let cursor: string | undefined, pages = 0; pages < 100; pages++) {
        const { items: found, cursor: next } = await page(cursor === undefined ? {} : { cursor })
        expect(found.length).toBeLessThanOrEqual(limit)
        items.push(...found)
        if (next === undefined) return items
        cursor = next
      }
      throw new Error('The pages do not end.')
    }

    const versions = await all((cursor) => prompts.list({ limit, ...cursor }))
    const rules = await all((cursor) => contextRules.list({ limit, ...cursor }))
    const changes = await all((cursor) => changelog.list({ project, limit, ...cursor }))

    expect(new Set(versions.map((item) => `${item.name} ${item.version}`)).size).toBe(12)
    expect(versions).toHaveLength(12)
    expect(new Set(rules.map((item) => `${item.context} ${item.version}`)).size).toBe(12)
    expect(rules).toHaveLength(12)
    expect(changes).toHaveLength(24)
    expect(changes.map((change) => change.id)).toEqual(changes.map((change) => change.id).sort((a, b) => b - a))
  })
})

describe('the changelog', () => {
  it('is listed newest first, and by kind, name, person and time', async () => {
    const { prompts, models, changelog, project } = store.repositories()
    await prompts.create({ name: 'a', template: 'x', changedBy: 'ada' })
    await models.create({ name: 'a', provider: 'p', model: 'm', changedBy: 'bob' })
    const { createdAt } = await prompts.create({ name: 'b', template: 'x', changedBy: 'bob' })
    const list = async (query: object) =>
      (await changelog.list({ project, ...query })).items.map((change) => `${change.configType} ${change.configName}`)

    expect(await list({})).toEqual(['prompt b', 'model a', 'prompt a'])
    expect(await list({ kind: 'prompt' })).toEqual(['prompt b', 'prompt a'])
    expect(await list({ name: 'a' })).toEqual(['model a', 'prompt a'])
    expect(await list({ changedBy: 'bob' })).toEqual(['prompt b', 'model a'])
    expect(await list({ since: createdAt })).toEqual(['prompt b'])
    expect(await list({ since: new Date(Date.now() + 60_000) })).toEqual([])
  })

  it.each([
    'update agent_config.config_changelog set changed_by = null',
    'delete from agent_config.config_changelog',
    'truncate agent_config.config_changelog',
  ])('refuses %s', async (statement) => {
    const { prompts } = store.repositories()
    await prompts.create({ name: 'a', template: 'x' })

    const error = await caught(() => store.sql(statement))

    expect(error.message).toContain('append-only')
    expect(await prompts.history({ name: 'a' })).toHaveLength(1)
  })

  it.each(['prompts', 'model_configs', 'embedding_configs', 'context_rules'])(
    'has contents in %s that no update can change',
    async (table) => {
      const { prompts, models, embeddings, contextRules, project } = store.repositories()
      await prompts.create({ name: 'a', template: 'x' })
      await models.create({ name: 'a', provider: 'p', model: 'm' })
      await embeddings.create({ name: 'a', embeddingModel: 'm' })
      await contextRules.create({ context: 'a' })
      const columns = await store.sql<{ name: string; type: string }>(
        `select column_name as name, data_type as type from information_schema.columns
       where table_schema = 'agent_config' and table_name = $1 and column_name not in ('id', 'is_active')`,
        [table],
      )
      expect(columns.length).toBeGreaterThan(7)

      for (const { name, type } of columns) {
        const value =
          type === 'jsonb' ? `'{"other": 1}'` : type === 'integer' ? '"version" + 40' : type.startsWith('timestamp') ? 'now()' : `'raw'`
        const error = await caught(() => store.sql(`update agent_config.${table} set "${name}" = ${value} where project = '${project}'`))
        expect(error.message, name).toMatch(/never changes|constraint/)
      }
    },
  )
})
