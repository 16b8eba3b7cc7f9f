import type { LabelName, PromptName } from '../entities/config-types.js'
import type { JsonObject } from '../entities/json.js'
import type { ModelPrices } from '../entities/model-prices.js'
import type { Selection } from '../entities/selection.js'
import type { CallOptions, LLMClient } from '../llm/llm-client.js'
import type { LLMRegistry } from '../llm/llm-registry.js'
import type { Logger } from '../shared/logger.js'
import type { AgentManager } from './agent-manager.js'
import type { AgentSettings } from './agent-settings.js'
import type { ModelChoice } from './model-choice.js'
import type { RunContext } from './run-context.js'
import type { RunModel } from './run-event.js'

/** Options of an agent's constructor. */
export interface AgentOptions {
  /** The clients; the first also answers for models without a provider. @default an OllamaClient from OLLAMA_HOST */
  readonly llm?: LLMClient | readonly LLMClient[] | LLMRegistry
  /** Where prompts and models come from; `false` for none. @default `getConfigManager()` if a database is configured, else none */
  readonly manager?: AgentManager | false
  /** @default the environment */
  readonly settings?: AgentSettings
  /** @default the manager's project */
  readonly project?: string
  /** @default the manager's label */
  readonly label?: string
  /**
   * Whether prompts come from the database (true) or the code (false); or from the database for this percentage of subjects, where a boolean
   * flag of the manager is true
   * for the run's subject (`false` when there is no such flag), or as the function says for each run. @default true
   */
  readonly databasePrompts?: boolean | number | { readonly flag: string } | ((context: RunContext | undefined) => boolean)
  /** @default silent */
  readonly logger?: Logger
}

/** Which prompt or configuration to read. */
export interface AgentReadOptions<Name extends string = string> {
  /** @default what the agent declares */
  readonly name?: Name
  readonly label?: LabelName
  readonly version?: number
  /** The run this is for: what it reads once, it keeps. */
  readonly context?: RunContext
}

/** Options of one call to a model. */
export interface AgentCallOptions extends Pick<CallOptions, 'headers' | 'maxRetries'> {
  /** Bounds this call with all models it tries, in milliseconds, within the run's `timeoutMs`. @default the run's */
  readonly timeoutMs?: number
  /** The prompt whose `model` and `parameters` are used for this call. @default what the agent declares */
  readonly promptName?: PromptName
}

/** The model configuration an agent works with. */
export interface AgentModel extends RunModel {
  readonly parameters: JsonObject
  readonly fallbacks: readonly ModelChoice[]
  /** `null` or absent: what it costs is not known. */
  readonly prices?: ModelPrices | null
  /** Absent for a model that is not stored. */
  readonly selection?: Selection
}
