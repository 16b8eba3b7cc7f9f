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

/** Who speaks in a message. */
export type ChatRole = 'system' | 'user' | 'assistant' | 'tool'

/** Every role a message can have. */
export const CHAT_ROLES = ['system', 'user', 'assistant', 'tool'] as const satisfies readonly ChatRole[]

/** A message as a model gets it. */
export interface ChatMessage {
  readonly role: ChatRole
  readonly content: string
}

/** A message whose content is a template. */
export interface ChatContentTemplate {
  readonly role: ChatRole
  /** Text in the prompt's template format. */
  readonly content: string
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
