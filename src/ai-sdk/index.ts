export type { AISDKEmbeddingModel, AISDKLanguageModel, AISDKProvider } from './ai-sdk-types.js'
export { type FromAISDKOptions, fromAISDK } from './from-ai-sdk.js'
export { type AISDKModelV3, toAISDK } from './to-ai-sdk.js'
