export { LLMError, type LLMErrorFacts, type LLMErrorReason, type LLMTimeoutPhase } from '../shared/errors.js'
export type { SchemaIssue, SchemaResult, StandardSchema } from '../shared/standard-schema.js'
export { type ChatAnswer, type ChatPart, type ClientCall, defineLLMClient, type LLMClientDefinition } from './define-llm-client.js'
export { type ExtractJsonOptions, extractJson } from './extract-json.js'
export type {
  CallOptions,
  CallTimeouts,
  CallTimings,
  ChatEvent,
  ChatRequest,
  ChatResult,
  EmbedRequest,
  EmbedResult,
  FinishReason,
  JsonSchema,
  LLMClient,
  LLMHealth,
  Message,
  ModelInfo,
  SamplingOptions,
  TokenUsage,
  ToolCall,
  ToolDefinition,
} from './llm-client.js'
export { LLMRegistry, type ResolvedModel } from './llm-registry.js'
export { ollamaBaseUrl } from './ollama-base-url.js'
export {
  type GenerateRequest,
  OllamaClient,
  type OllamaClientOptions,
  type OllamaModelDetails,
  type PullProgress,
} from './ollama-client.js'
