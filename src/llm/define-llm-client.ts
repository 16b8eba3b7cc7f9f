import type { ToolCall } from '../entities/message.js'
import { InvalidArgumentError, LLMError } from '../shared/errors.js'
import { leavable } from './async-iteration.js'
import { CALL_DEFAULTS, type CallLimits, type CallScope, limitsOf, openScope } from './call-scope.js'
import { answerLimit, clientName } from './client-options.js'
import { embedInBatches } from './embedding.js'
import { foreignError } from './foreign-error.js'
import type { CallOptions, CallTimeouts, ChatEvent, ChatRequest, ChatResult, EmbedRequest, EmbedResult, LLMClient } from './llm-client.js'
import { withRetries } from './retry.js'

/** What your own `chat` returns: the text, and any other field of a result that it knows. The rest is filled in. */
export type ChatAnswer = Partial<ChatResult> & { readonly text: string }

/** What your own `stream` gives: parts, and at the end, if it knows more than the parts say, a `finish`. */
export type ChatPart = Exclude<ChatEvent, { type: 'finish' }> | { readonly type: 'finish'; readonly result?: Partial<ChatResult> }

/** The functions of your own client: `chat` or `stream`, or both. */
export interface LLMClientDefinition extends Pick<LLMClient, 'provider' | 'listModels' | 'health'> {
  /** One answer, whole. `options.signal` ends with the call: hand it on. */
  chat?(request: ChatRequest, options: ClientCall): Promise<ChatAnswer>
  /** One answer in parts. When it ends without an error, the answer is whole. */
  stream?(request: ChatRequest, options: ClientCall): AsyncIterable<ChatPart>
  /**
   * The vectors of one batch of texts, at most `request.batchSize` of them. Batches, timers and retries are added, and
   * what comes back is checked: one vector for each text, all of one length, of numbers. `options.signal` ends with the call.
   */
  embed?(request: EmbedRequest, options: ClientCall): Promise<EmbedAnswer>
  /** The timers of a call that sets none. @default { firstChunkMs: 120_000, chunkMs: 60_000, totalMs: 600_000 } */
  readonly timeout?: number | CallTimeouts
  /** How often a call that failed with `retryable` is made again, before the first part arrived. @default 2 */
  readonly maxRetries?: number
  /** Longest streamed answer with its thoughts, in characters, which are bytes for plain English. @default 8_388_608 (8 MiB) */
  readonly maxAnswerBytes?: number
}

/** What your own `embed` returns. */
export type EmbedAnswer = Pick<EmbedResult, 'embeddings'> & Partial<EmbedResult>

/** What a client's function is handed: the caller's options with a signal that also ends at the timers. */
export type ClientCall = CallOptions & { readonly signal: AbortSignal }

/**
 * Makes an `LLMClient` of one function; what `chat` and `stream` have in common (timers, retries, aborts, error types) is added.
 *
 * @throws {InvalidArgumentError} when neither `chat` nor `stream` is given
 * @example
 * ```ts
 * const echo = defineLLMClient({
 *   provider: 'echo',
 *   chat: async (request) => ({ text: messageText(request.messages.at(-1)) }),
 * })
 * ```
 */
export function defineLLMClient(definition: LLMClientDefinition): LLMClient {
  const { listModels, health } = definition
  if (!definition.chat && !definition.stream) throw new InvalidArgumentError('definition', 'must have chat or stream')
  const provider = clientName('provider', definition.provider)
  const base = limitsOf(definition, CALL_DEFAULTS)
  const maxLength = answerLimit(definition.maxAnswerBytes)
  const scopeOf = (options: CallOptions, isWhole: boolean) => {
    const limits = limitsOf(options, base)
    return openScope(isWhole ? forWhole(limits) : limits, options.signal)
  }

  return {
    provider,
    ...(definition.embed && { embed: (request: EmbedRequest, options?: CallOptions) => embedWith(definition, request, options, base) }),
    ...(listModels && { listModels: listModels.bind(definition) }),
    ...(health && { health: health.bind(definition) }),

    async chat(request, options = {}) {
      const scope = scopeOf(options, !!definition.chat)
      const answer = new PartialAnswer(request.model, provider, scope, maxLength)
      let isComplete = false
      try {
        if (definition.chat) answer.result = await answerOnce(definition, request, options, scope)
        else for await (const part of parts(definition, request, options, scope)) answer.accept(part)
        isComplete = true
        return answer.whole()
      } catch (error) {
        throw foreignError(error, { provider, model: request.model, partial: answer.partial }, scope)
      } finally {
        scope.end(isComplete)
      }
    },

    stream(request, options = {}) {
      return leavable<ChatEvent>(async function* (onLeave) {
        const scope = scopeOf(options, !definition.stream)
        onLeave(() => scope.abandon())
        const answer = new PartialAnswer(request.model, provider, scope, maxLength)
        let isComplete = false
        try {
          const source = definition.stream
            ? parts(definition, request, options, scope)
            : eventsOf(await answerOnce(definition, request, options, scope))
          for await (const part of source) {
            answer.accept(part)
            if (part.type !== 'finish') yield [part]
          }
          isComplete = true
          yield [{ type: 'finish', result: answer.whole() }]
        } catch (error) {
          throw foreignError(error, { provider, model: request.model, partial: answer.partial }, scope)
        } finally {
          scope.end(isComplete)
        }
      })
    },
  }
}

function answerOnce(definition: LLMClientDefinition, request: ChatRequest, options: CallOptions, scope: CallScope): Promise<ChatAnswer> {
  const { provider, chat } = definition
  const call = { ...options, signal: scope.signal }
  return withRetries(
    scope,
    () => chunk((chat as NonNullable<typeof chat>).call(definition, request, call), scope),
    (error) => foreignError(error, { provider, model: request.model }, scope),
  )
}

/** The limits of an answer that comes whole: it has no first chunk, so only the limit for the call applies. */
function forWhole(limits: CallLimits): CallLimits {
  return { ...limits, timeouts: { ...limits.timeouts, firstChunkMs: Number.POSITIVE_INFINITY } }
}

/** Batches through a client's own `embed`, each with timers and retries of its own. */
async function embedWith(
  definition: LLMClientDefinition,
  request: EmbedRequest,
  options: CallOptions = {},
  base: CallLimits,
): Promise<EmbedResult> {
  const { provider, embed } = definition
  const limits = limitsOf(options, base)
  const warnings = new Set<string>()
  const result = await embedInBatches(provider, request, limits, warnings, async (values, timeouts) => {
    const scope = openScope(forWhole({ ...limits, timeouts }), options.signal)
    let isComplete = false
    const toError = (error: unknown) => foreignError(error, { provider, model: request.model }, scope)
    try {
      const call = { ...options, signal: scope.signal }
      const batch = { ...request, values }
      const ask = () => chunk((embed as NonNullable<typeof embed>).call(definition, batch, call), scope)
      const answer = await withRetries(scope, ask, toError)
      isComplete = true
      for (const warning of answer.warnings ?? []) warnings.add(warning)
      return { embeddings: answer.embeddings, inputTokens: answer.usage?.inputTokens }
    } catch (error) {
      throw toError(error)
    } finally {
      scope.end(isComplete)
    }
  })
  return result
}

/** The parts of a client's own stream: sent again while nothing came, ended with the call even if it ignores its signal. */
async function* parts(
  definition: LLMClientDefinition,
  request: ChatRequest,
  options: CallOptions,
  scope: CallScope,
): AsyncGenerator<ChatPart> {
  const { provider, stream } = definition
  const call = { ...options, signal: scope.signal }
  const { iterator, first } = await withRetries(
    scope,
    async () => {
      const iterator = (stream as NonNullable<typeof stream>).call(definition, request, call)[Symbol.asyncIterator]()
      return { iterator, first: await chunk(iterator.next(), scope) }
    },
    (error) => foreignError(error, { provider, model: request.model }, scope),
  )
  let isAtEnd = false
  try {
    for (let next = first; !next.done; next = await chunk(iterator.next(), scope)) yield next.value
    isAtEnd = true
  } finally {
    // Not awaited: a generator that waits for ever would keep the caller waiting.
    if (!isAtEnd) void Promise.resolve(iterator.return?.()).catch(() => {})
  }
}

/** The next part of an answer, or a whole one, under the limits of the call. */
async function chunk<Value>(work: Promise<Value>, scope: CallScope): Promise<Value> {
  scope.waitForChunk()
  const value = await scope.race(work)
  scope.chunkCame()
  return value
}

function* eventsOf(answer: ChatAnswer): Generator<ChatPart> {
  if (answer.thinking) yield { type: 'thinking', delta: answer.thinking }
  if (answer.text !== '') yield { type: 'text', delta: answer.text }
  for (const toolCall of answer.toolCalls ?? []) yield { type: 'tool-call', toolCall }
  yield { type: 'finish', result: answer }
}

/** An answer that is put together from its parts, and filled in where its client said nothing. */
class PartialAnswer {
  /** What the client itself says about its answer. */
  result: Partial<ChatResult> = {}
  partial: string | undefined
  #text = ''
  #thinking: string | undefined
  readonly #toolCalls: ToolCall[] = []
  readonly #model: string
  readonly #provider: string
  readonly #scope: CallScope
  readonly #maxLength: number
  #length = 0

  constructor(model: string, provider: string, scope: CallScope, maxLength: number) {
    this.#maxLength = maxLength
    this.#model = model
    this.#provider = provider
    this.#scope = scope
  }

  accept(part: ChatPart): void {
    if (part.type === 'text' || part.type === 'thinking') this.#count(part.delta.length)
    if (part.type === 'text') this.#text += part.delta
    else if (part.type === 'thinking') this.#thinking = (this.#thinking ?? '') + part.delta
    else if (part.type === 'tool-call') this.#toolCalls.push(part.toolCall)
    else this.result = part.result ?? {}
    this.partial = this.#text
  }

  #count(more: number): void {
    this.#length += more
    if (this.#length <= this.#maxLength) return
    const message = `${this.#provider} wrote more than ${this.#maxLength} bytes (maxAnswerBytes).`
    throw new LLMError(message, { reason: 'invalid_response', provider: this.#provider, model: this.#model, partial: this.partial ?? '' })
  }

  whole(): ChatResult {
    const toolCalls = this.result.toolCalls ?? this.#toolCalls
    const { firstChunkMs, startedAt } = this.#scope
    return {
      text: this.#text,
      ...(this.#thinking !== undefined && { thinking: this.#thinking }),
      finishReason: toolCalls.length > 0 ? 'tool-calls' : 'stop',
      usage: {},
      model: this.#model,
      provider: this.#provider,
      ...this.result,
      toolCalls,
      timings: { totalMs: performance.now() - startedAt, ...(firstChunkMs !== undefined && { firstChunkMs }), ...this.result.timings },
    }
  }
}
