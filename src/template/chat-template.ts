import type { Message } from '../entities/message.js'
import type { ChatMessageTemplate, TemplateFormat } from '../entities/template.js'
import { InvalidArgumentError } from '../shared/errors.js'
import { cacheWarnings } from './cache-lint.js'
import { type ChatEntry, parseEntry } from './chat-entry.js'
import { messagesIn } from './placeholder-messages.js'
import type { Filling, TemplateValues } from './text-template.js'

/** The parsed form of a list of messages and placeholders. */
export class ChatTemplate {
  readonly variables: readonly string[]
  readonly optionalVariables: readonly string[]
  readonly warnings: readonly string[]
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
    this.warnings = Object.freeze(cacheWarnings(this.#entries))
  }

  /** The messages, with the values put in. */
  fill(values: TemplateValues, filling: Filling): Message[] {
    const messages: Message[] = []
    for (const entry of this.#entries) {
      if (entry.message !== undefined) messages.push(entry.message.fill(values, filling))
      else for (const message of messagesIn(values, entry, filling)) messages.push(message)
    }
    return messages
  }
}

function requiredBy(entry: ChatEntry): readonly string[] {
  if (entry.message !== undefined) return entry.message.variables
  return entry.isOptional ? [] : [entry.placeholder]
}

function optionalFor(entry: ChatEntry): readonly string[] {
  if (entry.message !== undefined) return entry.message.optionalVariables
  return entry.isOptional ? [entry.placeholder] : []
}
