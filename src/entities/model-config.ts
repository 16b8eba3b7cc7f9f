import type { JsonObject } from './json.js'
import type { ModelPrices } from './model-prices.js'
import type { Selection } from './selection.js'
import type { Provenance } from './source.js'

/** A model to try when the ones before it fail. */
export interface ModelFallback {
  readonly provider: string
  readonly model: string
  readonly parameters?: JsonObject
  /** Of this model. Absent: its runs have no cost. */
  readonly prices?: ModelPrices
}

/** What one version of a model configuration says. It never changes after it is written. */
export interface ModelConfigContent {
  readonly id: number
  readonly project: string
  readonly name: string
  readonly version: number
  readonly provider: string
  readonly model: string
  readonly parameters: JsonObject
  readonly fallbacks: readonly ModelFallback[]
  /** Of `model` at `provider`; those of fallbacks stand beside them. `null` or absent: unknown. */
  readonly prices?: ModelPrices | null
  readonly createdBy: string | null
  /** ISO 8601, UTC. */
  readonly createdAt: string
}

/** Which model to call and how, as an answer: frozen, and shared by everybody who asks. */
export interface ModelConfig extends ModelConfigContent, Provenance {
  readonly isActive: boolean
  readonly labels: readonly string[]
  readonly selection: Selection
}
