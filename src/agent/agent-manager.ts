import type { ModelConfig } from '../entities/model-config.js'
import type { Prompt } from '../entities/prompt.js'

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
}
