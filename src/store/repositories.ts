import { ChangelogRepository } from './changelog-repository.js'
import { ContextRuleRepository } from './context-rule-repository.js'
import { EmbeddingConfigRepository } from './embedding-config-repository.js'
import { ModelConfigRepository } from './model-config-repository.js'
import { PromptRepository } from './prompt-repository.js'
import type { Recorder } from './recorder.js'
import { RolloutRepository } from './rollout-repository.js'

/** One repository a kind, and the changelog. */
export interface Repositories {
  readonly prompts: PromptRepository
  readonly models: ModelConfigRepository
  readonly embeddings: EmbeddingConfigRepository
  readonly contextRules: ContextRuleRepository
  readonly changelog: ChangelogRepository
  readonly rollouts: RolloutRepository
}

export function createRepositories(recorder: Recorder, project: string): Repositories {
  return {
    prompts: new PromptRepository(recorder, { project }),
    models: new ModelConfigRepository(recorder, { project }),
    embeddings: new EmbeddingConfigRepository(recorder, { project }),
    contextRules: new ContextRuleRepository(recorder, { project }),
    changelog: new ChangelogRepository(recorder),
    rollouts: new RolloutRepository(recorder, { project }),
  }
}
