export {
  type CacheMark,
  type FilePart,
  type ImagePart,
  MESSAGE_ROLES,
  type Message,
  type MessageContent,
  type MessagePart,
  type MessageRole,
  type OpaquePart,
  type PartFields,
  type ProviderFields,
  type ProviderRecord,
  type ReasoningPart,
  type TextPart,
  type ToolCall,
} from '../entities/message.js'
export { LLMError, type LLMErrorFacts, type LLMErrorReason, type LLMTimeoutPhase } from '../shared/errors.js'
export { isFilePart, isImagePart, isReasoningPart, isTextPart, messageText } from '../shared/message-parts.js'
export type { SchemaIssue, SchemaResult, StandardSchema } from '../shared/standard-schema.js'
export { type AnthropicBlock, type AnthropicMessage, type AnthropicMessages, toAnthropicMessages } from './anthropic-messages.js'
export { assistantMessage } from './assistant-message.js'
export type { HttpClientOptions } from './client-options.js'
export {
  type ChatAnswer,
  type ChatPart,
  type ClientCall,
  defineLLMClient,
  type EmbedAnswer,
  type LLMClientDefinition,
} from './define-llm-client.js'
export { type ExtractJsonOptions, extractJson } from './extract-json.js'
export type {
  CallOptions,
  CallTimeouts,
  CallTimings,
  ChatDelta,
  ChatEvent,
  ChatRequest,
  ChatResult,
  EmbedRequest,
  EmbedResult,
  FinishReason,
  JsonSchema,
  LLMClient,
  LLMHealth,
  ModelInfo,
  SamplingOptions,
  TokenUsage,
  ToolChoice,
  ToolDefinition,
} from './llm-client.js'
export { LLMRegistry, type LLMRegistryOptions, type ResolvedModel } from './llm-registry.js'
export type { CooledModel, ModelCooldown } from './model-cooldown.js'
export { ollamaBaseUrl } from './ollama-base-url.js'
export {
  type GenerateRequest,
  OllamaClient,
  type OllamaClientOptions,
  type OllamaModelDetails,
  type PullProgress,
} from './ollama-client.js'
export { OpenAICompatibleClient, type OpenAICompatibleClientOptions } from './openai-client.js'
export { type OpenAIMessage, type OpenAIPart, type OpenAIToolCall, toOpenAIMessages } from './openai-messages.js'
export { toMessages } from './to-messages.js'
