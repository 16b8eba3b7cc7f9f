import type { Generated } from 'kysely'

/** Columns that every versioned table has. */
export interface VersionTable {
  id: Generated<string>
  project: string
  name: string
  version: number
  is_active: Generated<boolean>
  created_by: string | null
  created_at: Generated<Date>
}

export interface PromptTable extends VersionTable {
  type: string
  template: string
  template_format: string
  description: string | null
  model: string | null
  parameters: string
}

export interface ModelConfigTable extends VersionTable {
  model_provider: string
  model_name: string
  parameters: string
  fallbacks: string
  prices: string | null
}

export interface EmbeddingConfigTable extends VersionTable {
  embedding_model: string
  chunk_size: number
  chunk_overlap: number
  chunking_strategy: string
  dimensions: number | null
  parameters: string
}

export interface LabelTable {
  project: string
  name: string
  label: string
  version: number
}

export interface ContextRuleTable {
  id: Generated<string>
  project: string
  context: string
  version: number
  important: string | null
  ignore: string | null
  description: string | null
  is_active: Generated<boolean>
  created_by: string | null
  created_at: Generated<Date>
}

export interface ChangelogTable {
  id: Generated<string>
  revision: string
  token: string
  write_id: string | null
  config_type: string
  config_id: string | null
  config_name: string
  project: string
  previous_version: number | null
  new_version: number | null
  change_type: string
  change_summary: string | null
  previous_data: unknown
  new_data: unknown
  changed_by: string | null
  changed_at: Date
}

/** The tables of one PostgreSQL schema, as migrations/ makes them. */
export interface Tables {
  prompts: PromptTable
  prompt_labels: LabelTable
  model_configs: ModelConfigTable
  model_config_labels: LabelTable
  embedding_configs: EmbeddingConfigTable
  embedding_config_labels: LabelTable
  context_rules: ContextRuleTable
  config_state: { id: number; revision: string; token: string; database: string }
  config_heads: { scope: string; revision: string; token: string }
  config_changelog: ChangelogTable
}
