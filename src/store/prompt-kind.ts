import type { JsonObject } from '../entities/json.js'
import type { CompileOptions, Prompt, PromptContent } from '../entities/prompt.js'
import type { ChatMessage, ChatMessageTemplate, TemplateFormat } from '../entities/template.js'
import { deepFreeze } from '../shared/json.js'
import { type ParsedTemplate, parseTemplate } from '../template/parse-template.js'
import { LIMITS } from './arguments.js'
import { decodeJson, decodeVersion, type KindDefinition, type Row, type ViewFacts } from './labelled-kind.js'

export const PROMPT_KIND: KindDefinition<PromptContent, Prompt> = {
  kind: 'prompt',
  noun: 'prompt',
  versions: 'prompts',
  labels: 'prompt_labels',
  maxNameLength: LIMITS.name,
  decode: decodePrompt,
  view: (content, facts) => Object.freeze(new PromptView(content, facts)),
  describe: ({ type, template, templateFormat, description, model, parameters }) =>
    ({ type, template, templateFormat, description, model, parameters }) as unknown as JsonObject,
}

function decodePrompt(row: Row): PromptContent {
  const type = row.type as PromptContent['type']
  return deepFreeze({
    ...decodeVersion(row),
    type,
    template: type === 'chat' ? (JSON.parse(row.template as string) as ChatMessageTemplate[]) : (row.template as string),
    templateFormat: row.template_format as TemplateFormat,
    description: (row.description as string | null) ?? null,
    model: (row.model as string | null) ?? null,
    parameters: decodeJson(row.parameters) as JsonObject,
  })
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

class PromptView implements Prompt {
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
  readonly variables: readonly string[]
  readonly #template: ParsedTemplate

  constructor(content: PromptContent, facts: ViewFacts) {
    this.#template = parsed(content)
    this.variables = Object.freeze(this.#template.variables)
    Object.assign(this, content, facts)
  }

  compile(variables: Readonly<Record<string, unknown>> = {}, options: CompileOptions = {}): string | ChatMessage[] {
    return this.#template.render(variables, options)
  }
}
