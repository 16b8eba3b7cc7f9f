import type { LLMError, LLMErrorFacts } from '../shared/errors.js'
import { leavable } from './async-iteration.js'
import { CALL_DEFAULTS, type CallLimits, limitsOf } from './call-scope.js'
import {
  addressOf,
  answerLimit,
  checkHeaders,
  clientName,
  FEWEST_BYTES,
  type HttpClientOptions,
  MOST_JSON_BYTES,
  MOST_LINE_BYTES,
} from './client-options.js'
import { embedInBatches } from './embedding.js'
import { askServer, type HttpCall, type HttpService, lastOf, type MakeReader } from './http-call.js'
import { CorruptLineError, ndjsonDecoder } from './lines.js'
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
  SamplingOptions,
} from './llm-client.js'
import { answerReader, lineOf } from './ollama-answer.js'
import { chatBody, placed, samplingBody, wireImage } from './ollama-request.js'
import { present } from './present.js'
import { type Fields, listOf, numberOf, recordOf, stringOf } from './wire-values.js'

/** How an `OllamaClient` reaches its server. */
export interface OllamaClientOptions extends HttpClientOptions {
  /** The server's address; `ollamaBaseUrl` makes it of an `OLLAMA_HOST`. @default 'http://127.0.0.1:11434' */
  readonly baseUrl?: string
  /** Tells two servers apart: the client's `provider`, as in `gpu-2:qwen3`. @default 'ollama' */
  readonly name?: string
}

/** What to complete, without a conversation around it. */
export interface GenerateRequest extends SamplingOptions {
  readonly model: string
  readonly prompt: string
  /** Text that follows the gap, for models that fill in the middle. */
  readonly suffix?: string
  readonly system?: string
  readonly images?: readonly (Uint8Array | string)[]
}

/** What Ollama knows about one model. */
export interface OllamaModelDetails extends ModelInfo {
  /** Its capabilities: `completion`, `tools`, `thinking`, `vision`, `embedding`. */
  readonly capabilities: readonly string[]
  readonly contextLength?: number
}

/** One step of fetching a model. */
export interface PullProgress {
  /** As the server words it: `pulling manifest`, `success`. */
  readonly status: string
  readonly digest?: string
  readonly totalBytes?: number
  readonly completedBytes?: number
}

const OFFLINE = 'Start it with `ollama serve`, or set baseUrl.'

function hintOf({ status, reason }: LLMErrorFacts, model: string | undefined): string | undefined {
  if (status !== 404) return undefined
  return reason === 'model_not_found' ? `Fetch it with \`ollama pull ${model}\`.` : 'Is baseUrl an Ollama server?'
}

/** For `health`: a server that is up answers this at once. */
const HEALTH_TIMEOUT_MS = 5_000

/**
 * Ollama over `fetch`, on Node and in a browser.
 *
 * Answers are always streamed on the wire, for `chat` too, so that the timers for the first chunk and for silence work.
 *
 * @example
 * ```ts
 * const ollama = new OllamaClient()
 * const { text } = await ollama.chat({ model: 'qwen3:14b', messages: [{ role: 'user', content: 'Why is the sky blue?' }] })
 * ```
 */
export class OllamaClient implements LLMClient {
  readonly provider: string
  readonly baseUrl: string
  readonly #service: HttpService
  readonly #limits: CallLimits
  readonly #maxLength: number

  /**
   * @throws {InvalidArgumentError} for an address, a header or a name that cannot be; their values are not shown
   * @throws {LLMError} with reason `bad_request` for a timeout or a number of retries that cannot be
   */
  constructor(options: OllamaClientOptions = {}) {
    const { name = 'ollama', baseUrl = 'http://127.0.0.1:11434', headers, fetch } = options
    const { base, query } = addressOf(baseUrl)
    checkHeaders(headers)
    this.provider = clientName('name', name)
    this.baseUrl = base
    this.#service = { title: 'Ollama', provider: name, base, query, headers, fetch, offlineHint: OFFLINE, hintOf }
    this.#limits = limitsOf(options, CALL_DEFAULTS)
    this.#maxLength = answerLimit(options.maxAnswerBytes)
  }

  async chat(request: ChatRequest, options?: CallOptions): Promise<ChatResult> {
    const { body, warnings } = chatBody(request)
    return this.#result('/api/chat', request.model, body, warnings, options)
  }

  stream(request: ChatRequest, options?: CallOptions): AsyncIterable<ChatEvent> {
    return leavable((onLeave) => {
      const { body, warnings } = chatBody(request)
      return askServer(this.#call('/api/chat', request.model, body, options), this.#reader(request.model, body, warnings, false), onLeave)
    })
  }

  /** Completes a text without a conversation: with `suffix`, what stands between the two. */
  async generate(request: GenerateRequest, options?: CallOptions): Promise<ChatResult> {
    const { body, warnings } = samplingBody(request)
    const { model, prompt, suffix, system, images } = request
    return this.#result('/api/generate', model, { ...body, prompt, suffix, system, images: images?.map(wireImage) }, warnings, options)
  }

  async embed(request: EmbedRequest, options: CallOptions = {}): Promise<EmbedResult> {
    const { model, dimensions } = request
    const { body, warnings } = placed(request.providerOptions)
    return embedInBatches(this.provider, request, limitsOf(options, this.#limits), warnings, (input, timeout) =>
      this.#json('/api/embed', model, { dimensions, ...body, model, input }, { ...options, timeout }, (fields) => ({
        embeddings: listOf(fields.embeddings) as number[][],
        inputTokens: numberOf(fields.prompt_eval_count),
      })),
    )
  }

  /** The models on the server, as `ollama list` shows them. */
  listModels(options?: CallOptions): Promise<ModelInfo[]> {
    return this.#json('/api/tags', undefined, undefined, options, ({ models }) => {
      if (!Array.isArray(models)) throw new CorruptLineError('no list of models')
      return models.map((model) => modelInfo(recordOf(model) ?? {}))
    })
  }

  /** What the server knows about one model. */
  show(model: string, options?: CallOptions): Promise<OllamaModelDetails> {
    return this.#json('/api/show', model, { model }, options, (raw) => {
      const length = Object.entries(recordOf(raw.model_info) ?? {}).find(([key]) => key.endsWith('.context_length'))
      return {
        ...modelInfo({ ...raw, name: model }),
        capabilities: listOf(raw.capabilities).map(String),
        ...present({ contextLength: numberOf(length?.[1]) }),
      }
    })
  }

  /**
   * Fetches a model to the server, telling how far it is. Leaving the loop ends the download; the server keeps what it has.
   *
   * The timer for the whole call is off unless `options.timeout` sets it: a download takes as long as it takes.
   */
  pull(model: string, options: CallOptions = {}): AsyncIterable<PullProgress> {
    const { timeout = { totalMs: Number.POSITIVE_INFINITY } } = options
    const makeReader: MakeReader<PullProgress> = (emit) => ({
      accept(line) {
        const { status, digest, total, completed } = lineOf(line)
        emit({
          status: String(status),
          ...present({ digest: stringOf(digest), totalBytes: numberOf(total), completedBytes: numberOf(completed) }),
        })
        return status === 'success'
      },
    })
    return leavable((onLeave) =>
      askServer(this.#call('/api/pull', model, { model, stream: true }, { ...options, timeout }), makeReader, onLeave),
    )
  }

  /** The server's version. */
  version(options?: CallOptions): Promise<string> {
    return this.#json('/api/version', undefined, undefined, options, ({ version }) => String(version))
  }

  /** Whether the server answers at all, within 5 seconds unless `options.timeout` says otherwise. Asks once. */
  async health(options: CallOptions = {}): Promise<LLMHealth> {
    const startedAt = performance.now()
    let error: Error | undefined
    try {
      await this.#json('/', undefined, undefined, { timeout: HEALTH_TIMEOUT_MS, maxRetries: 0, ...options }, () => {})
    } catch (caught) {
      // The page is a sentence and no JSON: that it came is the answer.
      if ((caught as LLMError).reason !== 'invalid_response') error = caught as Error
    }
    return { ok: error === undefined, latencyMs: performance.now() - startedAt, ...present({ error }) }
  }

  async #result(
    path: string,
    model: string,
    body: Fields,
    warnings: readonly string[],
    options: CallOptions | undefined,
  ): Promise<ChatResult> {
    const event = await lastOf(askServer(this.#call(path, model, body, options), this.#reader(model, body, warnings, true)))
    return (event as Extract<ChatEvent, { type: 'finish' }>).result
  }

  #reader(model: string, body: Fields, warnings: readonly string[], isQuiet: boolean): MakeReader<ChatEvent> {
    return answerReader({ provider: this.provider, model, body, warnings, isQuiet, maxLength: this.#maxLength })
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
        emit(take(lineOf(value)))
        return true
      },
    })
    return lastOf(askServer({ ...this.#call(path, model, body, options), maxBytes: MOST_JSON_BYTES }, makeReader))
  }

  #call(path: string, model: string | undefined, body: object | undefined, options: CallOptions = {}): HttpCall {
    const { headers, signal } = options
    const limits = limitsOf(options, this.#limits)
    const maxBytes = Math.min(Math.max(this.#maxLength, FEWEST_BYTES), MOST_LINE_BYTES)
    return { service: this.#service, path, model, body, headers, limits, signal, maxBytes, decoder: () => ndjsonDecoder }
  }
}

function modelInfo(fields: Fields): ModelInfo {
  return {
    name: String(fields.name ?? fields.model),
    ...present({
      family: stringOf(recordOf(fields.details)?.family),
      sizeBytes: numberOf(fields.size),
    }),
    raw: fields,
  }
}
