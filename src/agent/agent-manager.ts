import type { EmbeddingConfig } from '../entities/embedding-config.js'
import type { FlagDetails } from '../entities/flag.js'
import type { GuardMetric } from '../entities/guard.js'
import type { ModelConfig } from '../entities/model-config.js'
import type { Prompt } from '../entities/prompt.js'
import type { ModelDefinition } from '../shared/model-definition.js'
import type { PromptDefinition } from '../template/prompt-definition.js'

/** Which version an agent asks its manager for. */
export interface AgentQuery {
  readonly project?: string
  readonly label?: string
  readonly version?: number
  readonly subject?: string
  readonly attributes?: Readonly<Record<string, unknown>>
}

/** What an agent needs of a ConfigurationManager; a test can write one by hand. */
export interface AgentManager {
  getPrompt(name: string, query?: AgentQuery): Promise<Prompt | undefined>
  getModelConfig(name?: string, query?: AgentQuery): Promise<ModelConfig | undefined>
  /** For `databasePrompts: { flag }`. */
  getFlag?(name: string, fallback: boolean, query?: AgentQuery): Promise<boolean>
  /** Used instead of `getFlag` when the manager has it: it also says which rollout decided. */
  getFlagDetails?(name: string, fallback: boolean, query?: AgentQuery): Promise<FlagDetails<boolean>>
  /** For `embed()`. */
  getEmbeddingConfig?(name?: string, query?: AgentQuery): Promise<EmbeddingConfig | undefined>
  /** Records the outcomes of runs whose versions a guarded rollout chose. */
  readonly outcomes?: AgentOutcomes
  /** Called with a definition in `promptName`, so that the manager refuses to promote a version that the agent cannot fill. */
  registerPrompt?(definition: PromptDefinition): void
  /** Called with a definition in `modelName`, so that the manager refuses to promote parameters that it does not take. */
  registerModel?(definition: ModelDefinition): void
}

/** Where an agent's outcomes go: `manager.outcomes`. */
export interface AgentOutcomes {
  record(outcome: {
    readonly subject: string
    readonly metric: string
    readonly bad?: boolean
    readonly value?: number
    readonly rolloutId: string
  }): void
  /** What the guard of a rollout watches; `undefined` for a rollout without one. */
  metricsOf(rolloutId: string): readonly GuardMetric[] | undefined
}
