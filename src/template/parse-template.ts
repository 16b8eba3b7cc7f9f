import type { Message } from '../entities/message.js'
import type { CompileOptions } from '../entities/prompt.js'
import { type ChatMessage, type ChatMessageTemplate, TEMPLATE_FORMATS, type TemplateFormat } from '../entities/template.js'
import { InvalidArgumentError, TemplateVariableError } from '../shared/errors.js'
import { ChatTemplate } from './chat-template.js'
import { parseText } from './parse-text.js'
import { RenderBudget } from './render-budget.js'
import type { Filling, TemplateValues } from './text-template.js'

/** A template in the form that renders: cut at its variables once, when it is read. */
export interface ParsedTemplate {
  /** The names that have to be given, in order of first use: variables, and placeholders of a chat template that are not optional. */
  readonly variables: readonly string[]
  /** The names that may be left out: section names, variables within sections, optional placeholders. */
  readonly optionalVariables: readonly string[]
  /** Warnings about a valid template: a variable before the end of a cached prefix. */
  readonly warnings: readonly string[]
  /**
   * The text, or for a chat template the messages. Values are not read as templates again.
   *
   * `onMissing: 'keep'` leaves the placeholder of a missing variable in the text, `'empty'` leaves nothing. A chat placeholder
   * without messages leaves nothing with either.
   *
   * @throws {TemplateVariableError} when variables are missing (it names all of them), when a value cannot be written as text, or when
   * a placeholder gets anything but messages, or when the result is too large; it throws nothing else
   */
  render(variables?: TemplateValues, options?: CompileOptions): string | ChatMessage[]
}

/**
 * Parses the template of a prompt: a string, or a list of chat messages.
 *
 * @throws {TemplateSyntaxError} with line, column, for a chat template the message, and what to write instead
 * @throws {InvalidArgumentError} when the template is neither a string nor a list of messages, or the format is unknown
 */
export function parseTemplate(template: string | readonly ChatMessageTemplate[], format: TemplateFormat = 'f-string'): ParsedTemplate {
  if (!TEMPLATE_FORMATS.includes(format)) throw new InvalidArgumentError('templateFormat', `must be one of ${TEMPLATE_FORMATS.join(', ')}`)
  return new Parsed(typeof template === 'string' ? parseText(template, format) : new ChatTemplate(template, format))
}

const NO_WARNINGS: readonly string[] = Object.freeze([])

class Parsed implements ParsedTemplate {
  readonly #template: Fillable<string | Message[]>

  constructor(template: Fillable<string | Message[]>) {
    this.#template = template
  }

  get variables(): readonly string[] {
    return this.#template.variables
  }

  get optionalVariables(): readonly string[] {
    return this.#template.optionalVariables
  }

  get warnings(): readonly string[] {
    return this.#template.warnings ?? NO_WARNINGS
  }

  render(values?: TemplateValues, options?: CompileOptions): string | ChatMessage[] {
    // ChatMessage types a content as text; its docstring says when it is not.
    return fillStrictly(this.#template, values, options) as string | ChatMessage[]
  }
}

/** Fills a parsed text or chat template in, and throws when something is missing and no `onMissing` says otherwise. */
export function fillStrictly<Rendered>(
  template: Fillable<Rendered>,
  values: TemplateValues | undefined,
  options: CompileOptions | undefined,
): Rendered {
  const onMissing = options?.onMissing ?? 'throw'
  const missing = new Set<string>()
  const rendered = template.fill(isObject(values) ? values : {}, { onMissing, missing, budget: new RenderBudget() })
  if (missing.size > 0 && onMissing !== 'keep' && onMissing !== 'empty') throw missingError([...missing])
  return rendered
}

interface Fillable<Rendered> {
  readonly variables: readonly string[]
  readonly optionalVariables: readonly string[]
  readonly warnings?: readonly string[]
  fill(values: TemplateValues, filling: Filling): Rendered
}

const SHOWN_NAMES = 20

function missingError(names: readonly string[]): TemplateVariableError {
  const shown = names.slice(0, SHOWN_NAMES).map((name) => `"${name}"`)
  const more = names.length > SHOWN_NAMES ? ` and ${names.length - SHOWN_NAMES} more` : ''
  return new TemplateVariableError(
    `Missing: ${shown.join(', ')}${more}. Give each a value, or pass onMissing: 'keep' or 'empty' to render without.`,
    names,
  )
}

function isObject(value: unknown): value is TemplateValues {
  return typeof value === 'object' && value !== null
}
