import type { Message, MessagePart, OpaquePart } from '../entities/message.js'
import { checkMessages } from './check-messages.js'
import { callOfOpenAI, callOfPart, isCallPart, isForeignPart, isOpenAIPart, isResultPart, optionsFor, ownPart } from './foreign-parts.js'
import { jsonText, listOf, recordOf, stringOf } from './wire-values.js'

/**
 * A history in this package's words, from the words of its host: OpenAI's `tool_calls`, `tool_call_id` and parts, the AI SDK's parts of
 * type `tool-call` and `tool-result`, Anthropic's blocks (`tool_use`, `tool_result`, `thinking`, sources, `cache_control`). Messages in
 * our words stay the same objects.
 *
 * @throws {InvalidArgumentError} for what is no list of messages; it names the field, such as `messages[3].content`
 * @example
 * ```ts
 * const history = [{ role: 'assistant' as const, content: null, tool_calls: [{ id: '1', type: 'function', function: { name: 'time',
 * arguments: '{}' } }] }]
 * toMessages(history) // [{ role: 'assistant', content: null, toolCalls: [{ id: '1', name: 'time', input: {} }] }]
 * ```
 */
export function toMessages(messages: readonly Message[]): readonly Message[] {
  checkMessages(messages)
  return translated(messages, (message) => 'tool_calls' in message || 'tool_call_id' in message || has(message, isOpenAIPart))
}

/** The same, but an assistant's message that says where its tool calls stood stays as it is: the AI SDK's providers want to know. */
export function toPlacedMessages(messages: readonly Message[]): readonly Message[] {
  checkMessages(messages)
  const isPlaced = ({ role, toolCalls, content }: Message): boolean => role === 'assistant' && !!toolCalls && Array.isArray(content)
  return messages.flatMap((message) => (isPlaced(message) ? [message] : toMessages([message])))
}

/** The same for a server that speaks like OpenAI: what is written in its words stays. */
export function forOpenAI(messages: readonly Message[]): readonly Message[] {
  checkMessages(messages)
  return translated(messages, () => false)
}

function translated(messages: readonly Message[], isAlsoForeign: (message: Message) => boolean): readonly Message[] {
  const isForeign = (message: Message): boolean => has(message, isForeignPart) || isAlsoForeign(message)
  return messages.some(isForeign) ? messages.flatMap((message) => (isForeign(message) ? ownMessages(message) : [message])) : messages
}

function has({ content }: Message, is: (part: MessagePart) => boolean): boolean {
  return Array.isArray(content) && content.some(is)
}

type Foreign = Message & { readonly tool_calls?: unknown; readonly tool_call_id?: unknown; readonly name?: unknown }

/** One message for each result of a tool, and one for what else there is, after them: results follow the calls. */
function ownMessages(message: Message): Message[] {
  const { tool_calls, tool_call_id, name, ...rest } = message as Foreign
  const { role, content } = message
  const parts = listOf(content) as readonly OpaquePart[]
  const results = role === 'tool' || role === 'user' ? parts.filter(isResultPart).map(toolResult) : []
  const others = parts.filter((part) => !isCallPart(part) && !isResultPart(part))
  if (results.length > 0 && (role === 'tool' || others.length === 0)) return results
  // The message may list its tool calls too: then a part of type `tool-call` only says where the call stood.
  const known = new Set<unknown>(message.toolCalls?.map(({ id }) => id))
  const toolCalls = [
    ...(message.toolCalls ?? []),
    ...listOf(tool_calls).map(callOfOpenAI),
    ...parts
      .filter(isCallPart)
      .map(callOfPart)
      .filter(({ id }) => !known.has(id)),
  ]
  return [
    ...results,
    {
      ...rest,
      content: Array.isArray(content) ? others.map(ownPart) : (content ?? null),
      ...(toolCalls.length > 0 && { toolCalls }),
      ...(typeof tool_call_id === 'string' && { toolCallId: tool_call_id }),
      ...(typeof name === 'string' && (role === 'tool' ? { toolName: name } : { name })),
    },
  ]
}

/** The result that a part of type `tool-result` or `tool_result` is. */
function toolResult(part: OpaquePart): Message {
  const { tool_use_id, toolCallId = tool_use_id, toolName, output, result, content: blocks = '', is_error, cache_control } = part
  const isAnthropic = tool_use_id !== undefined
  const { type, value, reason } = recordOf(output) ?? (isAnthropic ? { type: 'content', value: blocks } : { value: result })
  const said = type === 'execution-denied' ? (reason ?? 'The tool was not allowed to run.') : value
  return {
    role: 'tool',
    content:
      type === 'content' && Array.isArray(said)
        ? (said as readonly OpaquePart[]).map(ownPart)
        : (stringOf(said) ?? (typeof said === 'string' ? said : jsonText(said))),
    toolCallId: String(toolCallId),
    ...(toolName !== undefined && { toolName: String(toolName) }),
    ...optionsFor('anthropic', { is_error, cache_control }),
  }
}
