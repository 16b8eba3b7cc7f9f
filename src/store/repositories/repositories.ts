import type { Kind } from '../../kinds/define-kind.js'
import type { RepositoryDefaults } from '../write/open-recorder.js'
import type { Recorder } from '../write/recorder.js'
import { ChangelogRepository } from './changelog-repository.js'
import { ContextRuleRepository } from './context-rule-repository.js'
import { EmbeddingConfigRepository } from './embedding-config-repository.js'
import { FlagRepository } from './flag-repository.js'
import { KindRepository } from './kind-repository.js'
import { ModelConfigRepository } from './model-config-repository.js'
import { PromptRepository } from './prompt-repository.js'
import { RolloutRepository } from './rollout-repository.js'

/** One repository a kind, and the changelog. */
export interface Repositories {
  readonly prompts: PromptRepository
  readonly models: ModelConfigRepository
  readonly embeddings: EmbeddingConfigRepository
  readonly flags: FlagRepository
  readonly contextRules: ContextRuleRepository
  readonly changelog: ChangelogRepository
  readonly rollouts: RolloutRepository
  /**
   * The repository of a host's kind.
   *
   * @throws {InvalidArgumentError} when another declaration has the kind's name
   */
  readonly of: <Content, Input>(kind: Kind<Content, Input>) => KindRepository<Content, Input>
}

export function createRepositories(recorder: Recorder, defaults: RepositoryDefaults): Repositories {
  return {
    prompts: new PromptRepository(recorder, defaults),
    models: new ModelConfigRepository(recorder, defaults),
    embeddings: new EmbeddingConfigRepository(recorder, defaults),
    flags: new FlagRepository(recorder, defaults),
    contextRules: new ContextRuleRepository(recorder, defaults),
    changelog: new ChangelogRepository(recorder),
    rollouts: new RolloutRepository(recorder, defaults),
    of: (kind) => new KindRepository(recorder, kind, defaults),
  }
}
