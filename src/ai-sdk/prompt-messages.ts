import type {
  CacheMark,
  FilePart,
  ImagePart,
  Message,
  MessagePart,
  OpaquePart,
  PartFields,
  ProviderFields,
  ProviderRecord,
  ToolCall,
} from '../entities/message.js'
import { mediaOf, partsOf } from '../llm/media.js'
import { toMessages } from '../llm/to-messages.js'
import { parsedText } from '../llm/wire-values.js'
import { isFilePart, isImagePart, isReasoningPart, isTextPart, messageText } from '../shared/message-parts.js'

/** Messages as the prompt of an AI SDK model, of any version of its specification. */
export function promptOf(messages: readonly Message[], version: string): unknown[] {
  const own = toPlacedMessages(messages)
  const names = new Map(own.flatMap(({ toolCalls = [] }) => toolCalls.map(({ id, name }) => [id, name])))
  // OpenAI's results of tools name only the call, and the AI SDK needs the tool's name too.
  return own
    .filter(saysSomething)
    .map((message) => promptMessage({ ...message, toolName: message.toolName ?? names.get(message.toolCallId ?? '') ?? '' }, version))
}

/** Providers refuse a turn of the assistant without anything in it. */
function saysSomething(message: Message): boolean {
  return message.role !== 'assistant' || Boolean(message.toolCalls?.length) || partsOf(message).length > 0
}

/** `toMessages` drops the position of tool calls among the parts, which the AI SDK needs. */
function toPlacedMessages(messages: readonly Message[]): readonly Message[] {
  return messages.flatMap((message) => {
    const isPlaced = message.role === 'assistant' && message.toolCalls && Array.isArray(message.content)
    return isPlaced ? [message] : toMessages([message])
  })
}

function promptMessage(message: Message, version: string): unknown {
  const { role, toolName = '', toolCallId = '' } = message
  const own = withOptions(message)
  if (role === 'system' || role === 'developer') return { role: 'system', content: messageText(message), ...own }
  if (role === 'tool') {
    return { role, content: [{ type: 'tool-result', toolCallId, toolName, output: outputOf(message, version), ...own }] }
  }
  const parts = contentOf(message)
  const calls = [...(message.toolCalls ?? [])]
  const content = parts.map((part) => {
    const at = part.type === 'tool-call' ? calls.findIndex(({ id }) => id === (part as OpaquePart).toolCallId) : -1
    return at < 0 ? promptPart(part, version) : callPart(calls.splice(at, 1)[0] as ToolCall)
  })
  return { role, content: [...content, ...calls.map(callPart)], ...own }
}

/** A user's message has content even if it is an empty text. */
function contentOf(message: Message): MessagePart[] {
  const parts = partsOf(message)
  return parts.length === 0 && message.role === 'user' ? [{ type: 'text', text: '' }] : parts
}

function promptPart(part: MessagePart, version: string): unknown {
  const own = withOptions(part as PartFields)
  if (isTextPart(part)) return { type: 'text', text: part.text, ...own }
  if (isReasoningPart(part)) return { type: 'reasoning', text: part.text, ...own }
  if (isImagePart(part) || isFilePart(part)) return { ...filePart(part, version), ...own }
  return part
}

/** v4 says whether it is bytes or an address; before it, an address is a URL object. */
function filePart(part: ImagePart | FilePart, version: string): object {
  const { url, base64, mediaType = part.type === 'image' ? 'image/*' : 'application/octet-stream' } = mediaOf(part)
  const bytes = part.data instanceof Uint8Array ? part.data : base64
  const data =
    version === 'v4'
      ? url === undefined
        ? { type: 'data', data: bytes }
        : { type: 'url', url: new URL(url) }
      : url === undefined
        ? bytes
        : new URL(url)
  const filename = part.type === 'file' ? (part as FilePart).filename : undefined
  return { type: 'file', mediaType, data, ...(filename !== undefined && { filename }) }
}

function callPart(call: ToolCall): object {
  return { type: 'tool-call', toolCallId: call.id, toolName: call.name, input: parsedText(call.input) ?? {}, ...withOptions(call) }
}

function outputOf(message: Message, version: string): object {
  const parts = partsOf(message)
  if (parts.every(isTextPart)) return { type: 'text', value: messageText(message) }
  const value = parts.map((part) => (isImagePart(part) || isFilePart(part) ? mediaOutput(part, version) : promptPart(part, version)))
  return { type: 'content', value }
}

function mediaOutput(part: ImagePart | FilePart, version: string): object {
  const { url, base64, mediaType = 'image/*' } = mediaOf(part)
  if (version === 'v2') return { type: 'media', data: base64 ?? url, mediaType }
  return url === undefined ? { type: 'file-data', data: base64, mediaType } : { type: 'file-url', url }
}

/** What the provider said goes back to it among the options, as the AI SDK has it; a cache mark is Anthropic's. */
function withOptions({ providerMetadata, providerOptions, cache }: ProviderFields & { readonly cache?: CacheMark }): {
  providerOptions?: ProviderRecord
} {
  const marks = cache === undefined ? {} : { anthropic: { cacheControl: { type: 'ephemeral', ...(cache !== true && { ttl: cache }) } } }
  const names = Object.keys({ ...marks, ...providerMetadata, ...providerOptions })
  if (names.length === 0) return {}
  const entries = names.map((name) => [
    name,
    { ...(marks as ProviderRecord)[name], ...providerMetadata?.[name], ...providerOptions?.[name] },
  ])
  return { providerOptions: Object.fromEntries(entries) }
}
