import type { ToolCall } from '../entities/message.js'
import { type ClientCall, defineLLMClient } from '../llm/define-llm-client.js'
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
} from '../llm/llm-client.js'
import { LLMError } from '../shared/errors.js'

/** One scripted answer: a text, an error to throw, or both in detail. */
export type FakeAnswer = string | Error | FakeAnswerDetails

/** A scripted answer in detail. */
export interface FakeAnswerDetails extends Partial<Pick<ChatResult, 'finishReason' | 'usage' | 'warnings' | 'model' | 'raw' | 'message'>> {
  /** The answer; `stream` gives it in one part. */
  readonly text?: string
  /** The answer in parts, for `stream`. Goes before `text`. */
  readonly chunks?: readonly string[]
  readonly thinking?: string
  readonly toolCalls?: readonly ToolCall[]
  /** Thrown after the parts, or at once when there are none. */
  readonly error?: Error
  /** Pause before the first part, in milliseconds; `Infinity` never answers. It ends with the call. */
  readonly delayMs?: number
}

/** Gives the answer for a request; `call` counts from 1. */
export type FakeAnswerFunction = (request: ChatRequest, call: number) => FakeAnswer | Promise<FakeAnswer>

/** Options of a `FakeLLMClient`. */
export interface FakeLLMClientOptions {
  /** @default 'fake' */
  readonly provider?: string
  /** How often a retryable error is answered by another call, which takes the next answer. @default 0 */
  readonly maxRetries?: number
  /** What `listModels` gives. @default none */
  readonly models?: readonly ModelInfo[]
}

/** One call as the fake saw it. */
export interface FakeCall {
  readonly request: ChatRequest
  readonly options: CallOptions
}

/**
 * An `LLMClient` that answers what the test says, with the timers, aborts and error types of a real one.
 *
 * @example
 * ```ts
 * const llm = new FakeLLMClient(['{"domain": "payments"}', new Error('down')])
 * await llm.chat({ model: 'any', messages: [] }) // the first answer; the next call rejects
 * expect(llm.calls[0]?.request.model).toBe('any')
 * ```
 */
export class FakeLLMClient implements LLMClient {
  readonly provider: string
  readonly #calls: FakeCall[] = []
  readonly #answers: FakeAnswer[]
  readonly #answer: FakeAnswerFunction | undefined
  readonly #models: readonly ModelInfo[]
  readonly #client: LLMClient

  /** @param answers one for each call, in order, then an error; or a function that is asked each time */
  constructor(answers: readonly FakeAnswer[] | FakeAnswerFunction = [], options: FakeLLMClientOptions = {}) {
    this.provider = options.provider ?? 'fake'
    this.#answers = typeof answers === 'function' ? [] : [...answers]
    this.#answer = typeof answers === 'function' ? answers : undefined
    this.#models = options.models ?? []
    this.#client = defineLLMClient({
      provider: this.provider,
      maxRetries: options.maxRetries ?? 0,
      stream: (request, call) => this.#play(request, call),
    })
  }

  /** Every call so far, in order; each attempt counts. */
  get calls(): readonly FakeCall[] {
    return this.#calls
  }

  /** Adds answers for calls to come. */
  push(...answers: readonly FakeAnswer[]): void {
    this.#answers.push(...answers)
  }

  chat(request: ChatRequest, options?: CallOptions): Promise<ChatResult> {
    return this.#client.chat(request, options)
  }

  stream(request: ChatRequest, options?: CallOptions): AsyncIterable<ChatEvent> {
    return this.#client.stream(request, options)
  }

  /** Vectors of `dimensions` numbers, two by default, that depend on the text alone. */
  async embed(request: EmbedRequest): Promise<EmbedResult> {
    const { dimensions = 2 } = request
    const embeddings = request.values.map((text) =>
      Array.from({ length: dimensions }, (_, at) => (at === 0 ? text.length : text.charCodeAt(at - 1) || 0)),
    )
    return { embeddings, usage: {}, timings: { totalMs: 0 }, model: request.model, provider: this.provider }
  }

  async listModels(): Promise<ModelInfo[]> {
    return [...this.#models]
  }

  async health(): Promise<LLMHealth> {
    return { ok: true, latencyMs: 0 }
  }

  async *#play(
    request: ChatRequest,
    options: ClientCall,
  ): AsyncGenerator<ChatEvent | { readonly type: 'finish'; readonly result: Partial<ChatResult> }> {
    this.#calls.push({ request, options })
    const answer = detailsOf(this.#answer ? await this.#answer(request, this.#calls.length) : this.#next())
    if (answer.delayMs !== undefined) await pause(answer.delayMs, options.signal)
    if (answer.thinking !== undefined) yield { type: 'thinking', delta: answer.thinking }
    for (const delta of answer.chunks ?? (answer.text ? [answer.text] : [])) yield { type: 'text', delta }
    for (const toolCall of answer.toolCalls ?? []) yield { type: 'tool-call', toolCall }
    if (answer.error !== undefined) throw answer.error
    const { text, chunks, thinking, toolCalls, error, delayMs, ...result } = answer
    yield { type: 'finish', result }
  }

  #next(): FakeAnswer {
    return (
      this.#answers.shift() ??
      new LLMError(`FakeLLMClient has no answer for call ${this.#calls.length}.`, { reason: 'server', provider: this.provider })
    )
  }
}

function detailsOf(answer: FakeAnswer): FakeAnswerDetails {
  if (typeof answer === 'string') return { text: answer }
  return answer instanceof Error ? { error: answer } : answer
}

/** Ends with the call too, so that a delayed answer holds no test process open. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined
  await new Promise<void>((resolve) => {
    if (Number.isFinite(ms)) timer = setTimeout(resolve, ms)
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
  clearTimeout(timer)
}
