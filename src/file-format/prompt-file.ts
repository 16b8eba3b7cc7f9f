import type { ChatMessageTemplate, TemplateFormat } from '../entities/template.js'
import { parseTemplate } from '../template/parse-template.js'
import { problemAt, stepsOf, syntaxProblem } from './field-place.js'
import { checkContent, completed, type EntityContent, type KindOfFiles } from './file-kind.js'
import { checkKnownKeys } from './known-keys.js'
import { readVariables, type VariableShape } from './picoschema.js'
import { FormatError, type FormatProblem } from './problem.js'
import { type Place, printYaml, type Values, YamlDocument } from './yaml-document.js'

export interface ParsedEntity {
  readonly content: EntityContent
  /** The variables that the file declares; they are not stored. */
  readonly variables?: readonly VariableShape[]
}

const KEYS = ['description', 'format', 'model', 'parameters', 'config', 'variables', 'input', 'messages', 'template']
const MARK = '---'

/**
 * Reads a `.prompt` file: YAML between two lines of `---`, then the template of a text prompt, without the one line feed at the end of the
 * file. A file that does not begin with `---` is all template.
 *
 * @throws {FormatError} when it cannot be read
 */
export function parsePrompt(kind: KindOfFiles, text: string): ParsedEntity {
  const { front, body, bodyLine } = split(text)
  const document = new YamlDocument(front, 1)
  checkKnownKeys(document, KEYS)
  const values = document.values
  const template = templateIn(document, body, bodyLine)
  const fields = {
    template,
    type: typeof template === 'string' ? 'text' : 'chat',
    templateFormat: values.format,
    description: values.description,
    model: values.model,
    parameters: values.parameters ?? values.config,
  }
  const problems = fieldProblems(kind, fields, document)
  if (problems.length > 0) throw new FormatError(problems)
  const content = completed(kind, fields)
  const placeInTemplate = ({ line, column, chatMessage }: { line: number; column: number; chatMessage: number | undefined }): Place => {
    if (chatMessage !== undefined) return document.placeInText(['messages', chatMessage - 1, 'content'], line, column)
    return body === '' ? document.placeInText(['template'], line, column) : { line: bodyLine + line - 1, column }
  }
  try {
    checkContent(kind, content)
  } catch (error) {
    throw new FormatError([syntaxProblem(error, placeInTemplate) ?? problemAt(error, document, inFile)])
  }
  return { content, ...variablesIn(document, content) }
}

/** The text of a prompt's file. It keeps what `before` has besides the content: comments, the order of keys, `variables`. */
export function printPrompt(kind: KindOfFiles, content: EntityContent, before?: string): string {
  const old = before === undefined ? undefined : readable(before)
  const isBody = typeof content.template === 'string' && !content.template.includes('\r')
  const values = frontOf(kind, content, isBody, old)
  const front = old ? old.with(values) : printYaml(values)
  return `${MARK}\n${front}${MARK}\n${isBody ? bodyOf(String(content.template), before) : ''}`
}

/** With a line feed at its end, unless the file had none and does not need one. */
function bodyOf(template: string, before: string | undefined): string {
  const hasNoEnd = before !== undefined && before !== '' && !before.endsWith('\n') && template !== '' && !template.endsWith('\n')
  return hasNoEnd ? template : `${template}\n`
}

function frontOf(kind: KindOfFiles, content: EntityContent, isBody: boolean, old: YamlDocument | undefined): Values {
  const { description, model, parameters, templateFormat, template } = content
  const said = old?.values ?? {}
  const isInitial = Object.keys(parameters as object).length === 0
  const parametersKey = 'config' in said ? 'config' : 'parameters'
  const entries: readonly (readonly [string, unknown, boolean])[] = [
    ['description', description, description !== null],
    ['format', templateFormat, templateFormat !== kind.fields.templateFormat?.initial || 'format' in said],
    ['model', model, model !== null],
    [parametersKey, parameters, !isInitial || parametersKey in said],
    ['variables', said.variables, 'variables' in said],
    ['input', said.input, 'input' in said],
    ['messages', template, typeof template !== 'string'],
    ['template', template, typeof template === 'string' && !isBody],
  ]
  return Object.fromEntries(entries.filter(([, , isThere]) => isThere).map(([key, value]) => [key, value]))
}

/** Front matter that can be kept. */
function readable(text: string): YamlDocument | undefined {
  try {
    const document = new YamlDocument(split(text).front, 1)
    return Object.keys(document.values).every((key) => KEYS.includes(key)) ? document : undefined
  } catch {
    return undefined
  }
}

interface Split {
  readonly front: string
  readonly body: string
  /** The line of the file on which the body begins. */
  readonly bodyLine: number
}

function split(text: string): Split {
  const lines = text.split('\n')
  if (lines[0] !== MARK) return { front: '', body: withoutLastLineFeed(text), bodyLine: 1 }
  const end = lines.indexOf(MARK, 1)
  if (end < 0) throw new FormatError([{ line: 1, column: 1, message: 'has no second line of "---": the front matter does not end' }])
  const body = lines.slice(end + 1).join('\n')
  // With the line feed of its last line: a block scalar at the end may keep it.
  const front = lines.slice(1, end).map((line) => `${line}\n`)
  return { front: front.join(''), body: withoutLastLineFeed(body), bodyLine: end + 2 }
}

function withoutLastLineFeed(text: string): string {
  return text.endsWith('\n') ? text.slice(0, -1) : text
}

function templateIn(document: YamlDocument, body: string, bodyLine: number): unknown {
  const { values } = document
  const elsewhere = ['messages', 'template'].filter((key) => values[key] !== undefined)
  const [key, second] = elsewhere
  if (second) throw new FormatError([{ ...document.placeOf([second]), message: 'template must not be given beside messages' }])
  if (key === undefined) {
    if (body === '') throw new FormatError([{ line: bodyLine, column: 1, message: 'has no template: it stands below the front matter' }])
    return body
  }
  if (body.trim() !== '')
    throw new FormatError([{ line: bodyLine, column: 1, message: `must be empty: the template stands under ${key} already` }])
  return values[key]
}

/** What the file calls a field. */
function inFile(field: string): string {
  if (field === 'templateFormat') return 'format'
  return field.replace(/^template(?=\[)/, 'messages')
}

function fieldProblems(kind: KindOfFiles, fields: Values, document: YamlDocument): FormatProblem[] {
  const { values } = document
  const named = (field: string) => (field === 'parameters' && 'config' in values ? 'config' : inFile(field))
  return Object.entries(fields).flatMap(([name, value]) => {
    if (value === undefined) return []
    try {
      kind.fields[name]?.check(name, value)
      return []
    } catch (error) {
      return [problemAt(error, document, (field) => field.replace(/^\w+/, named))]
    }
  })
}

function variablesIn(document: YamlDocument, content: EntityContent): Pick<ParsedEntity, 'variables'> {
  const { variables, input } = document.values as { readonly variables?: unknown; readonly input?: { readonly schema?: unknown } }
  if (input !== undefined) checkInput(document, input, variables)
  const schema = variables ?? input?.schema
  if (schema === undefined) return {}
  const field = variables === undefined ? 'input.schema' : 'variables'
  try {
    const shapes = readVariables(schema, field)
    const problems = variableProblems(content, shapes).map(({ name, message }) => ({
      ...document.placeOf([...stepsOf(field), ...keyOfVariable(schema, name)]),
      message,
    }))
    if (problems.length > 0) throw new FormatError(problems)
    return { variables: shapes }
  } catch (error) {
    throw error instanceof FormatError ? error : new FormatError([problemAt(error, document)])
  }
}

function checkInput(document: YamlDocument, input: unknown, variables: unknown): void {
  const problem = (message: string) => new FormatError([{ ...document.placeOf(['input']), message }])
  if (typeof input !== 'object' || input === null || Array.isArray(input)) throw problem('input must be a mapping with schema')
  const unknown = Object.keys(input).find((key) => key !== 'schema')
  if (unknown !== undefined)
    throw new FormatError([
      { ...document.placeOf(['input', unknown]), message: `input.${unknown} is not known here: input has schema only` },
    ])
  if (variables !== undefined) throw problem('input.schema must not be given beside variables')
}

function variableProblems(content: EntityContent, shapes: readonly VariableShape[]) {
  const template = parseTemplate(content.template as string | readonly ChatMessageTemplate[], content.templateFormat as TemplateFormat)
  const used = [...template.variables, ...template.optionalVariables].map((name) => name.split('.')[0])
  const undeclared = template.variables.filter((name) => !shapes.some((shape) => shape.name === name.split('.')[0]))
  const unused = shapes.filter((shape) => !shape.isOptional && !used.includes(shape.name))
  return [
    ...undeclared.map((name) => ({ name, message: `does not declare "${name}", which the template needs` })),
    ...unused.map(({ name }) => ({
      name,
      message: `declares "${name}", which the template does not use: write "${name}?" or leave it out`,
    })),
  ]
}

function keyOfVariable(schema: unknown, name: string): readonly string[] {
  const key = Object.keys(schema as object).find((known) => known.replace(/[?(].*$/, '').trim() === name)
  return key === undefined ? [] : [key]
}
