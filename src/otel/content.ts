import type { Message } from '../entities/message.js'
import type { ChatResult } from '../llm/llm-client.js'

/** Longest content of one attribute, in characters: exporters refuse spans of many megabytes as a whole. */
const LONGEST = 64 * 1024

/** Messages as JSON, for spans of hosts that asked for content. Bytes are told by their number. */
export function messagesOf(messages: readonly Message[]): string {
  return jsonOf(messages)
}

/** An answer as JSON. */
export function contentOf({ text, thinking, toolCalls, finishReason }: ChatResult): string {
  const parts = [
    ...(thinking === undefined ? [] : [{ type: 'reasoning', content: thinking }]),
    ...(text === '' ? [] : [{ type: 'text', content: text }]),
    ...toolCalls.map(({ id, name, input }) => ({ type: 'tool_call', id, name, arguments: input })),
  ]
  return jsonOf([{ role: 'assistant', parts, finish_reason: finishReason }])
}

function jsonOf(value: unknown): string {
  try {
    const text = JSON.stringify(value, (_key, part: unknown) => (part instanceof Uint8Array ? `${part.length} bytes` : part))
    return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text
  } catch {
    return '"content that has no JSON form"'
  }
}
