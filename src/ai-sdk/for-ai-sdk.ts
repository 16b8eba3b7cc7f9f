import type { CacheMark, Message, MessagePart } from '../entities/message.js'
import { toMessages } from '../llm/to-messages.js'
import { isTextPart, messageText } from '../shared/message-parts.js'
import { promptOf } from './prompt-messages.js'

/** What this needs of a prompt: those of a manager and of `definePrompt` have it. */
export interface CompilablePrompt {
  compile(variables?: never): string | readonly { readonly role: string; readonly content: unknown }[]
}

/** A message as `generateText` and `streamText` of the AI SDK take it. */
export type AISDKMessage =
  | { role: 'user'; content: string | AISDKUserPart[] }
  | { role: 'assistant'; content: string | AISDKAssistantPart[] }
  | { role: 'tool'; content: AISDKToolResult[] }

interface Options {
  providerOptions?: Record<string, Record<string, never>>
}

/** A part of a user's message. */
export type AISDKUserPart = Options &
  ({ type: 'text'; text: string } | { type: 'file'; data: string | Uint8Array | URL; mediaType: string; filename?: string })

/** A part of an assistant's message. */
export type AISDKAssistantPart = Options &
  (
    | { type: 'text'; text: string }
    | { type: 'reasoning'; text: string }
    | { type: 'tool-call'; toolCallId: string; toolName: string; input: unknown }
  )

/** The result of a tool. */
export type AISDKToolResult = Options & {
  type: 'tool-result'
  toolCallId: string
  toolName: string
  output: { type: 'text'; value: string }
}

/** A system message with options, such as a cache mark. */
export type AISDKInstructions = string | (Options & { role: 'system'; content: string })[]

/** A compiled prompt for the AI SDK: spread it into `generateText({ model, ...forAISDK(prompt, variables) })`. */
export interface AISDKPrompt {
  /** What the prompt's system messages say, for ai 7. Absent without any. */
  instructions?: AISDKInstructions
  /** The same under the name that ai 6 knows. ai 7 reads `instructions` first. */
  system?: AISDKInstructions
  messages: AISDKMessage[]
}

/**
 * Compiles a prompt into what the AI SDK's functions take: system messages apart, because ai 7 refuses them among
 * `messages`, and everything else as their messages. A text prompt becomes one message of a user.
 *
 * @throws {TemplateVariableError} when variables are missing
 * @example
 * ```ts
 * const prompt = await manager.getPrompt('greeting')
 * const { text } = await generateText({ model: toAISDK(ollama, 'qwen3:14b'), ...forAISDK(prompt!, { name: 'Ada' }) })
 * ```
 */
export function forAISDK(prompt: CompilablePrompt, variables?: Readonly<Record<string, unknown>>): AISDKPrompt {
  const compiled = prompt.compile(variables as never)
  const messages: readonly Message[] =
    typeof compiled === 'string' ? [{ role: 'user', content: compiled }] : toMessages(compiled as readonly Message[])
  const system = messages.filter(isSystem)
  const instructions = instructionsOf(system)
  return {
    ...(instructions !== undefined && { instructions, system: instructions }),
    messages: joined(
      promptOf(
        messages.filter((message) => !isSystem(message)),
        'v3',
      ) as AISDKMessage[],
    ),
  }
}

function isSystem({ role }: Message): boolean {
  return role === 'system' || role === 'developer'
}

/** One text when no system message has options; else messages with their options. */
function instructionsOf(system: readonly Message[]): AISDKInstructions | undefined {
  if (system.length === 0) return undefined
  const marked = system.map((message) => ({ ...message, content: messageText(message), ...cacheOf(message) }))
  const given = promptOf(marked, 'v3') as (Options & { role: 'system'; content: string })[]
  return given.some(({ providerOptions }) => providerOptions) ? given : given.map(({ content }) => content).join('\n\n')
}

/** A cache mark on a part of a system message becomes one on the message, since its parts are joined. */
function cacheOf({ cache, content }: Message): { readonly cache?: CacheMark } {
  const marks = Array.isArray(content) ? content.map((part: MessagePart) => (isTextPart(part) ? part.cache : undefined)) : []
  const mark = cache ?? marks.findLast((each) => each !== undefined)
  return mark === undefined ? {} : { cache: mark }
}

/** Texts alone are strings, and results of tools that follow each other one message. */
function joined(messages: readonly AISDKMessage[]): AISDKMessage[] {
  const list: AISDKMessage[] = []
  for (const message of messages) {
    const last = list.at(-1)
    if (message.role === 'tool' && last?.role === 'tool') last.content.push(...message.content)
    else list.push(withPlainText(message))
  }
  return list
}

function withPlainText(message: AISDKMessage): AISDKMessage {
  const [only, ...more] = message.content as readonly AISDKUserPart[]
  const isPlain = message.role !== 'tool' && only?.type === 'text' && more.length === 0 && !only.providerOptions
  return isPlain ? ({ ...message, content: only.text } as AISDKMessage) : message
}
