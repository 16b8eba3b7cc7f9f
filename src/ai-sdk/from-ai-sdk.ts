import { type ChatAnswer, type ChatPart, type ClientCall, defineLLMClient, type LLMClientDefinition } from '../llm/define-llm-client.js'
import type { CallTimeouts, ChatRequest, ChatResult, FinishReason, LLMClient, TokenUsage } from '../llm/llm-client.js'
import { present } from '../llm/present.js'
import { sum } from '../llm/wire-values.js'
import type { AISDKEmbeddingModel, AISDKLanguageModel, AISDKProvider, CallShape, PartShape, WarningShape } from './ai-sdk-types.js'
import { AnswerParts, toolCallOf } from './answer-parts.js'
import { promptOf } from './prompt-messages.js'
import { providerOptionsOf } from './provider-options.js'

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
 * `providerOptions` of a request go to the provider under its own name, OpenAI's words for them (`reasoning_effort`) in the
 * AI SDK's. What the provider says with its parts (signatures of thoughts) stands in `result.message` and goes back with
 * the history. Timers, retries, aborts and error types are ours; a whole answer may take the time of the whole call.
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
      const asked = callOf(request, call, model, provider)
      const result = (await model.doGenerate(asked.call as never)) as GenerateShape
      return answerOf(result, asked.warnings)
    },

    async *stream(request, call) {
      const model = modelOf(request.model)
      const asked = callOf(request, call, model, provider)
      const { stream } = (await model.doStream(asked.call as never)) as { stream: ReadableStream<PartShape> }
      yield* partsOf(stream, asked.warnings)
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

/** Making a model sends no request. A provider that accepts only known names would refuse ours. */
function providerName(modelOf: (name: string) => AISDKLanguageModel): string {
  try {
    return wordOf(modelOf('default').provider)
  } catch {
    return 'ai-sdk'
  }
}

/** `openai` of `openai.responses`. */
function wordOf(provider: string): string {
  return /^[^.:]+/.exec(provider)?.[0] ?? 'ai-sdk'
}

function callOf(
  request: ChatRequest,
  options: ClientCall,
  model: AISDKLanguageModel,
  provider: string,
): { call: CallShape; warnings: string[] } {
  const { model: _, messages, tools, reasoning, providerOptions, stopSequences, toolChoice, ...sampling } = request
  const { options: own, warnings } = providerOptionsOf(providerOptions, [provider, wordOf(model.provider)])
  const call = {
    ...sampling,
    prompt: promptOf(messages, model.specificationVersion),
    ...(stopSequences && { stopSequences: [...stopSequences] }),
    ...(tools && {
      tools: tools.map((tool) => ({ type: 'function', ...tool })),
      toolChoice: typeof toolChoice === 'object' ? { ...toolChoice } : { type: toolChoice ?? 'auto' },
    }),
    // v2 and v3 have no such option: there it goes through providerOptions, under the provider's own name.
    ...(reasoning !== undefined && model.specificationVersion === 'v4' && { reasoning: effortOf(reasoning) }),
    ...(own && { providerOptions: own }),
    ...(options.headers && { headers: { ...options.headers } }),
    abortSignal: options.signal,
  }
  return { call, warnings }
}

function effortOf(reasoning: boolean | string): string {
  if (typeof reasoning === 'string') return reasoning
  return reasoning ? 'provider-default' : 'none'
}

function answerOf(result: GenerateShape, warnings: readonly string[]): ChatAnswer {
  const answer = new AnswerParts()
  for (const part of result.content) answer.add(part)
  return { ...answer.fields(), ...endOf(result, result.warnings ?? [], warnings, result.response?.modelId), raw: result.response?.body }
}

async function* partsOf(stream: ReadableStream<PartShape>, told: readonly string[]): AsyncGenerator<ChatPart> {
  const reader = stream.getReader()
  const answer = new AnswerParts()
  let warnings: readonly WarningShape[] = []
  let modelId: string | undefined
  let isAtEnd = false
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      const part = next.value
      const kind = /^(text|reasoning)-(?:start|delta|end)$/.exec(part.type)?.[1]
      if (kind !== undefined) {
        answer.addPiece(part, kind as 'text' | 'reasoning')
        const { delta = '', providerMetadata } = part
        const partId = answer.partId(part, kind as 'text' | 'reasoning')
        if (delta !== '' || providerMetadata)
          yield {
            type: kind === 'text' ? kind : 'thinking',
            delta,
            ...(partId !== undefined && { partId }),
            ...(providerMetadata && { providerMetadata }),
          }
      } else if (part.type === 'tool-call') {
        answer.add(part)
        yield { type: 'tool-call', toolCall: toolCallOf(part) }
      } else if (part.type === 'stream-start') warnings = part.warnings ?? []
      else if (part.type === 'response-metadata') modelId = part.modelId
      else if (part.type === 'error') throw part.error
      else if (part.type === 'finish') {
        isAtEnd = true
        const { message } = answer.fields()
        yield { type: 'finish', result: { ...endOf(part, warnings, told, modelId), ...(message && { message }) } }
        return
      } else if (part.type === 'file') answer.add(part)
    }
    throw new Error('The stream ended without "finish".')
  } finally {
    if (!isAtEnd) void reader.cancel().catch(() => {})
  }
}

/** v2 says the reason as a word and counts as numbers; later versions say both in objects. */
function endOf(
  end: { finishReason?: unknown; usage?: unknown },
  warnings: readonly WarningShape[],
  told: readonly string[],
  modelId: string | undefined,
): Partial<ChatResult> {
  const reason = (end.finishReason as { unified?: string })?.unified ?? end.finishReason
  const known: readonly unknown[] = ['stop', 'length', 'tool-calls', 'content-filter', 'error']
  const theirs = warnings.map(
    ({ message, feature, setting, details, type }) => message ?? `${type}: ${feature ?? setting}${details ? `, ${details}` : ''}`,
  )
  const said = [...told, ...theirs]
  return {
    finishReason: known.includes(reason) ? (reason as FinishReason) : 'other',
    usage: usageOf((end.usage ?? {}) as Record<string, unknown>),
    ...(modelId !== undefined && { model: modelId }),
    ...(said.length > 0 && { warnings: said }),
  }
}

function usageOf(usage: Record<string, unknown>): TokenUsage {
  const count = (value: unknown, name = 'total'): number | undefined => {
    const tokens = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : value
    return typeof tokens === 'number' ? tokens : undefined
  }
  const { inputTokens: read, outputTokens: written } = usage
  const inputTokens = count(read)
  const outputTokens = count(written)
  return present({
    inputTokens,
    outputTokens,
    totalTokens: count(usage.totalTokens) ?? sum(inputTokens, outputTokens),
    cachedInputTokens: typeof read === 'object' ? count(read, 'cacheRead') : count(usage.cachedInputTokens),
    reasoningTokens: typeof written === 'object' ? count(written, 'reasoning') : count(usage.reasoningTokens),
  })
}

function embedWith(source: object, provider: string): LLMClientDefinition['embed'] {
  const makers = source as { embeddingModel?: unknown; textEmbeddingModel?: unknown }
  const make = (makers.embeddingModel ?? makers.textEmbeddingModel) as ((model: string) => AISDKEmbeddingModel) | undefined
  if (typeof make !== 'function') return undefined
  return async ({ model: name, values, dimensions, providerOptions }, options) => {
    const model = make.call(source, name)
    const most = await model.maxEmbeddingsPerCall
    const size = typeof most === 'number' && most > 0 ? most : values.length
    // Every provider has its own name for the length of a vector, and uses the one that it knows.
    const asked = { ...(dimensions && { dimensions, outputDimensionality: dimensions, outputDimension: dimensions }), ...providerOptions }
    const { options: own, warnings } = providerOptionsOf(asked, [provider, wordOf(model.provider)])
    const embeddings: number[][] = []
    let tokens: number | undefined = 0
    for (let from = 0; from < values.length; from += size) {
      const call = {
        values: values.slice(from, from + size),
        ...(own && { providerOptions: own }),
        ...(options.headers && { headers: { ...options.headers } }),
        abortSignal: options.signal,
      }
      const result = (await model.doEmbed(call as never)) as { embeddings: number[][]; usage?: { tokens?: number } }
      embeddings.push(...result.embeddings)
      tokens = sum(tokens, result.usage?.tokens)
    }
    return { embeddings, usage: present({ inputTokens: tokens }), warnings }
  }
}
