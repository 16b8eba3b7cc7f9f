import type { ModelConfig, ModelConfigContent, ModelFallback } from '../entities/model-config.js'
import { checkParameters, checkText, LIMITS } from '../shared/arguments.js'
import { InvalidArgumentError } from '../shared/errors.js'
import { checkKeys } from '../shared/known-keys.js'
import { columnKind } from './column-kind.js'
import { json, parameters, text } from './columns.js'
import type { VersionDraft } from './kind.js'

export interface ModelConfigDraft extends VersionDraft {
  readonly provider: string
  readonly model: string
  readonly parameters?: ModelConfigContent['parameters']
  /** Models to try, in this order, when the first one fails. */
  readonly fallbacks?: readonly ModelFallback[]
}

/** Which model to call, and how. */
export const MODEL_KIND = columnKind<ModelConfigContent, ModelConfig, ModelConfigDraft>({
  kind: 'model',
  plural: 'models',
  noun: 'model config',
  maxNameLength: LIMITS.shortName,
  tables: { versions: 'model_configs', labels: 'model_config_labels' },
  fields: {
    provider: text({ column: 'model_provider', maxLength: LIMITS.provider }),
    model: text({ column: 'model_name' }),
    parameters: parameters(),
    fallbacks: json(checkFallbacks, []),
  },
})

function checkFallbacks(field: string, fallbacks: unknown): readonly ModelFallback[] {
  if (!Array.isArray(fallbacks)) throw new InvalidArgumentError(field, 'must be a list of { provider, model, parameters? }')
  return fallbacks.map((fallback: ModelFallback, place) => {
    checkKeys(fallback ?? {}, ['provider', 'model', 'parameters'], `${field}[${place}]`)
    return {
      provider: checkText(`${field}[${place}].provider`, fallback?.provider, LIMITS.provider),
      model: checkText(`${field}[${place}].model`, fallback?.model),
      ...(fallback?.parameters !== undefined && { parameters: checkParameters(`${field}[${place}].parameters`, fallback.parameters) }),
    }
  })
}
