import type { JsonObject } from '../entities/json.js'
import type { Prompt, PromptContent } from '../entities/prompt.js'
import { type ChatMessageTemplate, TEMPLATE_FORMATS, type TemplateFormat } from '../entities/template.js'
import { InvalidArgumentError } from '../shared/errors.js'
import { checkKeys } from '../shared/known-keys.js'
import { parseTemplate } from '../template/parse-template.js'
import type { PromptDefinition } from '../template/prompt-definition.js'
import { checkJson, checkOptionalText, checkParameters, checkText, LIMITS } from './arguments.js'
import { type EnsureOptions, ensureMissing } from './ensure-missing.js'
import { type Draft, LabelledRepository } from './labelled-repository.js'
import { type RepositoryDatabase, type RepositoryOptions, recorderOf } from './open-recorder.js'
import { PROMPT_KIND } from './prompt-kind.js'
import { META_KEYS } from './requests.js'
import type { WriteMeta, Written } from './written.js'

export interface PromptDraft extends WriteMeta {
  readonly name: string
  /** Text, or messages of a chat. At most 1 MiB. */
  readonly template: string | readonly ChatMessageTemplate[]
  /** @default the manager's project, 'default' */
  readonly project?: string
  /** @default what the template is: a string is `text`, a list `chat` */
  readonly type?: 'text' | 'chat'
  /** @default 'f-string'; for a further version, what the version before it has */
  readonly templateFormat?: TemplateFormat
  readonly description?: string | null
  readonly model?: string | null
  readonly parameters?: JsonObject
  /** Labels that point at the new version from now on. @default ['staging'] */
  readonly labels?: readonly string[]
}

const DRAFT_KEYS = [
  'name',
  'template',
  'project',
  'type',
  'templateFormat',
  'description',
  'model',
  'parameters',
  'labels',
  ...META_KEYS,
] as const

/** Prompts: their versions and labels. */
export class PromptRepository extends LabelledRepository<PromptContent, Prompt> {
  constructor(database: RepositoryDatabase, options: RepositoryOptions = {}) {
    super(recorderOf(database, options), PROMPT_KIND, options)
  }

  /**
   * Writes version 1 of a new prompt, or the next version of one whose versions are all deactivated.
   *
   * @throws {AlreadyExistsError} when the prompt has an active version; `createVersion` adds to it
   * @throws {TemplateSyntaxError} when the template does not parse, with line, column and what to write instead
   */
  async create(draft: PromptDraft): Promise<Written<Prompt>> {
    checkKeys(draft, DRAFT_KEYS)
    return this.writeVersion('create', draft, () => toColumns(draft, undefined))
  }

  /**
   * Writes the next version of a prompt, or version 1 if there is none. What the draft leaves out is taken from the highest version.
   *
   * @throws {TemplateSyntaxError} when the template does not parse, with line, column and what to write instead
   */
  async createVersion(draft: PromptDraft): Promise<Written<Prompt>> {
    checkKeys(draft, DRAFT_KEYS)
    // A format that is inherited is known only inside the write; everything else is checked before it.
    toColumns({ ...draft, templateFormat: draft.templateFormat ?? 'raw' }, undefined)
    return this.writeVersion('version', draft, (inherited) => toColumns(draft, inherited))
  }

  /**
   * Writes the prompts that the store does not have, from their definitions' fallbacks. Safe to call at every start, from every worker.
   * A prompt that has versions, even if all are deactivated, is left alone.
   *
   * @throws {InvalidArgumentError} when a definition has no fallback
   */
  async ensure(
    definitions: readonly PromptDefinition[],
    options: EnsureOptions = {},
  ): Promise<Written<{ readonly created: readonly string[] }>> {
    return ensureMissing<PromptDraft>({
      recorder: this.recorder,
      drafts: definitions.map((definition, place) => draftOf(definition, `definitions[${place}]`)),
      options,
      defaultLabel: this.label,
      exists: (name) => this.exists(name),
      permit: (draft, labels) => this.permit('create', draft, labels),
      write: (draft) => this.versionWrite('create', draft, () => toColumns(draft, undefined)),
    })
  }

  protected override checkContract(content: PromptContent): void {
    this.recorder.contracts.check(content)
  }
}

function draftOf(definition: PromptDefinition, field: string): PromptDraft {
  const { name, fallback, templateFormat } = definition
  if (fallback === undefined) throw new InvalidArgumentError(`${field}.fallback`, 'must be given: it is what is written')
  return { name, template: fallback, templateFormat }
}

function toColumns(draft: PromptDraft, inherited: PromptContent | undefined): Draft {
  const type = checkType(draft)
  const format = draft.templateFormat ?? inherited?.templateFormat ?? 'f-string'
  if (!TEMPLATE_FORMATS.includes(format)) throw new InvalidArgumentError('templateFormat', `must be one of ${TEMPLATE_FORMATS.join(', ')}`)
  const template =
    typeof draft.template === 'string' ? checkText('template', draft.template) : JSON.stringify(checkJson('template', draft.template))
  if (Buffer.byteLength(template) > LIMITS.templateBytes)
    throw new InvalidArgumentError('template', 'must have at most 1 MiB (1,048,576 bytes)')
  parseTemplate(draft.template, format)
  return {
    columns: {
      type,
      template,
      template_format: format,
      description: draft.description === undefined ? (inherited?.description ?? null) : checkOptionalText('description', draft.description),
      model: draft.model === undefined ? (inherited?.model ?? null) : checkOptionalText('model', draft.model),
      parameters: draft.parameters === undefined ? (inherited?.parameters ?? {}) : checkParameters('parameters', draft.parameters),
    },
  }
}

function checkType({ template, type }: PromptDraft): 'text' | 'chat' {
  if (typeof template !== 'string' && !Array.isArray(template))
    throw new InvalidArgumentError('template', 'must be a string, or a list of messages')
  const actual = typeof template === 'string' ? 'text' : 'chat'
  if (type !== undefined && type !== actual) {
    throw new InvalidArgumentError(
      'type',
      `must be "${actual}" for a template that is a ${actual === 'text' ? 'string' : 'list of messages'}`,
    )
  }
  return actual
}
