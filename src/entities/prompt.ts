import type { JsonObject } from './json.js'
import type { Selection } from './selection.js'
import type { Provenance } from './source.js'
import type { ChatMessage, ChatMessageTemplate, TemplateFormat } from './template.js'

/** What one version of a prompt says. It never changes after it is written. */
export interface PromptContent {
  readonly id: number
  readonly project: string
  readonly name: string
  /** Counts from 1 within a name. */
  readonly version: number
  readonly type: 'text' | 'chat'
  readonly template: string | readonly ChatMessageTemplate[]
  readonly templateFormat: TemplateFormat
  readonly description: string | null
  /** The model this prompt was written for, as `provider:model`, if its author said so. */
  readonly model: string | null
  readonly parameters: JsonObject
  readonly createdBy: string | null
  /** ISO 8601, UTC. */
  readonly createdAt: string
}

/** What to do with a variable that was not given: throw a TemplateVariableError (the default), keep its placeholder, or write nothing. */
export interface CompileOptions {
  readonly onMissing?: 'throw' | 'keep' | 'empty'
}

/** What the answers for text and for chat prompts have in common. */
interface PromptFields extends Omit<PromptContent, 'type' | 'template'>, Provenance {
  readonly isActive: boolean
  /** The labels that point at this version. */
  readonly labels: readonly string[]
  /** The variables the template needs. */
  readonly variables: readonly string[]
  /** Why this version was chosen. */
  readonly selection: Selection
}

/** One version of a text prompt. */
export interface TextPrompt extends PromptFields {
  readonly type: 'text'
  readonly template: string
  /**
   * Fills in the template.
   *
   * @throws {TemplateVariableError} when variables are missing; it names all of them
   */
  compile(variables?: Readonly<Record<string, unknown>>, options?: CompileOptions): string
}

/** One version of a chat prompt. */
export interface ChatPrompt extends PromptFields {
  readonly type: 'chat'
  readonly template: readonly ChatMessageTemplate[]
  /**
   * Fills in the messages of the template, and puts the caller's own in the places of its placeholders.
   *
   * @throws {TemplateVariableError} when variables are missing; it names all of them
   */
  compile(variables?: Readonly<Record<string, unknown>>, options?: CompileOptions): ChatMessage[]
}

/** One version of a prompt, as an answer: frozen, and shared by everybody who asks. `type` tells text and chat prompts apart. */
export type Prompt = TextPrompt | ChatPrompt
