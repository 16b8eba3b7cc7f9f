import type { IdempotencyKeys } from '../entities/idempotency.js'
import type { ConfigurationManager } from '../manager/configuration-manager.js'

/** What the API needs of a manager: the real one, or a double of it. */
export type HttpManager = Pick<
  ConfigurationManager,
  | 'prompts'
  | 'models'
  | 'embeddings'
  | 'flags'
  | 'contextRules'
  | 'rollouts'
  | 'changelog'
  | 'transaction'
  | 'transactionWithFacts'
  | 'getPrompt'
  | 'getModelConfig'
  | 'getEmbeddingConfig'
  | 'getContextRules'
  | 'getFlagDetails'
  | 'of'
  | 'refresh'
  | 'catchUp'
  | 'stats'
  | 'health'
  | 'on'
> &
  Partial<Pick<ConfigurationManager, 'kinds'>> & {
    /** Without it keys are kept in the memory of the process. */
    readonly idempotencyKeys?: IdempotencyKeys
  }

export type ChangelogQuery = NonNullable<Parameters<HttpManager['changelog']['list']>[0]>

/** The project and label of requests that name none. */
export interface Defaults {
  readonly project: string
  readonly label: string
}

/**
 * The manager's own project and label. They stand in what `can` is asked about and in the write that follows, so that both mean the same.
 * A manager without these properties has them in its repositories.
 */
export function defaultsOf(manager: HttpManager): Defaults {
  const told = manager as Partial<Defaults>
  const repository = manager.prompts as unknown as Partial<Defaults>
  return {
    project: told.project ?? repository.project ?? 'default',
    label: told.label ?? repository.label ?? 'production',
  }
}
