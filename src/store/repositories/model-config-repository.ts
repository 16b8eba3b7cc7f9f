import type { ModelConfig, ModelConfigContent } from '../../entities/model-config.js'
import type { Written } from '../../entities/written.js'
import { MODEL_KIND, type ModelConfigDraft } from '../../kinds/model.js'
import type { ModelDefinition } from '../../shared/model-definition.js'
import { type RepositoryDatabase, type RepositoryOptions, recorderOf } from '../write/open-recorder.js'
import { type EnsureOptions, ensureMissing } from './ensure-missing.js'
import { LabelledRepository } from './labelled-repository.js'

/** Model configurations: which model to call and how. */
export class ModelConfigRepository extends LabelledRepository<ModelConfigContent, ModelConfig, ModelConfigDraft> {
  constructor(database: RepositoryDatabase, options: RepositoryOptions = {}) {
    super(recorderOf(database, options), MODEL_KIND, options)
  }

  /**
   * Writes the configurations that the store does not have, from their definitions' fallbacks. Safe to call at every start, from every
   * worker. A configuration that has versions, even if all are deactivated, is left alone.
   */
  async ensure(
    definitions: readonly ModelDefinition[],
    options: EnsureOptions = {},
  ): Promise<Written<{ readonly created: readonly string[] }>> {
    return ensureMissing<ModelConfigDraft>({
      recorder: this.recorder,
      drafts: definitions.map(({ name, fallback }) => ({ name, ...fallback })),
      options,
      defaultLabel: this.label,
      exists: (name) => this.exists(name),
      permit: (draft, labels) => this.permit('create', draft, labels),
      write: (draft) => this.creation(draft),
    })
  }
}
