import type { Message, MessagePart, OpaquePart, ProviderRecord, ToolCall } from '../entities/message.js'
import { jsonText, listOf, parsedText, recordOf, stringOf } from './wire-values.js'

/**
 * A history in the form of this package, from that of OpenAI (`tool_calls`, `tool_call_id`, `image_url`) or of
 * the AI SDK (parts of type `tool-call` and `tool-result`). Messages that have our form already stay the same objects.
 *
 * @example
 * ```ts
 * const history = [{ role: 'assistant' as const, content: null, tool_calls: [{ id: '1', type: 'function', function: { name: 'time',
 * arguments: '{}' } }] }]
 * toMessages(history) // [{ role: 'assistant', content: null, toolCalls: [{ id: '1', name: 'time', input: {} }] }]
 * ```
 */
export function toMessages(messages: readonly Message[]): readonly Message[] {
  return messages.every(isOwn) ? messages : messages.flatMap(ownMessage)
}

type Foreign = Message & { readonly tool_calls?: unknown; readonly tool_call_id?: unknown; readonly name?: unknown }

const FOREIGN_PARTS: readonly string[] = ['image_url', 'tool-call', 'tool-result']

function isOwn(message: Message): boolean {
  if ('tool_calls' in message || 'tool_call_id' in message) return false
  return typeof message.content === 'string' || !message.content?.some(isForeignPart)
}

function isForeignPart(part: MessagePart): boolean {
  return (
    FOREIGN_PARTS.includes(part.type) || (part.type === 'image' && 'image' in part) || (part.type === 'file' && part.data instanceof URL)
  )
}

function ownMessage(message: Message): Message[] {
  if (isOwn(message)) return [message]
  const { tool_calls, tool_call_id, name, ...rest } = message as Foreign
  const parts = listOf(message.content) as readonly OpaquePart[]
  const results = parts.filter(({ type }) => type === 'tool-result')
  if (message.role === 'tool' && results.length > 0) return results.map(toolResult)
  // The message lists its tool calls too, so a part of type `tool-call` only says where the call stood.
  const known = new Set<unknown>(message.toolCalls?.map(({ id }) => id))
  const toolCalls = [
    ...(message.toolCalls ?? []),
    ...listOf(tool_calls).map(openAIToolCall),
    ...parts.filter(({ type, toolCallId }) => type === 'tool-call' && !known.has(toolCallId)).map(sdkToolCall),
  ]
  return [
    {
      ...rest,
      content: typeof message.content === 'string' || message.content === null ? message.content : ownParts(parts),
      ...(toolCalls.length > 0 && { toolCalls }),
      ...(typeof tool_call_id === 'string' && { toolCallId: tool_call_id }),
      ...(message.role === 'tool' && typeof name === 'string' && { toolName: name }),
    },
  ]
}

function ownParts(parts: readonly OpaquePart[]): MessagePart[] {
  return parts.filter(({ type }) => type !== 'tool-call' && type !== 'tool-result').map(ownPart)
}

function ownPart(part: OpaquePart): MessagePart {
  if (part.type === 'image_url') {
    const { image_url, ...rest } = part
    const { url = image_url, ...openai } = recordOf(image_url) ?? {}
    return {
      ...rest,
      type: 'image',
      url: String(url),
      ...(Object.keys(openai).length > 0 && { providerOptions: { openai } }),
    } as MessagePart
  }
  if (!isForeignPart(part)) return part
  const { image, data = image, ...rest } = part
  const text = data instanceof URL ? data.href : data
  return typeof text === 'string' && /^(?:https?|data):/i.test(text) ? { ...rest, url: text } : { ...rest, data: text }
}

function openAIToolCall(call: unknown): ToolCall {
  const { id, function: called } = recordOf(call) ?? {}
  const { name, arguments: input } = recordOf(called) ?? {}
  return { id: String(id ?? ''), name: String(name ?? ''), input: input === '' ? {} : parsedText(input) }
}

function sdkToolCall({ toolCallId, toolName, input, args, providerOptions }: OpaquePart): ToolCall {
  return {
    id: String(toolCallId),
    name: String(toolName),
    input: input ?? args,
    ...(recordOf(providerOptions) && { providerOptions: providerOptions as ProviderRecord }),
  }
}

function toolResult({ toolCallId, toolName, output, result }: OpaquePart): Message {
  const { type, value, reason } = recordOf(output) ?? { value: result }
  const said = type === 'execution-denied' ? (reason ?? 'The tool was not allowed to run.') : value
  const content =
    type === 'content' ? (listOf(said) as MessagePart[]) : (stringOf(said) ?? (typeof said === 'string' ? said : jsonText(said)))
  return { role: 'tool', content, toolCallId: String(toolCallId), toolName: String(toolName) }
}
