import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { InvalidArgumentError } from '../../../src/shared/errors.js'
import { caught, repositoriesOn, useStore } from '../fixture.js'

/** Port 9 of this machine takes no connections: a call that got as far as connecting would reject with StoreUnavailableError. */
const { prompts, models, embeddings, contextRules, changelog } = repositoriesOn('postgresql://nobody:s3cr3t@127.0.0.1:9/none')

const HALF = 'half \ud83d of a character'
const NUL = 'a\0b'

const prompt = (part: object) => ({ name: 'greeting', template: 'Hello', ...part }) as never
const model = (part: object) => ({ name: 'default', provider: 'ollama', model: 'llama', ...part }) as never
const embedding = (part: object) => ({ name: 'default', embeddingModel: 'nomic', ...part }) as never
const rule = (part: object) => ({ context: 'email', ...part }) as never

const REFUSED: readonly (readonly [title: string, field: string, call: () => unknown])[] = [
  ['an empty prompt name', 'name', () => prompts.create(prompt({ name: '' }))],
  ['a prompt name that is no text', 'name', () => prompts.create(prompt({ name: 7 }))],
  ['a prompt name of 256', 'name', () => prompts.create(prompt({ name: 'n'.repeat(256) }))],
  ['NUL in a prompt name', 'name', () => prompts.create(prompt({ name: NUL }))],
  ['half a character in a prompt name', 'name', () => prompts.createVersion(prompt({ name: HALF }))],
  ['NUL in a template', 'template', () => prompts.create(prompt({ template: NUL }))],
  ['half a character in a template', 'template', () => prompts.createVersion(prompt({ template: HALF }))],
  ['NUL in a chat message', 'template[0].content', () => prompts.create(prompt({ template: [{ role: 'user', content: NUL }] }))],
  ['a template that is no template', 'template', () => prompts.create(prompt({ template: 7 }))],
  ['a template over 1 MiB', 'template', () => prompts.create(prompt({ template: 'x'.repeat(1024 * 1024 + 1) }))],
  ['a template over 1 MiB in bytes', 'template', () => prompts.create(prompt({ template: 'é'.repeat(512 * 1024 + 1) }))],
  ['a text template called chat', 'type', () => prompts.create(prompt({ type: 'chat' }))],
  ['a type that does not exist', 'type', () => prompts.create(prompt({ type: 'poem' }))],
  ['a template format that does not exist', 'templateFormat', () => prompts.create(prompt({ templateFormat: 'jinja2' }))],
  ['NUL in a description', 'description', () => prompts.create(prompt({ description: NUL }))],
  ['half a character in a description', 'description', () => prompts.createVersion(prompt({ description: HALF }))],
  ["half a character in a prompt's model", 'model', () => prompts.create(prompt({ model: HALF }))],
  ['NUL deep in parameters', 'parameters.a.b[1]', () => prompts.create(prompt({ parameters: { a: { b: [1, NUL] } } }))],
  ['half a character deep in parameters', 'parameters.a', () => prompts.createVersion(prompt({ parameters: { a: HALF } }))],
  ['NUL in a key of parameters', 'parameters.a', () => prompts.create(prompt({ parameters: { a: { [NUL]: 1 } } }))],
  ['parameters that are a list', 'parameters', () => prompts.create(prompt({ parameters: [] }))],
  ['parameters that are a text', 'parameters', () => prompts.create(prompt({ parameters: '{}' }))],
  ['NUL in changedBy', 'changedBy', () => prompts.create(prompt({ changedBy: NUL }))],
  ['half a character in summary', 'summary', () => prompts.create(prompt({ summary: HALF }))],
  ['changedBy that is no text', 'changedBy', () => prompts.create(prompt({ changedBy: { id: 7 } }))],
  ['NUL in changedBy of promote', 'changedBy', () => prompts.promote({ name: 'a', version: 1, changedBy: NUL })],
  ['NUL in summary of rollback', 'summary', () => prompts.rollback({ name: 'a', summary: NUL })],
  ['NUL in summary of removeLabel', 'summary', () => prompts.removeLabel({ name: 'a', label: 'x', summary: NUL })],
  ['NUL in changedBy of deactivate', 'changedBy', () => prompts.deactivate({ name: 'a', changedBy: NUL })],
  ['NUL in changedBy of activate', 'changedBy', () => prompts.activate({ name: 'a', version: 1, changedBy: NUL })],
  ['labels that are no list', 'labels', () => prompts.create(prompt({ labels: 'production' }))],
  ['a label that is reserved', 'labels[1]', () => prompts.create(prompt({ labels: ['staging', 'latest'] }))],
  ['an upper-case label', 'labels[0]', () => prompts.create(prompt({ labels: ['Production'] }))],
  ['an empty label', 'label', () => prompts.promote({ name: 'a', version: 1, label: '' })],
  ['a label of 37', 'label', () => prompts.promote({ name: 'a', version: 1, label: 'l'.repeat(37) })],
  ['promotion to latest', 'label', () => prompts.promote({ name: 'a', version: 1, label: 'latest' })],
  ['rollback of latest', 'label', () => prompts.rollback({ name: 'a', label: 'latest' })],
  ['removal of a label with a space', 'label', () => prompts.removeLabel({ name: 'a', label: 'a b' })],
  ['a search for a label with a space', 'label', () => prompts.find({ name: 'a', label: 'a b' })],
  ['version 0', 'version', () => prompts.promote({ name: 'a', version: 0 })],
  ['a negative version', 'version', () => prompts.find({ name: 'a', version: -1 })],
  ['a version and a half', 'version', () => prompts.deactivate({ name: 'a', version: 1.5 })],
  ['a version as text', 'version', () => prompts.activate({ name: 'a', version: '1' as never })],
  ['a version beyond integers', 'version', () => prompts.find({ name: 'a', version: 2 ** 31 })],
  ['no version to promote', 'version', () => prompts.promote({ name: 'a', version: undefined as never })],
  ['an expected version of 0', 'expectedVersion', () => prompts.promote({ name: 'a', version: 1, expectedVersion: 0 })],
  ['a diff from version 0', 'from', () => prompts.diff({ name: 'a', from: 0, to: 1 })],
  ['a diff to no version', 'to', () => prompts.diff({ name: 'a', from: 1, to: Number.NaN })],
  ['an empty project', 'project', () => prompts.find({ name: 'a', project: '' })],
  ['a project of 101', 'project', () => prompts.find({ name: 'a', project: 'p'.repeat(101) })],
  ['a project with a colon', 'project', () => prompts.create(prompt({ project: 'a:b' }))],
  ['a project in another script', 'project', () => prompts.history({ name: 'a', project: 'prøject' })],
  ['a limit of 0', 'limit', () => prompts.list({ limit: 0 })],
  ['a limit of 1001', 'limit', () => prompts.list({ limit: 1001 })],
  ['NUL in a search', 'search', () => prompts.list({ search: NUL })],
  ['a cursor from elsewhere', 'cursor', () => prompts.list({ cursor: 'abc' })],
  ['a cursor of another list', 'cursor', () => prompts.list({ cursor: cursorOf([7]) })],
  ['a cursor with a fraction', 'cursor', () => prompts.list({ cursor: cursorOf(['a', 1.5]) })],
  ['a cursor with NUL', 'cursor', () => contextRules.list({ cursor: cursorOf([NUL, 1]) })],
  ['an empty model config name', 'name', () => models.create(model({ name: '' }))],
  ['a model config name of 101', 'name', () => models.create(model({ name: 'n'.repeat(101) }))],
  ['an empty provider', 'provider', () => models.create(model({ provider: '' }))],
  ['a provider of 51', 'provider', () => models.create(model({ provider: 'p'.repeat(51) }))],
  ['NUL in a model', 'model', () => models.createVersion(model({ model: NUL }))],
  ['fallbacks that are no list', 'fallbacks', () => models.create(model({ fallbacks: {} }))],
  ['a fallback that is null', 'fallbacks[0].provider', () => models.create(model({ fallbacks: [null] }))],
  [
    'half a character in a fallback',
    'fallbacks[1].model',
    () => models.create(model({ fallbacks: [fallback({}), fallback({ model: HALF })] })),
  ],
  [
    'NUL in parameters of a fallback',
    'fallbacks[0].parameters.stop[0]',
    () => models.createVersion(model({ fallbacks: [fallback({ parameters: { stop: [NUL] } })] })),
  ],
  ['prices that are no object', 'prices', () => models.create(model({ prices: 3 }))],
  ['prices without a currency', 'prices.currency', () => models.create(model({ prices: { inputPerMillion: 1, outputPerMillion: 1 } }))],
  ['a currency that is a sign', 'prices.currency', () => models.create(model({ prices: price({ currency: '$' }) }))],
  ['a price below 0', 'prices.inputPerMillion', () => models.createVersion(model({ prices: price({ inputPerMillion: -1 }) }))],
  ['a price as text', 'prices.outputPerMillion', () => models.create(model({ prices: price({ outputPerMillion: '1' }) }))],
  ['a price without end', 'prices.cachedInputPerMillion', () => models.create(model({ prices: price({ cachedInputPerMillion: 1 / 0 }) }))],
  ['a price that is not known', 'prices.perMillion', () => models.create(model({ prices: price({ perMillion: 1 }) }))],
  ['a price of a fallback', 'fallbacks[0].prices.currency', () => models.create(model({ fallbacks: [fallback({ prices: {} })] }))],
  ['dimensions of 0', 'dimensions', () => embeddings.create(embedding({ dimensions: 0 }))],
  ['dimensions as text', 'dimensions', () => embeddings.createVersion(embedding({ dimensions: '768' }))],
  ['an embedding config name of 101', 'name', () => embeddings.create(embedding({ name: 'n'.repeat(101) }))],
  ['an empty embedding model', 'embeddingModel', () => embeddings.create(embedding({ embeddingModel: '' }))],
  ['a chunk size of 0', 'chunkSize', () => embeddings.create(embedding({ chunkSize: 0 }))],
  ['a negative chunk overlap', 'chunkOverlap', () => embeddings.createVersion(embedding({ chunkOverlap: -1 }))],
  ['a chunk overlap as large as the size', 'chunkOverlap', () => embeddings.create(embedding({ chunkSize: 64, chunkOverlap: 64 }))],
  ['the same in a new version', 'chunkOverlap', () => embeddings.createVersion(embedding({ chunkSize: 64, chunkOverlap: 65 }))],
  ['the default overlap over a small size', 'chunkOverlap', () => embeddings.create(embedding({ chunkSize: 40 }))],
  ['NUL in a chunking strategy', 'chunkingStrategy', () => embeddings.create(embedding({ chunkingStrategy: NUL }))],
  ['an empty context', 'context', () => contextRules.create(rule({ context: '' }))],
  ['a context of 101', 'context', () => contextRules.create(rule({ context: 'c'.repeat(101) }))],
  ['NUL in important', 'important', () => contextRules.create(rule({ important: NUL }))],
  ['half a character in ignore', 'ignore', () => contextRules.createVersion(rule({ ignore: HALF }))],
  ['NUL in the description of a rule', 'description', () => contextRules.create(rule({ description: NUL }))],
  ['NUL in changedBy of a rule', 'changedBy', () => contextRules.create(rule({ changedBy: NUL }))],
  ['half a character in summary of a rule', 'summary', () => contextRules.deactivate(rule({ summary: HALF }))],
  ['version 0 of a rule', 'version', () => contextRules.activate(rule({ version: 0 }))],
  ['a kind that does not exist', 'kind', () => changelog.list({ kind: 'prompts' as never })],
  ['a date that is none', 'since', () => changelog.list({ since: 'yesterday' })],
  ['a changelog cursor with a fraction', 'cursor', () => changelog.list({ cursor: cursorOf([1.5]) })],
  ['NUL in a changelog name', 'name', () => changelog.list({ name: NUL })],
]

describe('before any connection is used', () => {
  it.each(REFUSED)('refuses %s and names %s', async (_title, field, call) => {
    const error = await caught(call)

    expect(error).toBeInstanceOf(InvalidArgumentError)
    expect(error).toMatchObject({ code: 'E_INVALID_ARGUMENT', field })
  })

  it.each<readonly [title: string, field: string, value: unknown]>([
    ['NaN', 'parameters.value', Number.NaN],
    ['Infinity', 'parameters.value', Number.POSITIVE_INFINITY],
    ['a Date', 'parameters.value', new Date()],
    ['a bigint', 'parameters.value', 7n],
    ['a function', 'parameters.value', () => 7],
    ['a symbol', 'parameters.value', Symbol('s')],
    ['a Map', 'parameters.value', new Map([['a', 1]])],
    ['bytes', 'parameters.value', new Uint8Array(2)],
    ['undefined in a list', 'parameters.value[1]', [1, undefined]],
    ['a hole in a list', 'parameters.value[0]', new Array(1)],
    ['an object that writes itself as another', 'parameters.value', { toJSON: () => 'other' }],
  ])('refuses parameters with %s, which JSON would change silently', async (_title, field, value) => {
    const error = await caught(() => prompts.create(prompt({ parameters: { value } })))

    expect(error).toMatchObject({ code: 'E_INVALID_ARGUMENT', field })
  })

  it('refuses parameters that contain themselves, and parameters too deep for PostgreSQL', async () => {
    const circular: Record<string, unknown> = {}
    circular.self = { circular }
    const deep = JSON.parse(`${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}`)

    const errors = [
      await caught(() => prompts.create(prompt({ parameters: circular }))),
      await caught(() => prompts.create(prompt({ parameters: deep }))),
    ]

    for (const error of errors) expect(error).toMatchObject({ code: 'E_INVALID_ARGUMENT', field: expect.stringMatching(/^parameters\./) })
  })

  it('lets arguments at their limits through to the connection', async () => {
    const calls = [
      () => prompts.create(prompt({ name: 'n'.repeat(255), template: 'x'.repeat(1024 * 1024), project: 'P_.-9'.repeat(20) })),
      () => prompts.promote({ name: 'a', version: 2 ** 31 - 1, label: 'l_.-9'.repeat(7) }),
      () => models.create(model({ name: 'n'.repeat(100), provider: 'p'.repeat(50) })),
      () => embeddings.createVersion(embedding({ chunkSize: 40 })),
      () => contextRules.create(rule({ context: 'c'.repeat(100) })),
    ]

    for (const call of calls) expect(await caught(call)).toMatchObject({ code: 'E_STORE_UNAVAILABLE' })
  })
})

describe('what is stored', () => {
  const store = useStore()

  it('is the template of exactly 1 MiB', async () => {
    const { prompts } = store.repositories()
    const template = 'é'.repeat(512 * 1024)

    await prompts.create({ name: 'long', template, templateFormat: 'raw' })

    expect((await prompts.find({ name: 'long' }))?.template).toBe(template)
  })

  it('is whatever JSON went in as parameters, of prompts, models and fallbacks', async () => {
    const { prompts, models } = store.repositories()

    await fc.assert(
      fc.asyncProperty(fc.dictionary(storable, jsonValue, { maxKeys: 4 }), async (parameters) => {
        const draft = { parameters: parameters as never }
        const written = await prompts.createVersion({ name: 'json', template: 'x', ...draft })
        await models.createVersion({
          name: 'json',
          provider: 'p',
          model: 'm',
          ...draft,
          fallbacks: [{ provider: 'p', model: 'm', ...draft }],
        })

        expect(written.parameters).toEqual(parameters)
        expect((await prompts.find({ name: 'json' }))?.parameters).toEqual(parameters)
        const found = await models.find({ name: 'json' })
        expect(found?.parameters).toEqual(parameters)
        expect(found?.fallbacks[0]?.parameters).toEqual(parameters)
      }),
      { numRuns: 40, examples: [[{ ['__proto__']: { polluted: 1 } }], [{ n: 1e308, tiny: 5e-324, big: 2 ** 60 }]] as never },
    )
  })

  it('are names and templates of any text PostgreSQL can hold', async () => {
    const { prompts } = store.repositories()

    await fc.assert(
      fc.asyncProperty(storable, storable, async (name, template) => {
        fc.pre(name.length > 0 && name.length <= 255 && template.length > 0)
        const written = await prompts.createVersion({ name, template, templateFormat: 'raw' })

        expect(await prompts.find({ name, version: written.version })).toMatchObject({ name, template })
      }),
      { numRuns: 40 },
    )
  })

  it('leaves out properties that are undefined, as if they were not there', async () => {
    const { prompts } = store.repositories()

    const written = await prompts.create({ name: 'a', template: 'x', parameters: { temperature: 0, seed: undefined as never } })

    expect(written.parameters).toStrictEqual({ temperature: 0 })
  })
})

const storable = fc.string({ unit: 'binary' }).filter((text) => !text.includes('\0') && text.isWellFormed())
const number = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (Object.is(value, -0) ? 0 : value))
const { jsonValue } = fc.letrec((tie) => ({
  jsonValue: fc.oneof(
    { maxDepth: 4 },
    fc.constant(null),
    fc.boolean(),
    number,
    storable,
    fc.array(tie('jsonValue'), { maxLength: 4 }),
    fc.dictionary(storable, tie('jsonValue'), { maxKeys: 4 }),
  ),
}))

function price(part: object) {
  return { inputPerMillion: 1, outputPerMillion: 1, currency: 'USD', ...part }
}

function fallback(part: object) {
  return { provider: 'ollama', model: 'llama', ...part }
}

function cursorOf(key: unknown): string {
  return Buffer.from(JSON.stringify(key)).toString('base64url')
}
