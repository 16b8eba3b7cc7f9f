import type { EmbeddingConfig, EmbeddingConfigDraft, ModelConfig, ModelConfigDraft, Prompt, PromptDraft } from 'agent-config'
import * as answers from './answers.js'
import type { LabelledResource } from './labelled.js'
import { EMBEDDING_DRAFT, MODEL_DRAFT, PROMPT_DRAFT } from './schemas.js'
import { toWire } from './wire.js'

export const PROMPTS: LabelledResource<PromptDraft, Prompt> = {
  path: '/prompts',
  noun: 'prompt',
  draft: PROMPT_DRAFT,
  answer: answers.Prompt,
  repository: ({ manager }) => manager.prompts,
  read: ({ manager }, name, query) => manager.getPrompt(name, query),
}

export const MODELS: LabelledResource<ModelConfigDraft, ModelConfig> = {
  path: '/models',
  noun: 'model',
  draft: MODEL_DRAFT,
  answer: answers.ModelConfig,
  repository: ({ manager }) => manager.models,
  read: ({ manager }, name, query) => manager.getModelConfig(name, query),
  toDraft: ({ modelName, ...draft }) => ({ ...draft, model: modelName }),
  show: ({ model, ...config }) => ({ ...toWire(config), model_name: model }),
}

export const EMBEDDINGS: LabelledResource<EmbeddingConfigDraft, EmbeddingConfig> = {
  path: '/embeddings',
  noun: 'embedding',
  draft: EMBEDDING_DRAFT,
  answer: answers.EmbeddingConfig,
  repository: ({ manager }) => manager.embeddings,
  read: ({ manager }, name, query) => manager.getEmbeddingConfig(name, query),
}
