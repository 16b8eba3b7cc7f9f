import type { LLMError } from '../shared/errors.js'
import { leavable } from './async-iteration.js'
import { CALL_DEFAULTS, type CallLimits, limitsOf } from './call-scope.js'
import type {
  CallOptions,
  CallTimeouts,
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
import { CorruptLineError } from './ndjson.js'
import { answerReader, type Fields, type MakeReader, numberOf, recordOf, stringOf, sum } from './ollama-answer.js'
import { askOllama, type OllamaCall } from './ollama-call.js'
import { chatBody, placed, samplingBody, wireImage } from './ollama-request.js'
import { present } from './present.js'

/** How an `OllamaClient` reaches its server. */
export interface OllamaClientOptions {
  /** The server's address; `ollamaBaseUrl` makes it of an `OLLAMA_HOST`. @default 'http://127.0.0.1:11434' */
  readonly baseUrl?: string
  /** Sent with every request: `{ authorization: 'Bearer …' }` for hosted Ollama. */
  readonly headers?: { readonly [name: string]: string }
  /** Does the requests. @default the global `fetch` */
  readonly fetch?: typeof globalThis.fetch
  /** A number bounds each whole call and turns the other timers off. @default { firstChunkMs: 120_000, chunkMs: 60_000, totalMs: 600_000 } */
  readonly timeout?: number | CallTimeouts
  /** How often a failed request is sent again. @default 2 */
  readonly maxRetries?: number
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
  /** What it can do: `completion`, `tools`, `thinking`, `vision`, `embedding`. */
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
  readonly provider = 'ollama'
  readonly baseUrl: string
  readonly #options: OllamaClientOptions
  readonly #limits: CallLimits

  /** @throws {LLMError} with reason `bad_request` for a timeout or a number of retries that cannot be */
  constructor(options: OllamaClientOptions = {}) {
    this.baseUrl = (options.baseUrl ?? 'http://127.0.0.1:11434').replace(/\/+$/, '')
    this.#options = options
    this.#limits = limitsOf(options, CALL_DEFAULTS)
  }

  async chat(request: ChatRequest, options?: CallOptions): Promise<ChatResult> {
    const { body, warnings } = chatBody(request)
    return this.#result('/api/chat', request.model, body, warnings, options)
  }

  stream(request: ChatRequest, options?: CallOptions): AsyncIterable<ChatEvent> {
    return leavable((onLeave) => {
      const { body, warnings } = chatBody(request)
      return askOllama(this.#call('/api/chat', request.model, body, options), answerReader(request.model, warnings, false), onLeave)
    })
  }

  /** Completes a text without a conversation: with `suffix`, what stands between the two. */
  async generate(request: GenerateRequest, options?: CallOptions): Promise<ChatResult> {
    const { body, warnings } = samplingBody(request)
    const { model, prompt, suffix, system, images } = request
    return this.#result('/api/generate', model, { ...body, prompt, suffix, system, images: images?.map(wireImage) }, warnings, options)
  }

  async embed(request: EmbedRequest, options: CallOptions = {}): Promise<EmbedResult> {
    const { model, values, dimensions } = request
    const batchSize = Math.max(1, request.batchSize ?? 100)
    const startedAt = performance.now()
    const passedMs = () => performance.now() - startedAt
    const { timeouts } = limitsOf(options, this.#limits)
    const { body, warnings } = placed(request.providerOptions)
    const embeddings: number[][] = []
    let inputTokens: number | undefined
    for (let from = 0; from < values.length; from += batchSize) {
      const input = values.slice(from, from + batchSize)
      const timeout = { ...timeouts, totalMs: Math.max(1, timeouts.totalMs - passedMs()) }
      await this.#json('/api/embed', model, { dimensions, ...body, model, input }, { ...options, timeout }, (fields) => {
        const vectors = fields.embeddings
        if (!Array.isArray(vectors) || vectors.length !== input.length) throw new CorruptLineError('not one vector for each text')
        embeddings.push(...vectors)
        inputTokens = sum(from === 0 ? 0 : inputTokens, numberOf(fields.prompt_eval_count))
      })
    }
    return {
      embeddings,
      usage: present({ inputTokens, totalTokens: inputTokens }),
      timings: { totalMs: passedMs() },
      model,
      provider: 'ollama',
      ...(warnings.length > 0 && { warnings }),
    }
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
        capabilities: Array.isArray(raw.capabilities) ? raw.capabilities.map(String) : [],
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
      accept({ status, digest, total, completed }) {
        emit({
          status: String(status),
          ...present({ digest: stringOf(digest), totalBytes: numberOf(total), completedBytes: numberOf(completed) }),
        })
        return status === 'success'
      },
    })
    return leavable((onLeave) =>
      askOllama(this.#call('/api/pull', model, { model, stream: true }, { ...options, timeout }), makeReader, onLeave),
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
    body: object,
    warnings: readonly string[],
    options: CallOptions | undefined,
  ): Promise<ChatResult> {
    const event = await lastOf(askOllama(this.#call(path, model, body, options), answerReader(model, warnings, true)))
    return (event as Extract<ChatEvent, { type: 'finish' }>).result
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
      accept(fields) {
        emit(take(fields))
        return true
      },
    })
    return lastOf(askOllama(this.#call(path, model, body, options), makeReader))
  }

  #call(path: string, model: string | undefined, body: object | undefined, options: CallOptions = {}): OllamaCall {
    return {
      baseUrl: this.baseUrl,
      path,
      model,
      body,
      headers: { ...(body && { 'content-type': 'application/json' }), ...this.#options.headers, ...options.headers },
      // Looked up at each call, so that a host may replace the global one.
      fetch: this.#options.fetch ?? globalThis.fetch,
      limits: limitsOf(options, this.#limits),
      signal: options.signal,
    }
  }
}

async function lastOf<Value>(batches: AsyncIterable<readonly Value[]>): Promise<Value> {
  let last: readonly Value[] = []
  for await (const batch of batches) last = batch
  return last.at(-1) as Value
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
