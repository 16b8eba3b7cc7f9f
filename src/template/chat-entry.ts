import type { CacheMark, Message, MessagePart } from '../entities/message.js'
import type { ChatRole, TemplateFormat } from '../entities/template.js'
import { InvalidArgumentError } from '../shared/errors.js'
import { IDENTIFIER } from './f-string.js'
import { type PartTemplate, parsePart, parseWithin } from './part-template.js'
import { readCacheMark, readProviderOptions } from './template-fields.js'
import type { Filling, TemplateValues, TextTemplate } from './text-template.js'

/** One entry of a chat template: a message, or the place for the caller's own. */
export type ChatEntry =
  | { readonly message: MessageTemplate }
  | { readonly message?: undefined; readonly placeholder: string; readonly isOptional: boolean }

/** The parsed form of one message. */
export class MessageTemplate {
  readonly variables: readonly string[]
  readonly optionalVariables: readonly string[]
  readonly cache: CacheMark | undefined
  /** The parts of its content; a text is one of them. */
  readonly parts: readonly (PartTemplate | TextTemplate)[]
  readonly #fixed: Omit<Message, 'content'>
  readonly #text: TextTemplate | undefined

  constructor(fixed: Omit<Message, 'content'>, content: TextTemplate | readonly PartTemplate[]) {
    this.#fixed = fixed
    this.#text = isList(content) ? undefined : content
    this.cache = fixed.cache
    this.parts = isList(content) ? content : [content]
    this.variables = this.parts.flatMap((part) => part.variables)
    this.optionalVariables = this.parts.flatMap((part) => part.optionalVariables)
  }

  fill(values: TemplateValues, filling: Filling): Message {
    const { role, ...others } = this.#fixed
    const content = this.#text === undefined ? this.#fillParts(values, filling) : this.#text.fill(values, filling)
    return { role, content, ...others }
  }

  #fillParts(values: TemplateValues, filling: Filling): MessagePart[] {
    return this.parts.map((part) => (part as PartTemplate).fill(values, filling))
  }
}

function isList(content: TextTemplate | readonly PartTemplate[]): content is readonly PartTemplate[] {
  return Array.isArray(content)
}

/** Roles of a template's message. `tool` was taken before the call that it answers could be named, and still is; `developer` is OpenAI's. */
const ROLES: readonly unknown[] = ['system', 'user', 'assistant', 'developer', 'tool']

/** @throws {InvalidArgumentError} naming the field, or {TemplateSyntaxError} naming the message */
export function parseEntry(entry: unknown, index: number, format: TemplateFormat): ChatEntry {
  const field = `template[${index}]`
  if (typeof entry !== 'object' || entry === null) throw new InvalidArgumentError(field, `must be ${ENTRY_FORMS}`)
  const { role, content, placeholder, optional, cache, providerOptions, ...others } = entry as Record<string, unknown>
  const [other] = Object.keys(others)
  if (other !== undefined) throw new InvalidArgumentError(`${field}.${other}`, `is unknown; an entry is ${ENTRY_FORMS}`)
  if (placeholder !== undefined) {
    if ([role, content, cache, providerOptions].some((value) => value !== undefined))
      throw new InvalidArgumentError(field, `mixes two forms; an entry is ${ENTRY_FORMS}`)
    if (typeof placeholder !== 'string' || !IDENTIFIER.test(placeholder)) {
      throw new InvalidArgumentError(`${field}.placeholder`, 'must be a name of letters, digits and underscores, such as "history"')
    }
    if (optional !== undefined && typeof optional !== 'boolean')
      throw new InvalidArgumentError(`${field}.optional`, 'must be true or false')
    return { placeholder, isOptional: optional === true }
  }
  if (optional !== undefined) throw new InvalidArgumentError(`${field}.optional`, 'is for placeholders only')
  if (!ROLES.includes(role)) throw new InvalidArgumentError(`${field}.role`, 'must be one of system, user, assistant')
  const fixed = {
    role: role as ChatRole,
    ...readCacheMark(cache, `${field}.cache`),
    ...readProviderOptions(providerOptions, `${field}.providerOptions`),
  }
  return { message: new MessageTemplate(fixed, parseContent(content, index, format)) }
}

const ENTRY_FORMS = '{ role, content } or { placeholder, optional }'

function parseContent(content: unknown, index: number, format: TemplateFormat): TextTemplate | readonly PartTemplate[] {
  if (typeof content === 'string') return parseWithin(content, index, format)
  const field = `template[${index}].content`
  if (!Array.isArray(content)) throw new InvalidArgumentError(field, 'must be a string, or a list of parts { type, … }')
  if (content.length === 0) throw new InvalidArgumentError(field, 'must hold at least one part')
  return Array.from(content, (part: unknown, place) => parsePart(part, `${field}[${place}]`, index, format))
}
