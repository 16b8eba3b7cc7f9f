import type { Message, ToolCall } from '../entities/message.js'
import { type ChatAnswer, type ChatPart, type ClientCall, defineLLMClient } from '../llm/define-llm-client.js'
import type { CallTimeouts, ChatRequest, ChatResult, FinishReason, LLMClient, TokenUsage } from '../llm/llm-client.js'
import type { AISDKEmbeddingModel, AISDKLanguageModel, AISDKProvider, CallShape, PartShape, WarningShape } from './ai-sdk-types.js'

/** How a provider of the AI SDK appears as a client. */
export interface FromAISDKOptions {
  /** The client's name. @default the first word of what the provider calls its models: `openai` of `openai.responses` */
  readonly provider?: string
  /** The timers of a call that sets none. @default { firstChunkMs: 120_000, chunkMs: 60_000, totalMs: 600_000 } */
  readonly timeout?: number | CallTimeouts
  /** How often a failed call is made again. @default 2 */
  readonly maxRetries?: number
}

/**
 * Makes an `LLMClient` of any AI SDK provider, or of one model, of specification v2, v3 or v4.
 *
 * `providerOptions` of a request go to the provider under its own name. Timers, retries, aborts and error types are ours.
 *
 * @example
 * ```ts
 * import { openai } from '@ai-sdk/openai'
 * const llm = new LLMRegistry([new OllamaClient(), fromAISDK(openai)])
 * ```
 */
export function fromAISDK(source: AISDKProvider | AISDKLanguageModel, options: FromAISDKOptions = {}): LLMClient {
  const modelOf = (name: string): AISDKLanguageModel => {
    if ('doGenerate' in source) return source
    return 'languageModel' in source ? source.languageModel(name) : source(name)
  }
  const provider = options.provider ?? providerName(modelOf)
  const embed = embedWith(source, provider)

  return defineLLMClient({
    ...options,
    provider,
    ...(embed && { embed }),

    async chat(request, call) {
      const model = modelOf(request.model)
      const result = (await model.doGenerate(callOf(request, call, model, provider) as never)) as GenerateShape
      return answerOf(result)
    },

    async *stream(request, call) {
      const model = modelOf(request.model)
      const { stream } = (await model.doStream(callOf(request, call, model, provider) as never)) as { stream: ReadableStream<PartShape> }
      yield* partsOf(stream)
    },
  })
}

interface GenerateShape {
  readonly content: readonly PartShape[]
  readonly finishReason: unknown
  readonly usage: unknown
  readonly warnings?: readonly WarningShape[]
  readonly response?: { readonly modelId?: string; readonly body?: unknown }
}

/** Making a model asks nobody; a provider that wants a known name gets none of ours. */
function providerName(modelOf: (name: string) => AISDKLanguageModel): string {
  try {
    return /^[^.:]+/.exec(modelOf('default').provider)?.[0] ?? 'ai-sdk'
  } catch {
    return 'ai-sdk'
  }
}

function callOf(request: ChatRequest, options: ClientCall, model: AISDKLanguageModel, provider: string): CallShape {
  const { model: _, messages, tools, reasoning, providerOptions, stopSequences, toolChoice, ...sampling } = request
  return {
    ...sampling,
    prompt: messages.map((message) => promptMessage(message, model.specificationVersion)),
    ...(stopSequences && { stopSequences: [...stopSequences] }),
    ...(tools && {
      tools: tools.map((tool) => ({ type: 'function', ...tool })),
      toolChoice: typeof toolChoice === 'object' ? { ...toolChoice } : { type: toolChoice ?? 'auto' },
    }),
    // v2 and v3 have no word for it: there it goes through providerOptions, in the provider's own.
    ...(reasoning !== undefined && model.specificationVersion === 'v4' && { reasoning: effortOf(reasoning) }),
    ...(providerOptions && { providerOptions: { [provider]: { ...providerOptions } } }),
    ...(options.headers && { headers: { ...options.headers } }),
    abortSignal: options.signal,
  }
}

function effortOf(reasoning: boolean | string): string {
  if (typeof reasoning === 'string') return reasoning
  return reasoning ? 'provider-default' : 'none'
}

function promptMessage(message: Message, version: string): unknown {
  const { role, content, images = [], toolCalls = [], toolName = '', toolCallId = '', thinking } = message
  if (role === 'system') return { role, content }
  if (role === 'tool') return { role, content: [{ type: 'tool-result', toolCallId, toolName, output: { type: 'text', value: content } }] }
  const parts: unknown[] = []
  if (thinking !== undefined && role === 'assistant') parts.push({ type: 'reasoning', text: thinking })
  if (content !== '' || role === 'user') parts.push({ type: 'text', text: content })
  for (const image of images) {
    const data = typeof image === 'string' ? image.replace(/^data:[^,]*;base64,/, '') : image
    parts.push({ type: 'file', mediaType: mediaTypeOf(data), data: version === 'v4' ? { type: 'data', data } : data })
  }
  for (const { id, name, input } of toolCalls) parts.push({ type: 'tool-call', toolCallId: id, toolName: name, input })
  return { role, content: parts }
}

/** Pictures begin with bytes of their own, so providers that want the type by name can have it. */
function mediaTypeOf(image: string | Uint8Array): string {
  const begin = typeof image === 'string' ? image.slice(0, 8) : btoa(String.fromCharCode(...image.subarray(0, 6)))
  const known = { iVBORw: 'image/png', '/9j/': 'image/jpeg', R0lGOD: 'image/gif', UklGR: 'image/webp' }
  return Object.entries(known).find(([magic]) => begin.startsWith(magic))?.[1] ?? 'image/*'
}

function answerOf(result: GenerateShape): ChatAnswer {
  const thinking = textOf(result.content, 'reasoning')
  return {
    text: textOf(result.content, 'text'),
    ...(thinking !== '' && { thinking }),
    toolCalls: result.content.filter(({ type }) => type === 'tool-call').map(toolCallOf),
    ...endOf(result, result.warnings ?? [], result.response?.modelId),
    raw: result.response?.body,
  }
}

function textOf(parts: readonly PartShape[], type: string): string {
  return parts.map((part) => (part.type === type ? (part.text ?? '') : '')).join('')
}

async function* partsOf(stream: ReadableStream<PartShape>): AsyncGenerator<ChatPart> {
  const reader = stream.getReader()
  let warnings: readonly WarningShape[] = []
  let modelId: string | undefined
  let isAtEnd = false
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      const part = next.value
      if (part.type === 'text-delta' && part.delta) yield { type: 'text', delta: part.delta }
      else if (part.type === 'reasoning-delta' && part.delta) yield { type: 'thinking', delta: part.delta }
      else if (part.type === 'tool-call') yield { type: 'tool-call', toolCall: toolCallOf(part) }
      else if (part.type === 'stream-start') warnings = part.warnings ?? []
      else if (part.type === 'response-metadata') modelId = part.modelId
      else if (part.type === 'error') throw part.error
      else if (part.type === 'finish') {
        isAtEnd = true
        yield { type: 'finish', result: endOf(part, warnings, modelId) }
        return
      }
    }
    throw new Error('The stream ended without "finish".')
  } finally {
    if (!isAtEnd) void reader.cancel().catch(() => {})
  }
}

function toolCallOf(part: PartShape): ToolCall {
  const { toolCallId = '', toolName = '', input } = part
  return { id: toolCallId, name: toolName, input: typeof input === 'string' ? parsed(input) : input }
}

/** A model may write arguments that are no JSON; the caller gets to see them. */
function parsed(text: string): unknown {
  try {
    return text === '' ? {} : JSON.parse(text)
  } catch {
    return text
  }
}

/** v2 says the reason as a word and counts as numbers; later versions say both in objects. */
function endOf(
  end: { finishReason?: unknown; usage?: unknown },
  warnings: readonly WarningShape[],
  modelId: string | undefined,
): Partial<ChatResult> {
  const reason = (end.finishReason as { unified?: string })?.unified ?? end.finishReason
  const known: readonly unknown[] = ['stop', 'length', 'tool-calls', 'content-filter', 'error']
  const said = warnings.map(
    ({ message, feature, setting, details, type }) => message ?? `${type}: ${feature ?? setting}${details ? `, ${details}` : ''}`,
  )
  return {
    finishReason: known.includes(reason) ? (reason as FinishReason) : 'other',
    usage: usageOf((end.usage ?? {}) as Record<string, unknown>),
    ...(modelId !== undefined && { model: modelId }),
    ...(said.length > 0 && { warnings: said }),
  }
}

function usageOf(usage: Record<string, unknown>): TokenUsage {
  const count = (value: unknown): number | undefined => {
    const tokens = (value as { total?: unknown } | undefined)?.total ?? value
    return typeof tokens === 'number' ? tokens : undefined
  }
  const inputTokens = count(usage.inputTokens)
  const outputTokens = count(usage.outputTokens)
  const sum = inputTokens === undefined || outputTokens === undefined ? undefined : inputTokens + outputTokens
  const totalTokens = count(usage.totalTokens) ?? sum
  return {
    ...(inputTokens !== undefined && { inputTokens }),
    ...(outputTokens !== undefined && { outputTokens }),
    ...(totalTokens !== undefined && { totalTokens }),
  }
}

function embedWith(source: object, provider: string): LLMClient['embed'] {
  const makers = source as { embeddingModel?: unknown; textEmbeddingModel?: unknown }
  const make = (makers.embeddingModel ?? makers.textEmbeddingModel) as ((model: string) => AISDKEmbeddingModel) | undefined
  if (typeof make !== 'function') return undefined
  return async ({ model: name, values, batchSize, providerOptions }, options = {}) => {
    const startedAt = performance.now()
    const model = make.call(source, name)
    const most = await model.maxEmbeddingsPerCall
    const size = Math.max(1, Math.min(batchSize ?? 100, typeof most === 'number' ? most : 100))
    const embeddings: number[][] = []
    let tokens: number | undefined = 0
    for (let from = 0; from < values.length; from += size) {
      const call = {
        values: values.slice(from, from + size),
        ...(providerOptions && { providerOptions: { [provider]: { ...providerOptions } } }),
        ...(options.headers && { headers: { ...options.headers } }),
        abortSignal: options.signal,
      }
      const result = (await model.doEmbed(call as never)) as { embeddings: number[][]; usage?: { tokens?: number } }
      embeddings.push(...result.embeddings)
      tokens = tokens === undefined || result.usage?.tokens === undefined ? undefined : tokens + result.usage.tokens
    }
    const usage = tokens === undefined || values.length === 0 ? {} : { inputTokens: tokens, totalTokens: tokens }
    return { embeddings, usage, timings: { totalMs: performance.now() - startedAt }, model: name, provider }
  }
}
