import type { Message } from '../entities/message.js'
import type { ChatResult } from './llm-client.js'

/**
 * An answer as the message that continues its conversation: with tool calls, thoughts, and the metadata that the provider expects back.
 *
 * @example
 * ```ts
 * const question: Message = { role: 'user', content: 'And in one sentence?' }
 * const result = await ollama.chat({ model: 'qwen3:14b', messages: [question] })
 * const history: Message[] = [question, assistantMessage(result)]
 * ```
 */
export function assistantMessage({
  message,
  text,
  thinking,
  toolCalls,
}: Pick<ChatResult, 'message' | 'text' | 'thinking' | 'toolCalls'>): Message {
  return (
    message ?? {
      role: 'assistant',
      content: text === '' && toolCalls.length > 0 ? null : text,
      ...(thinking !== undefined && { thinking }),
      ...(toolCalls.length > 0 && { toolCalls }),
    }
  )
}
