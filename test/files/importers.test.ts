import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Imported, importDotprompt, importLangfuse, importOpenAIPrompts } from '../../src/files/importers/index.js'
import { readConfigFiles, writeConfigFiles } from '../../src/files/index.js'
import type { ConfigurationManager } from '../../src/index.js'
import { createTestManager } from '../../src/testing/index.js'

const textOf = (name: string) => readFileSync(new URL(`./fixtures/${name}`, import.meta.url), 'utf8')
const jsonOf = (name: string): unknown => JSON.parse(textOf(name))

let manager: ConfigurationManager
beforeAll(() => {
  manager = createTestManager()
})
afterAll(() => manager.shutdown())

/** What an importer gives is what `createVersion` takes. */
async function create({ entities }: Imported, project: string): Promise<void> {
  for (const { name, labels, content } of entities) await manager.prompts.createVersion({ ...content, name, labels, project })
}

describe('importLangfuse', () => {
  it('gives versions in order, with their labels and their config, and says what does not carry over', async () => {
    const imported = importLangfuse(jsonOf('langfuse.json'))

    await create(imported, 'langfuse')
    const prompt = await manager.getPrompt('support/triage', { project: 'langfuse' })

    expect(imported.entities.map(({ name, version }) => `${name} v${version}`)).toEqual([
      'quote v1',
      'support/triage v1',
      'support/triage v2',
    ])
    expect(prompt).toMatchObject({ version: 2, type: 'chat', parameters: { model: 'm', temperature: 0.2 }, labels: ['production'] })
    expect(prompt?.compile({ product: 'X', ticket: 'T', history: [] })).toEqual([
      { role: 'system', content: 'You sort tickets of X.' },
      { role: 'user', content: 'T' },
    ])
    expect(imported.losses.map(({ where }) => where)).toEqual([
      'support/triage v2: tags',
      'support/triage v1: labels',
      'quote v1: prompt',
      'quote v1: template',
    ])
  })

  it.each([
    [[{ name: 'a', versions: [1] }], 'langfuse[0].prompt'],
    [[{ name: 'a', version: 0, prompt: 'x' }], 'langfuse[0].version'],
    [[{ version: 1, prompt: 'x' }], 'langfuse[0].name'],
    [[{ name: 'a', version: 1, prompt: 7 }], 'langfuse[0].prompt'],
    [7, 'langfuse[0]'],
  ])('refuses %j at its place', (json, field) => {
    expect(() => importLangfuse(json)).toThrow(expect.objectContaining({ code: 'E_INVALID_ARGUMENT', field }))
  })
})

describe('importOpenAIPrompts', () => {
  it('gives messages, model and parameters, the default version labelled production, and says what is left', async () => {
    const imported = importOpenAIPrompts(jsonOf('openai-prompts.json'))

    await create(imported, 'openai')
    const prompt = await manager.getPrompt('triage', { project: 'openai' })

    expect(prompt).toMatchObject({ version: 2, model: 'gpt-5-mini', parameters: { temperature: 0.2, max_output_tokens: 500 } })
    expect(prompt?.compile({ product: 'X', ticket: 'T' })).toEqual([
      { role: 'system', content: 'You sort tickets of X.' },
      { role: 'system', content: 'Be short.' },
      { role: 'user', content: 'T' },
    ])
    expect(imported.losses.map(({ where }) => where)).toEqual(['triage v2: tools', 'triage v2: variables', 'triage v2: message 3'])
  })

  it('refuses what has no message or no name', () => {
    expect(() => importOpenAIPrompts({ id: 'pmpt_1' })).toThrow(expect.objectContaining({ field: 'openai[0].input' }))
    expect(() => importOpenAIPrompts({ input: 'x' })).toThrow(expect.objectContaining({ field: 'openai[0].name' }))
  })
})

describe('importDotprompt', () => {
  it('gives a chat of its roles, model and config, and says what is left', async () => {
    const imported = importDotprompt([
      { path: 'support/triage.prompt', text: textOf('triage.prompt') },
      { path: 'plain.short.prompt', text: 'Hello {{name}}\r\n' },
      { path: 'each.prompt', text: '{{#each items}}{{this}}{{/each}}' },
    ])

    await create(imported, 'dotprompt')
    const prompt = await manager.prompts.find({ name: 'support/triage', project: 'dotprompt' })

    expect(prompt).toMatchObject({ description: 'Sorts a ticket', model: 'googleai/gemini-2.5-flash', parameters: { temperature: 0.2 } })
    expect(prompt?.template).toEqual([
      { role: 'system', content: 'You sort tickets of {{product}}.' },
      { placeholder: 'history' },
      { role: 'user', content: '{{ticket}}' },
    ])
    expect(imported.entities.map(({ name, content }) => [name, content.templateFormat])).toEqual([
      ['each', 'raw'],
      ['plain.short', 'mustache'],
      ['support/triage', 'mustache'],
    ])
    expect(imported.losses.map(({ where }) => where)).toEqual(['each.prompt: template'])
  })

  it.each([
    [
      'declares what the schema has, and what else the template needs',
      'schema: { product: string, "tags?(array, of the ticket)": string }',
      '{{product}} {{#tags}}x{{/tags}} {{user.name}}',
      { product: 'string', 'tags?(array, of the ticket)': 'string', user: 'any' },
      [],
    ],
    [
      'takes a JSON Schema',
      'schema: { type: object, properties: { a: { type: string }, b: { type: number } }, required: [a, b] }',
      '{{a}} {{c}}',
      { type: 'object', properties: { a: { type: 'string' }, c: {} }, required: ['a', 'c'] },
      ['x.prompt: input.schema.b'],
    ],
    [
      'says that defaults and named schemas are left',
      'default: { a: b }\n  schema: Ticket',
      '{{a}}',
      undefined,
      ['x.prompt: input', 'x.prompt: input.schema'],
    ],
    ['says that a schema of nothing in the template is left', 'schema: { a: string }', 'none', undefined, ['x.prompt: input.schema.a']],
  ])('%s', (_, input, body, inputSchema, losses) => {
    const imported = importDotprompt([{ path: 'x.prompt', text: `---\ninput:\n  ${input}\n---\n${body}\n` }])

    expect(imported.entities[0]?.inputSchema).toEqual(inputSchema)
    expect(imported.losses.map(({ where }) => where)).toEqual(losses)
    const folder = mkdtempSync(join(tmpdir(), 'agent-config-importers-'))
    const files = imported.entities.map((entity) => ({
      ...entity,
      content: { ...entity.content, description: null, model: null, parameters: {} } as never,
    }))
    writeConfigFiles(folder, { files })
    const set = readConfigFiles(folder)
    rmSync(folder, { recursive: true })
    expect(set.problems).toEqual([])
    expect(set.files[0]?.variables !== undefined).toBe(inputSchema !== undefined)
  })

  it('refuses front matter that is no YAML, and names the file', () => {
    expect(() => importDotprompt([{ path: 'a.prompt', text: '---\na: [\n---\nx' }])).toThrow(expect.objectContaining({ field: 'a.prompt' }))
  })
})
