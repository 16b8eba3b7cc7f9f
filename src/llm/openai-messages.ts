import type { FilePart, ImagePart, Message, MessagePart, ProviderFields } from '../entities/message.js'
import { LLMError } from '../shared/errors.js'
import { isFilePart, isImagePart, isReasoningPart, isTextPart, messageText } from '../shared/message-parts.js'
import { isOpenAIPart } from './foreign-parts.js'
import { addressOfMedia, mediaOf, partsOf } from './media.js'
import { present } from './present.js'
import { forOpenAI } from './to-messages.js'
import { jsonText, listOf } from './wire-values.js'

/** A part of a user's message as OpenAI has it. */
export type OpenAIPart =
  | { type: 'text'; text: string }
  | { type: 'image_url'; image_url: { url: string } }
  | { type: 'file'; file: { file_data: string; filename?: string } }
  | { type: 'input_audio'; input_audio: { data: string; format: 'wav' | 'mp3' } }

/** A tool call as OpenAI has it. */
export interface OpenAIToolCall {
  id: string
  type: 'function'
  function: { name: string; arguments: string }
}

/** A message as OpenAI's chat completions, and the servers that speak like them, take it. */
export type OpenAIMessage =
  | { role: 'system'; content: string }
  | { role: 'developer'; content: string }
  | { role: 'user'; content: string | OpenAIPart[] }
  | { role: 'assistant'; content: string | null; tool_calls?: OpenAIToolCall[] }
  | { role: 'tool'; content: string; tool_call_id: string }

/**
 * Messages as the `openai` package's chat completions take them. Nothing is sent and nothing is changed.
 *
 * Bytes become `data:` addresses, tool calls JSON text. `providerMetadata` and `providerOptions` under `openai` are laid
 * over the message, part or tool call they stand at; thoughts and cache marks, which chat completions have no words for,
 * are left out, and parts of unknown types are passed on as they are. Pictures and files of tool results follow in a message of the user,
 * since chat completions take them from nobody else.
 *
 * @throws {LLMError} with reason `unsupported` for a picture or a file of an assistant or in a system message, with `bad_request` for arguments of a tool that have no JSON: they contain themselves, or are too deep
 * @example
 * ```ts
 * toOpenAIMessages([{ role: 'user', content: [{ type: 'image', url: 'https://example.com/cat.png' }] }])
 * // [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'https://example.com/cat.png' } }] }]
 * ```
 */
export function toOpenAIMessages(messages: readonly Message[]): OpenAIMessage[] {
  return openAIMessages(forOpenAI(messages), 'openai', 'developer')
}

/**
 * Messages in OpenAI's words. Only users may show pictures and files: those of tool results stand in a message of the user behind all
 * results of that turn, and others are refused.
 *
 * @param provider whose metadata and options are laid over messages
 * @param developer what the role `developer` is called: many servers do not know it, while all know `system`, and OpenAI takes either
 */
export function openAIMessages(messages: readonly Message[], provider: string, developer: 'developer' | 'system'): OpenAIMessage[] {
  const sent: OpenAIMessage[] = []
  let shown: OpenAIPart[] = []
  messages.forEach((message, at) => {
    const { role } = message
    sent.push(openAIMessage(message, provider, developer))
    const media = role === 'user' || (typeof message.content === 'string' && !message.images) ? [] : partsOf(message).filter(isMedia)
    if (role === 'tool') shown.push(...media.map((part) => openAIPart(part, provider)))
    else if (media.length > 0)
      throw new LLMError(`A message of role ${role} cannot show a picture or a file.`, { reason: 'unsupported', provider })
    if (shown.length > 0 && messages[at + 1]?.role !== 'tool') {
      sent.push({ role: 'user', content: shown })
      shown = []
    }
  })
  return sent
}

function isMedia(part: MessagePart): boolean {
  return isImagePart(part) || isFilePart(part) || isOpenAIPart(part)
}

function openAIMessage(message: Message, provider: string, developer: string): OpenAIMessage {
  const { role, content, toolCalls, toolCallId = '' } = message
  const own = { ...theirWords(message), ...fieldsFor(message, provider) }
  if (role === 'user') return { role, content: userContent(message, provider), ...own } as OpenAIMessage
  const text = messageText(message)
  if (role === 'tool') return { role, content: text, tool_call_id: toolCallId, ...own } as OpenAIMessage
  if (role !== 'assistant') return { role: role === 'developer' ? developer : role, content: text, ...own } as OpenAIMessage
  const tool_calls = toolCalls?.map((call) => ({
    id: call.id,
    type: 'function' as const,
    function: { name: call.name, arguments: typeof call.input === 'string' ? call.input : jsonText(call.input ?? {}) },
    ...fieldsFor(call, provider),
  }))
  return {
    role,
    content: text === '' && (content == null || tool_calls?.length) ? null : text,
    ...(tool_calls?.length && { tool_calls }),
    ...own,
  } as OpenAIMessage
}

function userContent(message: Message, provider: string): string | OpenAIPart[] {
  if (typeof message.content === 'string' && !message.images) return message.content
  const parts = partsOf({ content: message.content, images: message.images ?? [] })
  return parts.every((part) => isTextPart(part) && !part.providerOptions)
    ? messageText({ content: parts })
    : parts.filter((part) => !isReasoningPart(part)).map((part) => openAIPart(part, provider))
}

function openAIPart(part: MessagePart, provider: string): OpenAIPart {
  const own = fieldsFor(part as ProviderFields, provider)
  if (isTextPart(part)) return { type: 'text', text: part.text, ...own }
  // A part that only this provider knows.
  if (!isImagePart(part) && !isFilePart(part)) return part as unknown as OpenAIPart
  return mediaPart(part, own)
}

/** @param own laid over what describes the medium: `detail` of a picture stands beside its address */
function mediaPart(part: ImagePart | FilePart, own: object): OpenAIPart {
  const media = mediaOf(part)
  const { base64, mediaType = '' } = media
  if (part.type === 'image' || mediaType.startsWith('image/'))
    return { type: 'image_url', image_url: { url: addressOfMedia(media), ...own } }
  const sound = base64 === undefined ? null : /^audio\/(wav|mp3|mpeg)/.exec(mediaType)
  if (sound) return { type: 'input_audio', input_audio: { data: base64 as string, format: sound[1] === 'wav' ? 'wav' : 'mp3', ...own } }
  return { type: 'file', file: { file_data: addressOfMedia(media), ...present({ filename: part.filename }), ...own } }
}

/** Fields that OpenAI's messages have and ours do not, in a history that came from an OpenAI-compatible server. */
function theirWords({ role, content, ...message }: Message): object {
  const { name, refusal, audio, function_call, tool_calls, tool_call_id, reasoning_content, reasoning_details } = message as {
    readonly [word: string]: unknown
  }
  return present({
    name: role === 'tool' ? undefined : name,
    refusal,
    audio,
    function_call,
    tool_calls: listOf(tool_calls).length > 0 ? tool_calls : undefined,
    tool_call_id,
    reasoning_content,
    reasoning_details,
  })
}

/** The metadata and options of a message, a part or a tool call for one provider. */
function fieldsFor({ providerMetadata, providerOptions }: ProviderFields, provider: string): object {
  return { ...providerMetadata?.[provider], ...providerOptions?.[provider] }
}
