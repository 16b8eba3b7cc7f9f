import { InvalidArgumentError, type LLMError } from '../shared/errors.js'
import { leavable } from './async-iteration.js'
import { CALL_DEFAULTS, type CallLimits, limitsOf } from './call-scope.js'
import { checkRequest } from './check-messages.js'
import {
  addressOf,
  answerLimit,
  checkHeaders,
  clientName,
  FEWEST_BYTES,
  type HttpClientOptions,
  MOST_JSON_BYTES,
} from './client-options.js'
import { embedInBatches } from './embedding.js'
import { askServer, type HttpCall, type HttpService, lastOf, type MakeReader } from './http-call.js'
import type {
  CallOptions,
  ChatEvent,
  ChatRequest,
  ChatResult,
  EmbedRequest,
  EmbedResult,
  LLMClient,
  LLMHealth,
  ModelInfo,
} from './llm-client.js'
import { completionReader, fieldsOf, usageOf } from './openai-answer.js'
import { chatCompletion } from './openai-request.js'
import { present } from './present.js'
import { sseDecoder } from './sse.js'
import { type Fields, listOf, recordOf } from './wire-values.js'

/** Where an OpenAI-compatible server is and how it is reached. */
export interface OpenAICompatibleClientOptions extends HttpClientOptions {
  /** The client's `provider`, as in `groq:llama-3.3-70b`. Metadata and options of messages stand under it. */
  readonly name: string
  /** Up to the version, as providers print it: `https://api.groq.com/openai/v1`. A query (`?api-version=…`) goes along with every request. */
  readonly baseUrl: string
  /** Sent as `authorization: Bearer …`. Servers that want another header get it by `headers`. */
  readonly apiKey?: string
}

/** For `health`: a server that is up answers this at once. */
const HEALTH_TIMEOUT_MS = 5_000

/**
 * Any server that speaks OpenAI's chat completions, on Node and in a browser: vLLM, llama.cpp, LM Studio, OpenRouter,
 * Groq, Azure, Ollama's `/v1`, OpenAI itself.
 *
 * Answers are always streamed on the wire, for `chat` too, so that the timers for the first chunk and for silence work;
 * a server that answers whole all the same is understood.
 *
 * @example
 * ```ts
 * const groq = new OpenAICompatibleClient({ name: 'groq', baseUrl: 'https://api.groq.com/openai/v1', apiKey: 'gsk_…' })
 * const { text } = await groq.chat({ model: 'llama-3.3-70b-versatile', messages: [{ role: 'user', content: 'Why is the sky blue?' }] })
 * ```
 */
export class OpenAICompatibleClient implements LLMClient {
  readonly provider: string
  readonly baseUrl: string
  readonly #service: HttpService
  readonly #limits: CallLimits
  readonly #maxLength: number
  readonly #isOpenAI: boolean

  /**
   * @throws {InvalidArgumentError} for a name, an address, a key or a header that cannot be; their values are not shown
   * @throws {LLMError} with reason `bad_request` for a timeout or a number of retries that cannot be
   */
  constructor(options: OpenAICompatibleClientOptions) {
    const { baseUrl, apiKey, fetch } = options
    const { base, query } = addressOf(baseUrl)
    const key = apiKey?.trim()
    if (apiKey !== undefined && !/^[\x21-\x7e]+$/.test(key ?? '')) throw new InvalidArgumentError('apiKey', 'must be one word')
    checkHeaders(options.headers)
    this.provider = clientName('name', options.name)
    this.baseUrl = base
    this.#service = {
      title: this.provider,
      provider: this.provider,
      base,
      query,
      headers: { ...(key && { authorization: `Bearer ${key}` }), ...options.headers },
      fetch,
      offlineHint: 'Check baseUrl.',
    }
    this.#limits = limitsOf(options, CALL_DEFAULTS)
    this.#maxLength = answerLimit(options.maxAnswerBytes)
    this.#isOpenAI = /(?:^|\.)(?:openai|openai\.azure)\.com$/.test(new URL(base).hostname)
  }

  async chat(request: ChatRequest, options?: CallOptions): Promise<ChatResult> {
    const event = await lastOf(this.#ask(request, options, true))
    return (event as Extract<ChatEvent, { type: 'finish' }>).result
  }

  stream(request: ChatRequest, options?: CallOptions): AsyncIterable<ChatEvent> {
    return leavable((onLeave) => this.#ask(request, options, false, onLeave))
  }

  async embed(request: EmbedRequest, options: CallOptions = {}): Promise<EmbedResult> {
    const { model, dimensions, providerOptions } = request
    return embedInBatches(this.provider, request, limitsOf(options, this.#limits), [], (input, timeout) => {
      const body = { model, input, dimensions, encoding_format: 'float', ...providerOptions }
      return this.#json('/embeddings', model, body, { ...options, timeout }, ({ data, usage }) => ({
        embeddings: listOf(data)
          .map((entry) => recordOf(entry) ?? {})
          .sort((one, other) => (Number(one.index) || 0) - (Number(other.index) || 0))
          .map(({ embedding }) => vectorOf(embedding)),
        inputTokens: usageOf(recordOf(usage) ?? {}).inputTokens,
      }))
    })
  }

  /** The models that the server offers. */
  listModels(options?: CallOptions): Promise<ModelInfo[]> {
    return this.#json('/models', undefined, undefined, options, ({ data }) =>
      listOf(data).map((model) => ({ name: String(recordOf(model)?.id), raw: model })),
    )
  }

  /** Whether the server answers, and takes the key, within 5 seconds unless `options.timeout` says otherwise. Asks once. */
  async health(options: CallOptions = {}): Promise<LLMHealth> {
    const startedAt = performance.now()
    let error: Error | undefined
    try {
      await this.listModels({ timeout: HEALTH_TIMEOUT_MS, maxRetries: 0, ...options })
    } catch (caught) {
      // A server without a list of models answers too.
      if ((caught as LLMError).status !== 404) error = caught as Error
    }
    return { ok: error === undefined, latencyMs: performance.now() - startedAt, ...present({ error }) }
  }

  #ask(request: ChatRequest, options: CallOptions | undefined, isQuiet: boolean, onLeave?: (leave: () => void) => void) {
    const { provider } = this
    const { model } = request
    checkRequest(provider, model, request.messages, true)
    const body = chatCompletion(request, provider, this.#isOpenAI)
    const maxLength = this.#maxLength
    const call = this.#call('/chat/completions', model, body, options, Math.max(maxLength, FEWEST_BYTES))
    return askServer(call, completionReader({ provider, model, isQuiet, maxLength }), onLeave)
  }

  /** An answer of one value, which `take` reads. */
  #json<Value>(
    path: string,
    model: string | undefined,
    body: object | undefined,
    options: CallOptions | undefined,
    take: (fields: Fields) => Value,
  ): Promise<Value> {
    const makeReader: MakeReader<Value> = (emit) => ({
      accept(value) {
        emit(take(fieldsOf(value)))
        return true
      },
    })
    return lastOf(askServer(this.#call(path, model, body, options, MOST_JSON_BYTES), makeReader))
  }

  #call(path: string, model: string | undefined, body: object | undefined, options: CallOptions = {}, maxBytes: number): HttpCall {
    const { headers, signal } = options
    const limits = limitsOf(options, this.#limits)
    return { service: this.#service, path, model, body, headers, limits, signal, maxBytes, decoder: sseDecoder }
  }
}

/** Some servers, and those that were asked for it, write vectors as base64 of 32-bit floats, lowest byte first. */
function vectorOf(embedding: unknown): readonly number[] {
  if (typeof embedding !== 'string') return embedding as readonly number[]
  return [...new Float32Array(Uint8Array.from(atob(embedding), (character) => character.charCodeAt(0)).buffer)]
}
