import type { CacheMark, ProviderRecord } from './message.js'

/**
 * How variables are written in a prompt.
 *
 * - `f-string`: `{name}` is a variable, `{{` and `}}` are literal braces. The default.
 * - `mustache`: `{{name}}` and `{{a.b}}` are variables, `{{#x}}…{{/x}}` and `{{^x}}…{{/x}}` sections; a single brace is literal.
 * - `raw`: nothing is a variable.
 */
export type TemplateFormat = 'f-string' | 'mustache' | 'raw'

/** Every template format, the default first. */
export const TEMPLATE_FORMATS = ['f-string', 'mustache', 'raw'] as const satisfies readonly TemplateFormat[]

/** `text` is one string, `chat` a list of messages. */
export type TemplateType = 'text' | 'chat'

/** Who speaks in a message of a template. Messages of a placeholder may have any role of `MessageRole`. */
export type ChatRole = 'system' | 'user' | 'assistant'

/**
 * A message as a model gets it, where its content is text: the form that OpenAI's and the AI SDK's types take as it is. Content parts and
 * the caller's own messages for a placeholder are more than this type says; `toOpenAIMessages`, `toAnthropicMessages` and `forAISDK` take all.
 */
export interface ChatMessage {
  readonly role: ChatRole
  readonly content: string
}

/** What messages and content parts of a template have in common. */
export interface ChatTemplateFields {
  /** Everything up to the end of this message or part should be kept by the provider: `true` and `'5m'` for five minutes, `'1h'` for an hour. */
  readonly cache?: CacheMark
  /** For one provider, by its name; never read as a template. */
  readonly providerOptions?: ProviderRecord
}

/** Text among the content parts of a message. */
export interface ChatTextTemplate extends ChatTemplateFields {
  readonly type: 'text'
  /** Text in the prompt's template format. */
  readonly text: string
}

/** A picture or a file among the content parts of a message: `{ type: 'image', url: '{photo}' }`. Every text is in the template format. */
export interface ChatMediaTemplate extends ChatTemplateFields {
  readonly type: 'image' | 'file'
  /** `https:` or `data:`; either this or `data`. */
  readonly url?: string
  /** Base64. Of one variable alone the value may be bytes, which stay bytes. */
  readonly data?: string
  readonly mediaType?: string
  readonly filename?: string
}

/** A part of a type that this package does not know. It is carried as it is, and never read as a template. */
export interface ChatOpaqueTemplate {
  readonly type: string
  readonly [field: string]: unknown
}

/** One part of a message's content. */
export type ChatPartTemplate = ChatTextTemplate | ChatMediaTemplate | ChatOpaqueTemplate

/** A message whose content is a template. */
export interface ChatContentTemplate extends ChatTemplateFields {
  readonly role: ChatRole
  /** Text in the prompt's template format, or content parts. */
  readonly content: string | readonly ChatPartTemplate[]
}

/** The place where the caller's own messages go, such as the conversation so far. */
export interface ChatPlaceholder {
  /** The variable that holds the messages. */
  readonly placeholder: string
  /** Whether the variable may be left out; no messages stand there then. @default false */
  readonly optional?: boolean
}

/** One entry of a chat template: a message, or the place for the caller's messages. */
export type ChatMessageTemplate = ChatContentTemplate | ChatPlaceholder
