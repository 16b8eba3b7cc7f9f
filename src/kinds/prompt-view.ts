import type { JsonObject } from '../entities/json.js'
import type { CompileOptions, Prompt, PromptContent } from '../entities/prompt.js'
import type { ChatMessage, TemplateFormat } from '../entities/template.js'
import { renderByContract } from '../template/contract.js'
import { type ParsedTemplate, parseTemplate } from '../template/parse-template.js'
import type { PromptDefinition } from '../template/prompt-definition.js'
import type { ViewFacts } from './kind.js'

/** The same answer, whose variables are checked by the definition of the code that asked for it. */
export function promptFor(definition: PromptDefinition, prompt: Prompt): Prompt {
  return Object.freeze(new PromptView(prompt, prompt, definition)) as Prompt
}

/** An answer that comes from the code, not from the store. */
export function fallbackPrompt(content: PromptContent, label: string): Prompt {
  const selection = Object.freeze({ label, version: content.version, reason: 'label' as const })
  const facts: ViewFacts = { isActive: true, labels: Object.freeze([]), selection, revision: 0, source: 'fallback', stale: false }
  return Object.freeze(new PromptView(content, facts)) as Prompt
}

/** One parse serves every view of a version. */
const PARSED = new WeakMap<PromptContent, ParsedTemplate>()

function parsed(content: PromptContent): ParsedTemplate {
  const known = PARSED.get(content)
  if (known) return known
  const template = parseTemplate(content.template, content.templateFormat)
  PARSED.set(content, template)
  return template
}

/** A prompt of either type; which one the template says. */
export class PromptView implements Omit<Prompt, 'compile'> {
  readonly id!: number
  readonly project!: string
  readonly name!: string
  readonly version!: number
  readonly type!: PromptContent['type']
  readonly template!: PromptContent['template']
  readonly templateFormat!: TemplateFormat
  readonly description!: string | null
  readonly model!: string | null
  readonly parameters!: JsonObject
  readonly createdBy!: string | null
  readonly createdAt!: string
  readonly isActive!: boolean
  readonly labels!: readonly string[]
  readonly selection!: Prompt['selection']
  readonly revision!: number
  readonly source!: Prompt['source']
  readonly stale!: boolean
  // Not a field: making a field into an accessor would turn every view into a slow, large object.
  declare readonly variables: readonly string[]
  readonly #content: PromptContent
  readonly #definition: PromptDefinition | undefined

  /** An own property, so that JSON and spread see it; read from the template at its first use, as most views are never compiled. */
  static readonly #variables = {
    get(this: PromptView): readonly string[] {
      return Object.freeze(parsed(this.#content).variables)
    },
    enumerable: true,
    configurable: true,
  }

  constructor(content: PromptContent, facts: ViewFacts, definition?: PromptDefinition) {
    this.#content = content
    this.#definition = definition
    Object.assign(this, content, facts)
    Object.defineProperty(this, 'variables', PromptView.#variables)
  }

  compile(variables: Readonly<Record<string, unknown>> = {}, options: CompileOptions = {}): string | ChatMessage[] {
    const template = parsed(this.#content)
    if (this.#definition) return renderByContract(this.#definition, template, variables, options)
    return template.render(variables, options)
  }
}
