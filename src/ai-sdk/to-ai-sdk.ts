import type {
  ImagePart,
  Message,
  MessagePart,
  OpaquePart,
  ProviderFields,
  ProviderRecord,
  TextPart,
  ToolCall,
} from '../entities/message.js'
import type { CallOptions, ChatDelta, ChatEvent, ChatRequest, ChatResult, LLMClient, ToolDefinition } from '../llm/llm-client.js'
import { partsOf } from '../llm/media.js'
import { jsonText } from '../llm/wire-values.js'
import { LLMError } from '../shared/errors.js'
import { isReasoningPart, isTextPart } from '../shared/message-parts.js'
import type { CallShape, PartShape, WarningShape } from './ai-sdk-types.js'

/** A language model of specification v3, as `generateText`, `streamText` and `generateObject` of ai@6 take it. */
export interface AISDKModelV3 {
  readonly specificationVersion: 'v3'
  readonly provider: string
  readonly modelId: string
  readonly supportedUrls: Record<string, RegExp[]>
  // The AI SDK's own types name hundreds of parts; `never` and `any`-free promises let its checker accept this shape.
  doGenerate(options: CallShape): Promise<never>
  doStream(options: CallShape): Promise<never>
}

/**
 * Makes one of our clients a model of the AI SDK. The client retries; the AI SDK does not retry on top.
 *
 * Under `providerOptions` the client reads what stands under its own name. Options of messages, parts and tool calls, and
 * what the provider says with its answers, go through unchanged.
 *
 * @example
 * ```ts
 * const { text } = await generateText({ model: toAISDK(ollama, 'qwen3:14b'), prompt: 'Why is the sky blue?' })
 * ```
 */
export function toAISDK(client: LLMClient, modelId: string, callOptions: Omit<CallOptions, 'signal' | 'headers'> = {}): AISDKModelV3 {
  const asked = (options: CallShape) => {
    const { request, warnings } = requestOf(options, client.provider, modelId)
    return {
      request,
      warnings,
      call: { ...callOptions, ...headersOf(options), ...(options.abortSignal && { signal: options.abortSignal }) },
    }
  }

  return {
    specificationVersion: 'v3',
    provider: client.provider,
    modelId,
    supportedUrls: {},

    async doGenerate(options) {
      const { request, warnings, call } = asked(options)
      const result = await client.chat(request, call).catch((error: unknown) => throwTheirs(error))
      return {
        content: contentOf(result),
        ...endOf(result),
        warnings: [...warnings, ...warningsOf(result)],
        response: { modelId: result.model, body: result.raw },
      } as never
    },

    async doStream(options) {
      const { request, warnings, call } = asked(options)
      const events = client.stream(request, call)[Symbol.asyncIterator]()
      // The first event is waited for here, so that a call that fails before it rejects instead of breaking a stream.
      const first = await events.next().catch((error: unknown) => throwTheirs(error))
      return { stream: streamOf(events, first, warnings) } as never
    },
  }
}

/** The AI SDK recognizes an abort by the error's name, so an aborted call rejects with the signal's own reason. */
function throwTheirs(error: unknown): never {
  if (error instanceof LLMError && error.reason === 'aborted') throw error.cause ?? new DOMException(error.message, 'AbortError')
  throw error
}

function headersOf({ headers }: CallShape): Pick<CallOptions, 'headers'> {
  if (headers === undefined) return {}
  return { headers: Object.fromEntries(Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== undefined)) }
}

function requestOf(options: CallShape, provider: string, model: string): { request: ChatRequest; warnings: WarningShape[] } {
  const { temperature, topP, topK, maxOutputTokens, stopSequences, seed, presencePenalty, frequencyPenalty, responseFormat, reasoning } =
    options
  const warnings: WarningShape[] = []
  const isToolless = options.toolChoice?.type === 'none'
  const tools: ToolDefinition[] = []
  for (const { type, name, description, inputSchema } of isToolless ? [] : (options.tools ?? [])) {
    if (type === 'function') tools.push({ name, ...(description !== undefined && { description }), inputSchema: inputSchema as never })
    else warnings.push({ type: 'unsupported', feature: `tool ${name}` })
  }
  const given = { temperature, topP, topK, maxOutputTokens, stopSequences, seed, presencePenalty, frequencyPenalty, responseFormat }
  const own = options.providerOptions?.[provider]
  const request = {
    ...(Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Partial<ChatRequest>),
    ...reasoningOf(reasoning),
    ...(tools.length > 0 && { tools, ...toolChoiceOf(options.toolChoice) }),
    ...(own && { providerOptions: own }),
    model,
    messages: options.prompt.flatMap((message) => messagesOf(message as PromptMessage, warnings)),
  }
  return { request, warnings }
}

/** Values of v4's `reasoning` setting. */
function reasoningOf(effort: string | undefined): Pick<ChatRequest, 'reasoning'> {
  if (effort === undefined || effort === 'provider-default') return {}
  if (effort === 'none') return { reasoning: false }
  if (effort === 'minimal') return { reasoning: 'low' }
  return { reasoning: effort === 'low' || effort === 'medium' ? effort : 'high' }
}

function toolChoiceOf(choice: CallShape['toolChoice']): Pick<ChatRequest, 'toolChoice'> {
  if (choice?.type === 'tool') return { toolChoice: { type: 'tool', toolName: choice.toolName ?? '' } }
  return choice?.type === 'required' ? { toolChoice: 'required' } : {}
}

type PromptMessage = {
  readonly role: Message['role']
  readonly content: string | readonly PartShape[]
  readonly providerOptions?: ProviderRecord
}

/** One message of theirs; results of tools come together there and one by one here. */
function messagesOf({ role, content, providerOptions }: PromptMessage, warnings: WarningShape[]): Message[] {
  const own = optionsOf({ providerOptions })
  if (typeof content === 'string') return [{ role, content, ...own }]
  if (role === 'tool') {
    return content
      .filter(({ type }) => type === 'tool-result')
      .map((part) => {
        const { toolCallId = '', toolName = '', output } = part
        return { role, content: outputText(output, warnings), toolName, toolCallId, ...optionsOf(part), ...own }
      })
  }
  const parts: MessagePart[] = []
  const toolCalls: ToolCall[] = []
  for (const part of content) {
    const { type, text = '', toolCallId: id = '', toolName: name = '', input } = part
    if (type === 'text' || type === 'reasoning') parts.push({ type, text, ...optionsOf(part) })
    else if (type === 'tool-call') toolCalls.push({ id, name, input, ...optionsOf(part) })
    else if (type === 'file' && isCarried(part.data)) parts.push(filePart(part))
    else warnings.push(unsupported(part, 'a message'))
  }
  return [
    {
      role,
      ...simplest(parts),
      ...(toolCalls.length > 0 && { toolCalls }),
      ...own,
    },
  ]
}

function unsupported({ type, mediaType }: PartShape, where: string): WarningShape {
  return { type: 'unsupported', feature: `${type}${mediaType ? ` of type ${mediaType}` : ''} in ${where}` }
}

/** Texts and thoughts without options, and pictures after them, need no parts. */
function simplest(parts: readonly MessagePart[]): Pick<Message, 'content' | 'thinking' | 'images'> {
  const first = parts.findIndex(({ type }) => type === 'image')
  const pictures = first < 0 ? [] : parts.slice(first)
  const isPlain = (part: MessagePart): boolean => part.type !== 'file' && !('url' in part) && part.providerOptions === undefined
  if (!parts.every(isPlain) || pictures.some(({ type }) => type !== 'image')) return { content: parts }
  const textOf = (type: string): string => parts.map((part) => (part.type === type ? (part as TextPart).text : '')).join('')
  const thinking = textOf('reasoning')
  const images = pictures.map((part) => (part as ImagePart).data as Uint8Array | string)
  return { content: textOf('text'), ...(thinking !== '' && { thinking }), ...(images.length > 0 && { images }) }
}

function optionsOf({ providerOptions }: { readonly providerOptions?: ProviderRecord | undefined }): ProviderFields {
  return providerOptions ? { providerOptions } : {}
}

/** Whether a file's data can be handed on: a provider's own file reference (v4) means nothing to another provider. */
function isCarried(data: unknown): boolean {
  return data !== undefined && (data as { type?: unknown } | null)?.type !== 'reference'
}

/**
 * A picture or a file: v4 wraps bytes, an address or a text in an object. Addresses are mostly fetched by the AI SDK itself,
 * because `supportedUrls` is empty.
 */
function filePart(part: PartShape): MessagePart {
  const { data, mediaType, filename } = part
  const wrapped = data as { readonly data?: unknown; readonly url?: unknown; readonly text?: unknown }
  const source =
    typeof data === 'string' || data instanceof Uint8Array || data instanceof URL
      ? data
      : (wrapped.url ?? wrapped.data ?? textBytes(wrapped.text))
  return {
    type: mediaType?.startsWith('image') ? 'image' : 'file',
    ...(source instanceof URL ? { url: source.href } : { data: source instanceof Uint8Array ? source : String(source) }),
    // `image/*` is the AI SDK's word for a picture whose kind the bytes tell.
    ...(mediaType !== undefined && !mediaType.endsWith('/*') && { mediaType }),
    ...(filename !== undefined && { filename }),
    ...optionsOf(part),
  }
}

function textBytes(text: unknown): Uint8Array {
  return new TextEncoder().encode(String(text ?? ''))
}

function outputText(output: unknown, warnings: WarningShape[]): string {
  const { type, value, reason } = output as { type: string; value?: unknown; reason?: string }
  if (type === 'execution-denied') return reason ?? 'The tool was not allowed to run.'
  if (type !== 'content') return typeof value === 'string' ? value : jsonText(value)
  const parts = value as readonly PartShape[]
  for (const part of parts) if (part.type !== 'text') warnings.push(unsupported(part, 'the result of a tool'))
  return parts.map((part) => part.text ?? '').join('')
}

function contentOf(result: ChatResult): unknown[] {
  const { message, thinking, text, toolCalls } = result
  const parts = partsOf(message ?? { content: text, ...(thinking !== undefined && { thinking }) })
  const calls = [...toolCalls]
  const content: unknown[] = []
  for (const part of parts) {
    const metadata = metadataOf(part as ProviderFields)
    const at = part.type === 'tool-call' ? calls.findIndex(({ id }) => id === (part as OpaquePart).toolCallId) : -1
    if (at >= 0) content.push(callOf(calls.splice(at, 1)[0] as ToolCall))
    else if (isTextPart(part) || isReasoningPart(part)) content.push({ type: part.type, text: part.text, ...metadata })
    else if (part.type === 'file') content.push({ type: 'file', mediaType: part.mediaType, data: part.data, ...metadata })
  }
  return [...content, ...calls.map(callOf)]
}

function callOf(call: ToolCall): object {
  return { type: 'tool-call', toolCallId: call.id, toolName: call.name, input: jsonText(call.input), ...metadataOf(call) }
}

function metadataOf({ providerMetadata }: ProviderFields): ProviderFields {
  return providerMetadata ? { providerMetadata } : {}
}

function endOf({ finishReason, usage }: Pick<ChatResult, 'finishReason' | 'usage'>) {
  const { inputTokens, outputTokens, cachedInputTokens, reasoningTokens } = usage
  return {
    finishReason: { unified: finishReason, raw: finishReason },
    usage: {
      inputTokens: {
        total: inputTokens,
        noCache: without(inputTokens, cachedInputTokens),
        cacheRead: cachedInputTokens,
        cacheWrite: undefined,
      },
      outputTokens: { total: outputTokens, text: without(outputTokens, reasoningTokens), reasoning: reasoningTokens },
    },
  }
}

/** The difference; `undefined` unless both are known. */
function without(all: number | undefined, some: number | undefined): number | undefined {
  return all === undefined || some === undefined ? undefined : all - some
}

function warningsOf(result: ChatResult): WarningShape[] {
  return (result.warnings ?? []).map((message) =>
    message.includes('(toolChoice)') ? { type: 'unsupported', feature: 'toolChoice' } : { type: 'other', message },
  )
}

function streamOf(
  events: AsyncIterator<ChatEvent>,
  first: IteratorResult<ChatEvent>,
  warnings: readonly WarningShape[],
): ReadableStream<unknown> {
  let open: { type: 'text' | 'reasoning'; id: string; partId: string | undefined } | undefined
  let blocks = 0
  let next: IteratorResult<ChatEvent> | undefined = first
  return new ReadableStream<unknown>({
    start: (controller) => controller.enqueue({ type: 'stream-start', warnings }),
    async pull(controller) {
      try {
        const { value: event, done } = next ?? (await events.next())
        next = undefined
        const kind = event?.type === 'thinking' ? 'reasoning' : event?.type === 'text' ? 'text' : undefined
        const partId = kind === undefined ? undefined : (event as ChatDelta).partId
        if (open !== undefined && (open.type !== kind || open.partId !== partId)) {
          controller.enqueue({ type: `${open.type}-end`, id: open.id })
          open = undefined
        }
        if (done) {
          controller.close()
          return
        }
        if (kind !== undefined) {
          if (open === undefined) {
            open = { type: kind, id: String(blocks), partId }
            blocks += 1
            controller.enqueue({ type: `${kind}-start`, id: open.id })
          }
          const { delta, providerMetadata } = event as ChatDelta
          controller.enqueue({ type: `${kind}-delta`, id: open.id, delta, ...(providerMetadata && { providerMetadata }) })
        } else if (event.type === 'tool-call') {
          const { id, name, input } = event.toolCall
          const metadata = metadataOf(event.toolCall)
          controller.enqueue({ type: 'tool-input-start', id, toolName: name })
          controller.enqueue({ type: 'tool-input-delta', id, delta: jsonText(input) })
          controller.enqueue({ type: 'tool-input-end', id })
          controller.enqueue({ type: 'tool-call', toolCallId: id, toolName: name, input: jsonText(input), ...metadata })
        } else if (event.type === 'finish') {
          controller.enqueue({ type: 'response-metadata', modelId: event.result.model })
          controller.enqueue({ type: 'finish', ...endOf(event.result) })
        }
      } catch (error) {
        if (error instanceof LLMError && error.reason === 'aborted') controller.error(error.cause ?? error)
        else {
          controller.enqueue({ type: 'error', error })
          controller.enqueue({ type: 'finish', ...endOf({ finishReason: 'error', usage: {} }) })
          controller.close()
        }
      }
    },
    cancel: () => void events.return?.()?.catch(() => {}),
  })
}
