import type { JsonObject } from './json.js'
import type { Selection } from './selection.js'
import type { Provenance } from './source.js'

/** What one version of an embedding configuration says. It never changes after it is written. */
export interface EmbeddingConfigContent {
  readonly id: number
  readonly project: string
  readonly name: string
  readonly version: number
  readonly embeddingModel: string
  /** In tokens. */
  readonly chunkSize: number
  /** In tokens, less than `chunkSize`. */
  readonly chunkOverlap: number
  readonly chunkingStrategy: string
  /** Length of the vectors; `null` or absent: what the model makes. */
  readonly dimensions?: number | null
  readonly parameters: JsonObject
  readonly createdBy: string | null
  /** ISO 8601, UTC. */
  readonly createdAt: string
}

/** How to cut and embed documents, as an answer: frozen, and shared by everybody who asks. */
export interface EmbeddingConfig extends EmbeddingConfigContent, Provenance {
  readonly isActive: boolean
  readonly labels: readonly string[]
  readonly selection: Selection
}
