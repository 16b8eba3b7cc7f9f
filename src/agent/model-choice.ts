import type { JsonObject } from '../entities/json.js'
import type { ModelPrices } from '../entities/model-prices.js'
import type { ChatRequest } from '../llm/llm-client.js'

/** A model to ask, with its own parameters. */
export interface ModelChoice {
  readonly provider: string
  readonly model: string
  readonly parameters?: JsonObject
  /** Absent: what it costs is not known. */
  readonly prices?: ModelPrices | null
}

/** A request whose model the agent fills in. */
export type AgentRequest = Omit<ChatRequest, 'model'>
