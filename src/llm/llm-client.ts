import type { Message, ProviderRecord, ToolCall } from '../entities/message.js'

/**
 * One way to talk to any model. Names follow the AI SDK's call options, so that a bridge to its providers is a mapping.
 *
 * Write your own with `defineLLMClient`: one function is enough.
 */
export interface LLMClient {
  /** Short name of the provider: `ollama`, `openai`. It is the prefix in `ollama:qwen3:14b`. */
  readonly provider: string
  /**
   * One answer, whole.
   *
   * @throws {LLMError} always of this class; `reason` says what happened
   */
  chat(request: ChatRequest, options?: CallOptions): Promise<ChatResult>
  /**
   * One answer, as it is written. The request is sent at the first step of the loop; leaving the loop ends it.
   *
   * The last event is `finish` and holds what `chat` would have given.
   */
  stream(request: ChatRequest, options?: CallOptions): AsyncIterable<ChatEvent>
  /** One vector for each text, in the order of the texts. */
  embed?(request: EmbedRequest, options?: CallOptions): Promise<EmbedResult>
  /** The models this provider can run now. */
  listModels?(options?: CallOptions): Promise<ModelInfo[]>
  /** Whether the provider answers. Never throws: a failure is `{ ok: false, error }`. */
  health?(options?: CallOptions): Promise<LLMHealth>
}

/** A JSON Schema, as an object. */
export type JsonSchema = { readonly [keyword: string]: unknown }

/** A tool the model may ask for. */
export interface ToolDefinition {
  readonly name: string
  readonly description?: string
  readonly inputSchema: JsonSchema
}

/** Whether the model may, must or must not ask for tools, or must ask for a certain one. */
export type ToolChoice = 'auto' | 'none' | 'required' | { readonly type: 'tool'; readonly toolName: string }

/** How the answer is chosen; what is absent is left to the provider. */
export interface SamplingOptions {
  readonly temperature?: number
  readonly topP?: number
  readonly topK?: number
  /** Most tokens in the answer, thinking included. */
  readonly maxOutputTokens?: number
  readonly stopSequences?: readonly string[]
  readonly seed?: number
  readonly presencePenalty?: number
  readonly frequencyPenalty?: number
  /** Whether, or how hard, the model thinks before it answers. */
  readonly reasoning?: boolean | 'low' | 'medium' | 'high'
  /** `json` makes the provider hold the model to JSON, and to the schema where it can. */
  readonly responseFormat?: { readonly type: 'text' } | { readonly type: 'json'; readonly schema?: JsonSchema }
  /** Options that only this provider has, under the provider's own names: `num_ctx`, `keep_alive`. */
  readonly providerOptions?: { readonly [name: string]: unknown }
}

/** What to ask. The client never changes it. */
export interface ChatRequest extends SamplingOptions {
  /** The model's name as the provider knows it, without the provider's prefix. */
  readonly model: string
  readonly messages: readonly Message[]
  readonly tools?: readonly ToolDefinition[]
  /** When a client cannot make its provider follow it, the result has a warning. @default the provider's, 'auto' */
  readonly toolChoice?: ToolChoice
}

/** The three timers, in milliseconds. `Infinity` turns one off. */
export interface CallTimeouts {
  /** From sending a request to the first part of its answer; loading a model counts. Each attempt has its own. */
  readonly firstChunkMs?: number
  /** Between two parts of an answer, while we wait for the server; time the reader takes does not count. */
  readonly chunkMs?: number
  /** For the whole call, with every attempt and the pauses between them. */
  readonly totalMs?: number
}

/** How one call is made. */
export interface CallOptions {
  /** Ends the call with reason `aborted`, whatever it is doing. */
  readonly signal?: AbortSignal
  /** A number bounds the whole call and turns the other two timers off; an object replaces the client's timers one by one. */
  readonly timeout?: number | CallTimeouts
  /** How often a failed request is sent again, as long as no part of an answer arrived. @default the client's */
  readonly maxRetries?: number
  /** Sent with this call, over the client's own. */
  readonly headers?: { readonly [name: string]: string }
  /** Facts for code that wraps the client (traces, logs); never sent to the provider. */
  readonly metadata?: { readonly [name: string]: unknown }
}

/** A piece of text or of a thought. */
export interface ChatDelta {
  /** May be empty when the part has only metadata of the provider. */
  readonly delta: string
  /** Tells parts of one kind apart that follow each other, where the provider does. */
  readonly partId?: string
  /** Metadata that the provider sent with the part, such as the signature of a thought. */
  readonly providerMetadata?: ProviderRecord
}

/** A part of an answer that is being written. */
export type ChatEvent =
  | ({ readonly type: 'text' } & ChatDelta)
  | ({ readonly type: 'thinking' } & ChatDelta)
  | { readonly type: 'tool-call'; readonly toolCall: ToolCall }
  | { readonly type: 'finish'; readonly result: ChatResult }

/** Why the model stopped. */
export type FinishReason = 'stop' | 'length' | 'tool-calls' | 'content-filter' | 'error' | 'other'

/** Tokens read and written; `undefined` is unknown, never 0. */
export interface TokenUsage {
  readonly inputTokens?: number
  readonly outputTokens?: number
  readonly totalTokens?: number
  /** Of the tokens read, those that came from the provider's cache. */
  readonly cachedInputTokens?: number
  /** Of the tokens written, those of thoughts. */
  readonly reasoningTokens?: number
}

/** How long it took, in milliseconds. What the provider does not tell is absent. */
export interface CallTimings {
  /** From the call to its result, measured here; attempts that failed count. */
  readonly totalMs: number
  /** From the call to the first part of the answer, measured here. */
  readonly firstChunkMs?: number
  /** Loading the model, as told by the provider. */
  readonly loadMs?: number
  /** Reading the prompt, as told by the provider. */
  readonly promptMs?: number
  /** Writing the answer, as told by the provider. */
  readonly generateMs?: number
  /** Tokens written per second of `generateMs`. */
  readonly tokensPerSecond?: number
}

/** A whole answer. */
export interface ChatResult {
  /** The answer, without what the model thought. */
  readonly text: string
  readonly thinking?: string
  readonly toolCalls: readonly ToolCall[]
  /**
   * The answer as a message for the history, when it holds more than `text`, `thinking` and `toolCalls` say: parts in
   * order, with what the provider wants back. `assistantMessage(result)` gives it, or makes one of those three.
   */
  readonly message?: Message
  readonly finishReason: FinishReason
  readonly usage: TokenUsage
  readonly timings: CallTimings
  /** The model that answered, as the provider calls it. */
  readonly model: string
  readonly provider: string
  /** What was asked for and not done, one sentence each. */
  readonly warnings?: readonly string[]
  /** The provider's last message, as it came. */
  readonly raw?: unknown
}

/** What to embed. */
export interface EmbedRequest {
  readonly model: string
  readonly values: readonly string[]
  /** Length of the vectors, for models that can shorten them. */
  readonly dimensions?: number
  /** Most texts in one request; longer lists are sent in several, one after the other. @default 100 */
  readonly batchSize?: number
  readonly providerOptions?: { readonly [name: string]: unknown }
}

/** Vectors in the order of the texts. */
export interface EmbedResult {
  readonly embeddings: readonly (readonly number[])[]
  readonly usage: TokenUsage
  readonly timings: CallTimings
  readonly model: string
  readonly provider: string
  readonly warnings?: readonly string[]
}

/** A model a provider can run. */
export interface ModelInfo {
  readonly name: string
  readonly family?: string
  readonly sizeBytes?: number
  /** What the provider says of it, as it came. */
  readonly raw?: unknown
}

/** Whether a provider answers. */
export interface LLMHealth {
  readonly ok: boolean
  readonly latencyMs: number
  readonly error?: Error
}
