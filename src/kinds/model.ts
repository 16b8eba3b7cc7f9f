import type { ModelConfig, ModelConfigContent, ModelFallback } from '../entities/model-config.js'
import type { ModelPrices } from '../entities/model-prices.js'
import { checkParameters, checkText, LIMITS } from '../shared/arguments.js'
import { InvalidArgumentError } from '../shared/errors.js'
import { checkKeys } from '../shared/known-keys.js'
import { columnKind } from './column-kind.js'
import { json, optionalJson, parameters, text } from './columns.js'
import type { VersionDraft } from './kind.js'
import { checkPrices } from './prices.js'

export interface ModelConfigDraft extends VersionDraft {
  readonly provider: string
  readonly model: string
  readonly parameters?: ModelConfigContent['parameters']
  /** Models to try, in this order, when the first one fails. */
  readonly fallbacks?: readonly ModelFallback[]
  /** What it costs; `null` for unknown. A draft without prices takes those of the version before, as long as it names the same model. */
  readonly prices?: ModelPrices | null
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
    prices: optionalJson(checkPrices),
  },
  // Prices of another model would give a wrong cost that looks right.
  inherits: (draft, before) => (draft.provider === before.provider && draft.model === before.model ? before : { ...before, prices: null }),
})

function checkFallbacks(field: string, fallbacks: unknown): readonly ModelFallback[] {
  if (!Array.isArray(fallbacks)) throw new InvalidArgumentError(field, 'must be a list of { provider, model, parameters?, prices? }')
  return fallbacks.map((fallback: ModelFallback, place) => {
    checkKeys(fallback ?? {}, ['provider', 'model', 'parameters', 'prices'], `${field}[${place}]`)
    return {
      provider: checkText(`${field}[${place}].provider`, fallback?.provider, LIMITS.provider),
      model: checkText(`${field}[${place}].model`, fallback?.model),
      ...(fallback?.parameters !== undefined && { parameters: checkParameters(`${field}[${place}].parameters`, fallback.parameters) }),
      ...(fallback?.prices !== undefined && { prices: checkPrices(`${field}[${place}].prices`, fallback.prices) }),
    }
  })
}
