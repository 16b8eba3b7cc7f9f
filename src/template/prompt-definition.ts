import type { CompileOptions } from '../entities/prompt.js'
import type {
  ChatContentTemplate,
  ChatMessage,
  ChatMessageTemplate,
  ChatPlaceholder,
  TemplateFormat,
  TemplateType,
} from '../entities/template.js'
import type { StandardSchema } from '../shared/standard-schema.js'

export interface PromptDefinitionOptions<Variables> {
  /** The prompt's name in the store. */
  readonly name: string
  /**
   * The variables that callers give: a schema of valibot, zod, arktype or another library with the Standard Schema interface. It has to validate
   * synchronously. Without one, any variables are taken.
   */
  readonly variables?: StandardSchema<Variables, unknown>
  /** Served while the store has no such prompt, and written by `prompts.ensure`. */
  readonly fallback?: string | readonly ChatMessageTemplate[]
  /** @default by the fallback: a string is `text`, a list is `chat` */
  readonly type?: TemplateType
  /** How variables are written in the fallback. @default 'f-string' */
  readonly templateFormat?: TemplateFormat
}

/**
 * A prompt as the code that uses it knows it: its name, its variables, and the text to use while the store has none. `Compiled` is what
 * `compile` gives: a string, or messages.
 */
export interface PromptDefinition<Variables = unknown, Compiled = unknown> {
  readonly name: string
  readonly variables?: StandardSchema<Variables, unknown>
  readonly fallback?: string | readonly ChatMessageTemplate[]
  readonly type?: TemplateType
  readonly templateFormat: TemplateFormat
  /** For the compiler alone; there is no such property. */
  readonly '~types'?: { readonly compiled: Compiled }
}

/** A message whose content is text, and the place for the caller's own: what `ChatMessage` describes when it is compiled. */
export type TextMessageTemplate = (Omit<ChatContentTemplate, 'content'> & { readonly content: string }) | ChatPlaceholder

/** What `compile` gives for a definition that may be of either type. */
export type CompiledBy<Compiled> = unknown extends Compiled ? string | ChatMessage[] : Compiled

/** What `compile` takes for a definition: the variables may be left out only when none is required. */
export type CompileArguments<Variables> =
  Record<never, never> extends Variables
    ? [variables?: Variables, options?: CompileOptions]
    : [variables: Variables, options?: CompileOptions]
