export type { AISDKEmbeddingModel, AISDKLanguageModel, AISDKProvider } from './ai-sdk-types.js'
export {
  type AISDKAssistantPart,
  type AISDKInstructions,
  type AISDKMessage,
  type AISDKPrompt,
  type AISDKToolResult,
  type AISDKUserPart,
  type CompilablePrompt,
  forAISDK,
} from './for-ai-sdk.js'
export { type FromAISDKOptions, fromAISDK } from './from-ai-sdk.js'
export { type AISDKModelV3, toAISDK } from './to-ai-sdk.js'
