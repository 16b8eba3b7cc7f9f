import { MESSAGE_ROLES, type Message } from '../entities/message.js'
import { InvalidArgumentError, LLMError } from '../shared/errors.js'
import { listOf, recordOf } from './wire-values.js'

/**
 * Refuses what is no list of messages. Only its form is looked at: parts of unknown types are the provider's to judge.
 *
 * @throws {InvalidArgumentError} that names the field: `messages[3].content`
 */
export function checkMessages(messages: readonly Message[]): void {
  if (!Array.isArray(messages)) throw new InvalidArgumentError('messages', 'must be a list')
  messages.forEach((message, at) => {
    const [field, expected] = faultOf(message) ?? []
    if (expected) throw new InvalidArgumentError(`messages[${at}]${field}`, `must be ${expected}`)
  })
}

/**
 * The same before a request is sent. Calls and results of tools in another library's words are refused: they would be lost
 * without a word.
 *
 * @param takesToolCalls whether the server takes OpenAI's `tool_calls` as they are
 * @throws {LLMError} with reason `bad_request` that names the field
 */
export function checkRequest(provider: string, model: string, messages: readonly Message[], takesToolCalls: boolean): void {
  const facts = { reason: 'bad_request', provider, model } as const
  try {
    checkMessages(messages)
  } catch (cause) {
    throw new LLMError(`${(cause as Error).message}.`, { ...facts, cause })
  }
  const at = messages.findIndex((message) => !message.toolCalls && hasForeignCalls(message, takesToolCalls))
  if (at >= 0) throw new LLMError(`messages[${at}] must go through toMessages() first.`, facts)
}

/** Where a message is none, and what should be there. */
function faultOf(message: unknown): readonly [string, string] | undefined {
  const { role, content, toolCalls } = recordOf(message) ?? {}
  if (!MESSAGE_ROLES.includes(role as never)) return ['.role', MESSAGE_ROLES.join(', ')]
  if (toolCalls && !Array.isArray(toolCalls)) return ['.toolCalls', 'a list']
  const place = listOf(content).findIndex((part) => typeof recordOf(part)?.type !== 'string')
  if (place >= 0) return [`.content[${place}]`, 'a part with a type']
  // A message with tool calls may have none.
  return content == null || typeof content === 'string' || Array.isArray(content) ? undefined : ['.content', 'a text or a list of parts']
}

function hasForeignCalls(message: Message, takesToolCalls: boolean): boolean {
  if (!takesToolCalls && listOf((message as { readonly tool_calls?: unknown }).tool_calls).length > 0) return true
  return Array.isArray(message.content) && message.content.some(({ type }) => /^tool[-_](?:call|use|result)$/.test(type))
}
