import type { MessagePart, OpaquePart, ProviderRecord, ToolCall } from '../entities/message.js'
import { parsedText, recordOf } from './wire-values.js'

/** Parts that are tool calls and results of tools: the AI SDK's and Anthropic's. */
const CALLS: readonly string[] = ['tool-call', 'tool_use']
const RESULTS: readonly string[] = ['tool-result', 'tool_result']

export function isCallPart({ type }: MessagePart): boolean {
  return CALLS.includes(type)
}

export function isResultPart({ type }: MessagePart): boolean {
  return RESULTS.includes(type)
}

/** Whether a part is written in the words of OpenAI's chat completions, which servers that speak like them take as it is. */
export function isOpenAIPart(part: MessagePart): boolean {
  return part.type === 'image_url' || part.type === 'input_audio' || (part.type === 'file' && 'file' in part)
}

/** Whether a part is written in the words of the AI SDK or of Anthropic's Messages API, or is OpenAI's for a refusal, which is a text. */
export function isForeignPart(part: MessagePart): boolean {
  return (
    isCallPart(part) ||
    isResultPart(part) ||
    'cache_control' in part ||
    'source' in part ||
    (part.type === 'image' && 'image' in part) ||
    (part.type === 'file' && part.data instanceof URL) ||
    (part.type === 'thinking' && typeof part.thinking === 'string') ||
    part.type === 'redacted_thinking' ||
    part.type === 'refusal'
  )
}

/** A part in this package's words. What is not understood stays as it is, for the provider that knows it. */
export function ownPart(part: OpaquePart): MessagePart {
  const { cache_control, ...rest } = part
  const mark = recordOf(cache_control)
  return { ...translated(rest as OpaquePart), ...(mark && { cache: (mark.ttl as '1h') ?? true }) }
}

function translated(part: OpaquePart): MessagePart {
  const { type, signature, data } = part
  if (type === 'image_url') {
    const { image_url, ...rest } = part
    const { url = image_url, ...openai } = recordOf(image_url) ?? {}
    return { ...rest, type: 'image', url: String(url), ...optionsFor('openai', openai) }
  }
  if (type === 'input_audio') {
    const { data, format } = recordOf(part.input_audio) ?? {}
    return { type: 'file', data, mediaType: `audio/${format}` }
  }
  if (type === 'refusal') return { type: 'text', text: String(part.refusal) }
  if (type === 'thinking' && typeof part.thinking === 'string') return thought(part.thinking, signature ? { signature } : {})
  if (type === 'redacted_thinking') return thought('', { redactedData: data })
  if (type === 'file' && recordOf(part.file)?.file_data) {
    const { file_data, filename } = recordOf(part.file) ?? {}
    return { type, url: String(file_data), ...(filename !== undefined && { filename }) }
  }
  return recordOf(part.source) ? sourced(part) : located(part)
}

function thought(text: string, anthropic: ProviderRecord[string]): MessagePart {
  return { type: 'reasoning', text, ...(Object.keys(anthropic).length > 0 && { providerMetadata: { anthropic } }) }
}

/** Anthropic's pictures and documents. Those that its server keeps (`file_id`) mean nothing to another. */
function sourced(part: OpaquePart): MessagePart {
  const { type, source, title, ...anthropic } = part
  const { type: kind, media_type: mediaType, data, url } = recordOf(source) ?? {}
  const content = {
    base64: { data, mediaType },
    url: { url },
    text: { data: new TextEncoder().encode(String(data)), mediaType },
  }[String(kind)]
  if (content === undefined) return part
  const filename = typeof title === 'string' && { filename: title }
  return { type: type === 'image' ? 'image' : 'file', ...content, ...filename, ...optionsFor('anthropic', anthropic) }
}

/** The AI SDK's pictures and files, which may be given by a URL object. */
function located(part: OpaquePart): MessagePart {
  if (!isForeignPart(part)) return part
  const { image, data = image, ...rest } = part
  const text = data instanceof URL ? data.href : data
  return typeof text === 'string' && /^(?:https?|data):/i.test(text) ? { ...rest, url: text } : { ...rest, data: text }
}

/** @returns the call that a part of type `tool-call` or `tool_use` is */
export function callOfPart(part: OpaquePart): ToolCall {
  const { toolCallId, id = toolCallId, toolName, name = toolName, args, input = args, providerOptions, cache_control } = part
  return {
    id: String(id),
    name: String(name),
    input,
    ...(recordOf(providerOptions) ? { providerOptions: providerOptions as ProviderRecord } : optionsFor('anthropic', { cache_control })),
  }
}

/** @returns the call of OpenAI's `tool_calls` */
export function callOfOpenAI(call: unknown): ToolCall {
  const { id, type, index, function: called, ...openai } = recordOf(call) ?? {}
  const { name, arguments: input } = recordOf(called) ?? {}
  return { id: String(id ?? ''), name: String(name ?? ''), input: input === '' ? {} : parsedText(input), ...optionsFor('openai', openai) }
}

/** What is left of a part for one provider, where anything is. */
export function optionsFor(provider: string, options: { readonly [name: string]: unknown }): { readonly providerOptions?: ProviderRecord } {
  const given = Object.entries(options).filter(([, value]) => value != null)
  return given.length > 0 ? { providerOptions: { [provider]: Object.fromEntries(given) } } : {}
}
