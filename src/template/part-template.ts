import type { CacheMark, MessagePart } from '../entities/message.js'
import type { TemplateFormat } from '../entities/template.js'
import { InvalidArgumentError, TemplateSyntaxError } from '../shared/errors.js'
import { parseText } from './parse-text.js'
import { readCacheMark, readProviderOptions } from './template-fields.js'
import type { Filling, TemplateValues, TextTemplate } from './text-template.js'

/** The parsed form of one content part. */
export interface PartTemplate {
  readonly variables: readonly string[]
  readonly optionalVariables: readonly string[]
  readonly cache: CacheMark | undefined
  fill(values: TemplateValues, filling: Filling): MessagePart
}

/** Fields that are templates, by the type of a part. */
const TEMPLATE_FIELDS: Readonly<Record<string, readonly string[]>> = {
  text: ['text'],
  image: ['url', 'data', 'mediaType'],
  file: ['url', 'data', 'mediaType', 'filename'],
}

/** @throws {InvalidArgumentError} naming the field, or {TemplateSyntaxError} naming the message */
export function parsePart(part: unknown, field: string, index: number, format: TemplateFormat): PartTemplate {
  if (typeof part !== 'object' || part === null || Array.isArray(part)) throw new InvalidArgumentError(field, 'must be a part { type, … }')
  const { type, cache, providerOptions, ...fields } = part as Record<string, unknown>
  if (typeof type !== 'string' || type === '') throw new InvalidArgumentError(`${field}.type`, 'must be text, image, file or another name')
  const mark = readCacheMark(cache, `${field}.cache`)
  const known = Object.hasOwn(TEMPLATE_FIELDS, type) ? TEMPLATE_FIELDS[type] : undefined
  if (known === undefined) return opaquePart(part as MessagePart, mark.cache)
  checkFields(type, fields, known, field)
  const templates = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => new FieldTemplate(name, parseWithin(value as string, index, format)))
  return {
    cache: mark.cache,
    variables: templates.flatMap(({ text }) => text.variables),
    optionalVariables: templates.flatMap(({ text }) => text.optionalVariables),
    fill: (values, filling) => ({
      type,
      ...Object.fromEntries(templates.map((template) => [template.name, template.fill(values, filling)])),
      ...mark,
      ...readProviderOptions(providerOptions, `${field}.providerOptions`),
    }),
  }
}

/** Parses a text of one message. @throws {TemplateSyntaxError} naming the message */
export function parseWithin(text: string, index: number, format: TemplateFormat): TextTemplate {
  try {
    return parseText(text, format)
  } catch (error) {
    if (!(error instanceof TemplateSyntaxError)) throw error
    throw new TemplateSyntaxError(error.problem, { line: error.line, column: error.column, chatMessage: index + 1 })
  }
}

function opaquePart(part: MessagePart, cache: CacheMark | undefined): PartTemplate {
  return { variables: [], optionalVariables: [], cache, fill: () => part }
}

function checkFields(type: string, fields: Readonly<Record<string, unknown>>, known: readonly string[], field: string): void {
  for (const [name, value] of Object.entries(fields)) {
    if (!known.includes(name))
      throw new InvalidArgumentError(`${field}.${name}`, `is unknown; a part of type ${type} has ${known.join(', ')}`)
    if (value !== undefined && typeof value !== 'string') throw new InvalidArgumentError(`${field}.${name}`, 'must be a string')
  }
  if (type === 'text' && fields.text === undefined) throw new InvalidArgumentError(`${field}.text`, 'must be a string')
  if (type !== 'text' && (fields.url === undefined) === (fields.data === undefined))
    throw new InvalidArgumentError(field, `must have either url or data, as a part of type ${type}`)
}

/** One field of a part. */
class FieldTemplate {
  readonly name: string
  readonly text: TextTemplate

  constructor(name: string, text: TextTemplate) {
    this.name = name
    this.text = text
  }

  fill(values: TemplateValues, filling: Filling): string | Uint8Array {
    return this.#bytes(values) ?? this.text.fill(values, filling)
  }

  /** Bytes for `data` that is one variable and nothing else: as text they would be a list of numbers. */
  #bytes(values: TemplateValues): Uint8Array | undefined {
    const { variables } = this.text
    if (this.name !== 'data' || variables.length !== 1 || this.text.isBare !== true) return undefined
    const value = Object.hasOwn(values, variables[0]!) ? values[variables[0]!] : undefined
    return value instanceof Uint8Array ? value : undefined
  }
}
