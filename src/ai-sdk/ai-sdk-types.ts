import type { ProviderRecord } from '../entities/message.js'

/**
 * The parts of the AI SDK's provider specification that the bridge touches, written as shapes: v2 (ai@5), v3 (ai@6) and
 * v4 (ai@7) models all fit, and the package needs none of them installed.
 *
 * @see https://ai-sdk.dev/providers/community-providers/custom-providers
 */
export interface AISDKLanguageModel {
  readonly specificationVersion: string
  readonly provider: string
  readonly modelId: string
  // `never` as parameter accepts the options type of every version; the bridge itself builds what all of them take.
  doGenerate(options: never): PromiseLike<unknown>
  doStream(options: never): PromiseLike<unknown>
}

/** An embedding model of any version. */
export interface AISDKEmbeddingModel {
  readonly provider: string
  readonly maxEmbeddingsPerCall?: unknown
  doEmbed(options: never): PromiseLike<unknown>
}

/** A provider of any version: an object with `languageModel`, a function that makes models, or both. */
export type AISDKProvider = { languageModel(modelId: string): AISDKLanguageModel } | ((modelId: string) => AISDKLanguageModel)

/** What the bridge calls a model with. */
export interface CallShape {
  prompt: unknown[]
  maxOutputTokens?: number | undefined
  temperature?: number | undefined
  stopSequences?: string[] | undefined
  topP?: number | undefined
  topK?: number | undefined
  presencePenalty?: number | undefined
  frequencyPenalty?: number | undefined
  responseFormat?: { type: 'text' } | { type: 'json'; schema?: unknown } | undefined
  seed?: number | undefined
  tools?: ToolShape[] | undefined
  toolChoice?: { type: string; toolName?: string } | undefined
  abortSignal?: AbortSignal | undefined
  headers?: Record<string, string | undefined> | undefined
  reasoning?: string | undefined
  providerOptions?: Record<string, Record<string, unknown>> | undefined
}

/** A tool, as both sides name it. */
export interface ToolShape {
  type: string
  name: string
  description?: string | undefined
  inputSchema?: unknown
}

/** A part of a message, an answer or a stream. Which fields it has depends on `type`. */
export interface PartShape {
  readonly type: string
  readonly providerMetadata?: ProviderRecord
  readonly providerOptions?: ProviderRecord
  readonly text?: string
  readonly delta?: string
  readonly id?: string
  readonly toolCallId?: string
  readonly toolName?: string
  /** The provider ran the tool itself, and its answer knows the result. */
  readonly providerExecuted?: boolean | undefined
  readonly input?: unknown
  readonly output?: unknown
  readonly data?: unknown
  readonly mediaType?: string
  readonly filename?: string
  readonly warnings?: readonly WarningShape[]
  readonly finishReason?: unknown
  readonly usage?: unknown
  readonly modelId?: string
  readonly error?: unknown
}

/** What a model could not do, in the words of v2 (`setting`) or of v3 and v4 (`feature`). */
export interface WarningShape {
  readonly type: string
  readonly setting?: unknown
  readonly feature?: string
  readonly details?: string
  readonly message?: string
}
