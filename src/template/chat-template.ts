import { CHAT_ROLES, type ChatMessage, type ChatMessageTemplate, type ChatRole, type TemplateFormat } from '../entities/template.js'
import { InvalidArgumentError, TemplateSyntaxError, TemplateVariableError } from '../shared/errors.js'
import { IDENTIFIER } from './f-string.js'
import { parseText } from './parse-text.js'
import type { OnMissing, TemplateValues, TextTemplate } from './text-template.js'
import { unreadable } from './value-text.js'

/** The parsed form of a list of messages and placeholders. */
export class ChatTemplate {
  readonly variables: readonly string[]
  readonly optionalVariables: readonly string[]
  readonly #entries: readonly ChatEntry[]

  /**
   * @throws {TemplateSyntaxError} for a content that does not parse
   * @throws {InvalidArgumentError} for an entry that is neither a message nor a placeholder
   */
  constructor(messages: readonly ChatMessageTemplate[], format: TemplateFormat) {
    if (!Array.isArray(messages)) throw new InvalidArgumentError('template', 'must be a string, or a list of chat messages')
    if (messages.length === 0) throw new InvalidArgumentError('template', 'must hold at least one message')
    this.#entries = Array.from(messages, (message: unknown, index) => parseEntry(message, index, format))
    const required = new Set(this.#entries.flatMap(requiredBy))
    const optional = new Set(this.#entries.flatMap(optionalFor))
    this.variables = Object.freeze([...required])
    this.optionalVariables = Object.freeze([...optional].filter((name) => !required.has(name)))
  }

  /** The messages, with the values put in. Names without a value are added to `missing`. */
  fill(values: TemplateValues, onMissing: OnMissing, missing: Set<string>): ChatMessage[] {
    const messages: ChatMessage[] = []
    for (const entry of this.#entries) {
      if (entry.text !== undefined) messages.push({ role: entry.role, content: entry.text.fill(values, onMissing, missing) })
      else for (const message of messagesIn(values, entry, missing)) messages.push(message)
    }
    return messages
  }
}

type ChatEntry =
  | { readonly text: TextTemplate; readonly role: ChatRole }
  | { readonly text?: undefined; readonly placeholder: string; readonly isOptional: boolean }

function requiredBy(entry: ChatEntry): readonly string[] {
  if (entry.text !== undefined) return entry.text.variables
  return entry.isOptional ? [] : [entry.placeholder]
}

function optionalFor(entry: ChatEntry): readonly string[] {
  if (entry.text !== undefined) return entry.text.optionalVariables
  return entry.isOptional ? [entry.placeholder] : []
}

function parseEntry(message: unknown, index: number, format: TemplateFormat): ChatEntry {
  const field = `template[${index}]`
  if (typeof message !== 'object' || message === null) throw new InvalidArgumentError(field, `must be ${ENTRY_FORMS}`)
  const { role, content, placeholder, optional, ...others } = message as Record<string, unknown>
  const [other] = Object.keys(others)
  if (other !== undefined) throw new InvalidArgumentError(`${field}.${other}`, `is unknown; an entry is ${ENTRY_FORMS}`)
  if (placeholder !== undefined) {
    if (role !== undefined || content !== undefined) throw new InvalidArgumentError(field, `mixes two forms; an entry is ${ENTRY_FORMS}`)
    if (typeof placeholder !== 'string' || !IDENTIFIER.test(placeholder)) {
      throw new InvalidArgumentError(`${field}.placeholder`, 'must be a name of letters, digits and underscores, such as "history"')
    }
    if (optional !== undefined && typeof optional !== 'boolean')
      throw new InvalidArgumentError(`${field}.optional`, 'must be true or false')
    return { placeholder, isOptional: optional === true }
  }
  if (optional !== undefined) throw new InvalidArgumentError(`${field}.optional`, 'is for placeholders only')
  if (!isRole(role)) throw new InvalidArgumentError(`${field}.role`, `must be one of ${CHAT_ROLES.join(', ')}`)
  if (typeof content !== 'string') throw new InvalidArgumentError(`${field}.content`, 'must be a string')
  return { role, text: parseContent(content, index, format) }
}

const ENTRY_FORMS = '{ role, content } or { placeholder, optional }'

function isRole(role: unknown): role is ChatRole {
  return (CHAT_ROLES as readonly unknown[]).includes(role)
}

function parseContent(content: string, index: number, format: TemplateFormat): TextTemplate {
  try {
    return parseText(content, format)
  } catch (error) {
    if (!(error instanceof TemplateSyntaxError)) throw error
    throw new TemplateSyntaxError(error.problem, { line: error.line, column: error.column, chatMessage: index + 1 })
  }
}

/** The caller's messages for a placeholder, as they are. */
function messagesIn(
  values: TemplateValues,
  entry: { readonly placeholder: string; readonly isOptional: boolean },
  missing: Set<string>,
): readonly ChatMessage[] {
  const name = entry.placeholder
  try {
    const given = Object.hasOwn(values, name) ? values[name] : undefined
    if (given === undefined) {
      if (!entry.isOptional) missing.add(name)
      return []
    }
    if (!Array.isArray(given)) throw new TemplateVariableError(`"${name}" must be a list of messages { role, content }.`, [name])
    const wrong = given.findIndex((message) => !isMessage(message))
    if (wrong === -1) return [...given]
    throw new TemplateVariableError(
      `"${name}"[${wrong}] must be a message { role, content }, with a role of ${CHAT_ROLES.join(', ')} and a string as content.`,
      [name],
    )
  } catch (error) {
    throw unreadable(error, name)
  }
}

function isMessage(value: unknown): value is ChatMessage {
  if (typeof value !== 'object' || value === null) return false
  const { role, content } = value as Record<string, unknown>
  return isRole(role) && typeof content === 'string'
}
