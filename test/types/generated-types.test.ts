import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import { readVariables } from '../../src/file-format/picoschema.js'
import { printTypes, type TypedEntity } from '../../src/files/types/print-types.js'
import { Compiler } from '../support/compiler.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

const prompt = (name: string, template: unknown, more: Partial<TypedEntity> & { templateFormat?: string } = {}): TypedEntity => {
  const { templateFormat = 'f-string', ...rest } = more
  return { kind: 'prompt', name, content: { template, templateFormat, description: null } as TypedEntity['content'], ...rest }
}

const ENTITIES: readonly TypedEntity[] = [
  prompt('support/triage', 'You sort {product} for {customer}', {
    variables: readVariables(
      { product: 'string, what is sold', 'tags?(array)': 'string', 'tone(enum)': ['warm', 'dry'], customer: 'integer' },
      'variables',
    ),
  }),
  prompt('support/answer', [
    { role: 'system', content: 'About {topic}' },
    { placeholder: 'history' },
    { placeholder: 'notes', optional: true },
  ]),
  prompt('plain', 'no variables'),
  prompt('letter', 'Dear {{user.name}}{{#formal}}!{{/formal}}', { templateFormat: 'mustache' }),
  { kind: 'model', name: 'default', content: {} },
  { kind: 'model', name: "it's", content: {} },
  { kind: 'flag', name: 'new-checkout', content: { value: false } },
  { kind: 'flag', name: 'limits', content: { value: { daily: 3 } } },
  { kind: 'context_rules', name: 'payments', content: {} },
  { kind: 'tool', name: 'search', content: {} },
  { kind: 'tool', name: 'fetch', content: {} },
]
const GENERATED = printTypes({ entities: ENTITIES, labels: ['production', 'canary'] })

/** A program of a host, with the declarations that each of its statements needs. */
const program = (...statements: string[]) => `
import * as v from 'valibot'
import { BaseAgent, type ConfigQuery, type PromptName, createConfigManager, defineKind, type Prompt } from 'agent-config'
import { pushFiles, readConfigFiles } from 'agent-config/files'
import { createConfigHandler } from 'agent-config/http'
import { createOpenFeatureProvider } from 'agent-config/openfeature'
const manager = createConfigManager()
const tools = defineKind({ kind: 'tool', schema: v.object({ seconds: v.number() }) })
${statements.join('\n')}
`

/** An agent whose run returns that. */
const agent = (name: string, returned: string, fields = '') =>
  `class ${name} extends BaseAgent<string, unknown> { readonly name = '${name}'; ${fields}; protected async run() { return ${returned} } }`

const RIGHT = [
  "const triage = await manager.getPrompt('support/triage', { label: 'canary' })",
  "const text: string | undefined = triage?.compile({ product: 'tea', customer: 7, tone: 'warm' })",
  "triage?.compile({ product: 'tea', customer: 7, tone: 'dry', tags: ['a'] }, { onMissing: 'keep' })",
  "const answer = await manager.getPrompt('support/answer', { label: 'latest' })",
  "answer?.compile({ topic: 7, history: [{ role: 'user', content: 'hi' }] })[0]?.content",
  "const plain: string | undefined = (await manager.getPrompt('plain'))?.compile()",
  "manager.peekPrompt('letter')?.compile({ user: { name: 'Ada', age: 36 }, formal: true })",
  "const template: string | undefined = await manager.getPromptTemplate('plain')",
  "await manager.getModelConfig(); await manager.getModelConfig('default'); manager.peekModelConfig(\"it's\")",
  "const isNew: boolean = await manager.getFlag('new-checkout', false, { subject: 'user-7' })",
  "const limits: { daily: number } = await manager.getFlag('limits', { daily: 1 })",
  "await manager.getContextRules(); await manager.getContextRules('payments')",
  "const tool: number | undefined = (await manager.of(tools).get('search'))?.content.seconds",
  "await manager.getPrompt('plain', { project: 'other', version: 3 })",
  agent(
    'Plain',
    "this.getPrompt({}, { name: 'support/triage', label: 'canary' })",
    "override promptName = 'any text, as in agents from before'",
  ),
  agent('Checked', "this.getModelConfig({ name: 'default' })", "override promptName: PromptName = 'plain'"),
]

/** Each with what the complaint has to name. */
const WRONG: readonly (readonly [statement: string, complaint: RegExp])[] = [
  ["manager.getPrompt('support/triaje')", /support\/triaje/],
  ["manager.peekPrompt('typo')", /typo/],
  ["manager.getPromptTemplate('typo')", /typo/],
  ["manager.getPrompt('plain', { label: 'produktion' })", /produktion/],
  ["manager.getModelConfig('default', { label: 'typo' })", /typo/],
  ["manager.getModelConfig('fast')", /fast/],
  ["manager.getContextRules('typo')", /typo/],
  ["manager.of(tools).get('typo')", /typo/],
  ["manager.of(tools).peek('typo')", /typo/],
  ["manager.getFlag('typo', false)", /typo/],
  ["manager.getFlag('new-checkout', 'no')", /'string' is not assignable to parameter of type 'boolean'/],
  ["manager.peekFlag('new-checkout', 1)", /'number' is not assignable to parameter of type 'boolean'/],
  ["manager.getFlagDetails('limits', false)", /'boolean' is not assignable/],
  ["manager.getPrompt('plain').then((prompt) => prompt?.compile({ typo: 1 }))", /never/],
  ["manager.getPrompt('support/triage').then((prompt) => prompt?.compile())", /Expected 1-2 arguments/],
  ["manager.getPrompt('support/triage').then((prompt) => prompt?.compile({}))", /customer, product, tone/],
  ["manager.getPrompt('support/triage').then((prompt) => prompt?.compile({ product: 'tea', customer: 7 }))", /tone/],
  ["manager.getPrompt('support/triage').then((prompt) => prompt?.compile({ product: 7, customer: 7, tone: 'dry' }))", /number/],
  ["manager.getPrompt('support/triage').then((prompt) => prompt?.compile({ product: 'tea', customer: 7, tone: 'loud' }))", /loud/],
  ["manager.getPrompt('support/answer').then((prompt) => prompt?.compile({ topic: 'a', history: ['hi'] }))", /string/],
  ["manager.getPrompt('support/answer').then((prompt) => prompt?.compile({ topic: undefined, history: [] }))", /undefined/],
  ["manager.getPrompt('letter').then((prompt) => prompt?.compile({ formal: true }))", /user/],
  [agent('NamesNone', "''", "override promptName: PromptName = 'typo'"), /typo/],
  [agent('ReadsNone', "this.getPrompt({}, { name: 'typo' })"), /typo/],
  [agent('LabelsNone', "this.getMessages({}, { label: 'typo' })"), /typo/],
  [agent('HasNoModel', "this.getModelConfig({ name: 'plain' })"), /plain/],
  [agent('AsksForNone', "this.chat({ messages: [] }, {} as never, { promptName: 'typo' })"), /typo/],
]

/** What takes a manager or a prompt and knows nothing of names. */
const ELSEWHERE = [
  'class Sorter extends BaseAgent<string, string> { readonly name = "sorter"; protected async run(input: string): Promise<string> { return input } }',
  'new Sorter({ manager })',
  'createConfigHandler({ manager } as never); createConfigHandler satisfies (options: never) => unknown',
  "await pushFiles(manager, readConfigFiles('agent-config'))",
  'createOpenFeatureProvider(manager)',
  'const show = (prompt: Prompt): string => prompt.name',
  "const found = await manager.getPrompt('plain'); if (found) show(found)",
  "const double: Pick<typeof manager, 'getPrompt'> = manager; double.getPrompt",
  'for (const kind of manager.kinds) await kind.get("anything")',
]

let compiler: Compiler
beforeAll(() => {
  compiler = new Compiler(ROOT)
})

describe('with the generated file', () => {
  it('compiles what is right', () => {
    expect(compiler.complaints({ 'gen.ts': GENERATED, 'right.ts': program(...RIGHT), 'elsewhere.ts': program(...ELSEWHERE) })).toEqual([])
  })

  it('refuses what is wrong, and says why', () => {
    const text = program(...WRONG.map(([statement]) => statement))
    const first = text.split('\n').indexOf(String(WRONG[0]?.[0])) + 1

    const complaints = compiler.complaints({ 'gen.ts': GENERATED, 'wrong.ts': text })

    for (const [index, [, complaint]] of WRONG.entries()) {
      const said = complaints.filter((line) => line.startsWith(`wrong.ts:${first + index} `))
      expect(said.join('\n'), WRONG[index]?.[0]).toMatch(complaint)
    }
    expect(complaints).toHaveLength(WRONG.length)
  })

  it('completes names and variables, and shows types that can be read', () => {
    const text = program(...RIGHT, "await manager.getPrompt('')", 'triage?.compile({  })')
    compiler.complaints({ 'gen.ts': GENERATED, 'shown.ts': text })

    expect([...compiler.completions('shown.ts', "await manager.getPrompt('")].sort()).toEqual([
      'letter',
      'plain',
      'support/answer',
      'support/triage',
    ])
    expect(compiler.completions('shown.ts', 'triage?.compile({  ')).toEqual(expect.arrayContaining(['customer', 'product', 'tone']))
    expect(compiler.hover('shown.ts', 'triage = await')).toBe(
      'const triage: DeclaredTextPrompt<{\n    customer: number;\n    product: string;\n    tags?: readonly string[] | undefined;\n    tone: "warm" | "dry";\n}> | undefined',
    )
    expect(compiler.hover('shown.ts', 'isNew')).toBe('const isNew: boolean')
  })
})

describe('without it', () => {
  it('takes any name, label, variable and flag, as before', () => {
    const any = [
      ...RIGHT.filter((statement) => !/getPromptTemplate|const (text|plain)\b|answer\?/.test(statement)),
      ...WRONG.map(([statement]) => statement),
      'const name: string = String(1)',
      'const prompt: Prompt | undefined = await manager.getPrompt(name, { label: name })',
      'const query: ConfigQuery = { label: name }',
      'const narrow: { getPrompt(name: string): Promise<Prompt | undefined> } = manager; narrow.getPrompt(name)',
      "const like: Pick<typeof manager, 'peekPrompt'> = { peekPrompt: (given: string): Prompt | undefined => given === name ? prompt : undefined }",
      'const flag: boolean = await manager.getFlag<boolean>(name, true)',
      ...ELSEWHERE,
    ]

    expect(compiler.complaints({ 'any.ts': program(...any) })).toEqual([])
    expect(compiler.hover('any.ts', 'triage = await')).toBe('const triage: Prompt | undefined')
    expect(compiler.hover('any.ts', 'tools = ')).toBe('const tools: Kind<{\n    seconds: number;\n}, {\n    seconds: number;\n}, string>')
  })
})

describe('the text', () => {
  it('is the same whatever the order of what it is made of', () => {
    expect(printTypes({ entities: [...ENTITIES].reverse(), labels: ['canary', 'production', 'canary'] })).toBe(GENERATED)
  })

  it('declares what there is, in the order of names, and leaves out kinds of which there is nothing', () => {
    expect(GENERATED).toMatchInlineSnapshot(`
      "// Written by \`npx agent-config types\`. Change the configuration and run it again; do not edit.
      import type { JsonObject, TemplateValue } from 'agent-config'

      declare module 'agent-config' {
        interface ConfigTypes {
          labels: 'canary' | 'production'
          prompts: {
            letter: {
              type: 'text'
              variables: {
                formal?: unknown
                user: object
              }
            }
            plain: {
              type: 'text'
              variables: Record<string, never>
            }
            'support/answer': {
              type: 'chat'
              variables: {
                history: readonly object[]
                notes?: readonly object[] | undefined
                topic: TemplateValue
              }
            }
            'support/triage': {
              type: 'text'
              variables: {
                customer: number
                /** what is sold */
                product: string
                tags?: readonly string[] | undefined
                tone: 'warm' | 'dry'
              }
            }
          }
          models: 'default' | 'it\\'s'
          contextRules: 'payments'
          flags: {
            limits: JsonObject
            'new-checkout': boolean
          }
          kinds: {
            tool: 'fetch' | 'search'
          }
        }
      }
      "
    `)
    expect(printTypes({ entities: [prompt('a', 'b')], labels: [] })).not.toContain('models')
  })

  it.each(['*/ alert(1) /*', 'quote \' and " and `', 'a\u2028b', '$' + '{x}', '\\', 'a\nb'])(
    'holds a name and a description such as %j',
    (name) => {
      const entity = { ...prompt(name, 'x'), content: { template: 'x', templateFormat: 'f-string', description: name } }
      const text = printTypes({ entities: [entity, { kind: 'model', name, content: {} }], labels: [] })

      const use = `import { createConfigManager } from 'agent-config'\nawait createConfigManager().getPrompt(${JSON.stringify(name)})`
      expect(compiler.complaints({ 'gen.ts': text, 'use.ts': use })).toEqual([])
    },
  )
})
