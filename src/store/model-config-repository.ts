import type { Json, JsonObject } from '../entities/json.js'
import type { ModelConfig, ModelConfigContent, ModelFallback } from '../entities/model-config.js'
import { InvalidArgumentError } from '../shared/errors.js'
import { checkKeys } from '../shared/known-keys.js'
import type { ModelDefinition } from '../shared/model-definition.js'
import { checkJson, checkParameters, checkText, LIMITS } from './arguments.js'
import { type EnsureOptions, ensureMissing } from './ensure-missing.js'
import { type Draft, LabelledRepository } from './labelled-repository.js'
import { MODEL_KIND } from './model-kind.js'
import { type RepositoryDatabase, type RepositoryOptions, recorderOf } from './open-recorder.js'
import { META_KEYS } from './requests.js'
import type { WriteMeta, Written } from './written.js'

export interface ModelConfigDraft extends WriteMeta {
  readonly name: string
  readonly provider: string
  readonly model: string
  readonly parameters?: JsonObject
  /** Models to try, in this order, when the first one fails. */
  readonly fallbacks?: readonly ModelFallback[]
  readonly labels?: readonly string[]
  readonly project?: string
}

const DRAFT_KEYS = ['name', 'provider', 'model', 'parameters', 'fallbacks', 'labels', 'project', ...META_KEYS] as const

/** Model configurations: which model to call and how. */
export class ModelConfigRepository extends LabelledRepository<ModelConfigContent, ModelConfig> {
  constructor(database: RepositoryDatabase, options: RepositoryOptions = {}) {
    super(recorderOf(database, options), MODEL_KIND, options)
  }

  /** @throws {AlreadyExistsError} when the configuration has an active version; `createVersion` adds to it */
  async create(draft: ModelConfigDraft): Promise<Written<ModelConfig>> {
    checkKeys(draft, DRAFT_KEYS)
    return this.writeVersion('create', draft, () => toColumns(draft, undefined))
  }

  /** Writes the next version, or version 1 if there is none. Parameters and fallbacks left out are taken from the highest version. */
  async createVersion(draft: ModelConfigDraft): Promise<Written<ModelConfig>> {
    checkKeys(draft, DRAFT_KEYS)
    toColumns(draft, undefined)
    return this.writeVersion('version', draft, (inherited) => toColumns(draft, inherited))
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
      write: (draft) => this.versionWrite('create', draft, () => toColumns(draft, undefined)),
    })
  }

  protected override checkContract(content: ModelConfigContent): void {
    this.recorder.contracts.checkModel(content)
  }
}

function toColumns(draft: ModelConfigDraft, inherited: ModelConfigContent | undefined): Draft {
  return {
    columns: {
      model_provider: checkText('provider', draft.provider, LIMITS.provider),
      model_name: checkText('model', draft.model),
      parameters: draft.parameters === undefined ? (inherited?.parameters ?? {}) : checkParameters('parameters', draft.parameters),
      fallbacks: (draft.fallbacks === undefined ? (inherited?.fallbacks ?? []) : checkFallbacks(draft.fallbacks)) as unknown as Json,
    },
  }
}

function checkFallbacks(fallbacks: unknown): readonly ModelFallback[] {
  if (!Array.isArray(fallbacks)) throw new InvalidArgumentError('fallbacks', 'must be a list of { provider, model, parameters? }')
  const checked = fallbacks.map((fallback: ModelFallback, place) => {
    checkKeys(fallback ?? {}, ['provider', 'model', 'parameters'], `fallbacks[${place}]`)
    return {
      provider: checkText(`fallbacks[${place}].provider`, fallback?.provider, LIMITS.provider),
      model: checkText(`fallbacks[${place}].model`, fallback?.model),
      ...(fallback?.parameters !== undefined && { parameters: checkParameters(`fallbacks[${place}].parameters`, fallback.parameters) }),
    }
  })
  return checkJson('fallbacks', checked)
}
