import type { ModelConfig } from '../entities/model-config.js'
import { deepFreeze } from '../shared/json.js'
import { checkedParameters, type ModelDefinition } from '../shared/model-definition.js'

/** A model configuration whose parameters fit the definition's schema, with its defaults. */
export type DefinedModel<Parameters> = Omit<ModelConfig, 'parameters'> & { readonly parameters: Parameters }

/** A model configuration as a definition takes it, or what is wrong with its parameters. */
export function definedModel<Parameters>(
  definition: ModelDefinition<Parameters>,
  config: ModelConfig,
): DefinedModel<Parameters> | { readonly problem: string } {
  const checked = checkedParameters(definition, config.parameters)
  return 'problem' in checked ? checked : Object.freeze({ ...config, parameters: checked.value })
}

/** Served while the store has no such configuration. */
export function fallbackModel<Parameters>(
  definition: ModelDefinition<Parameters>,
  project: string,
  label: string,
): DefinedModel<Parameters> {
  const { provider, model, parameters = {}, fallbacks = [], prices = null } = definition.fallback
  const config: ModelConfig = deepFreeze({
    id: 0,
    project,
    name: definition.name,
    version: 0,
    provider,
    model,
    parameters: structuredClone(parameters),
    fallbacks: structuredClone(fallbacks),
    prices: structuredClone(prices),
    createdBy: null,
    createdAt: new Date(0).toISOString(),
    isActive: true,
    labels: [],
    selection: { label, version: 0, reason: 'label' },
    revision: 0,
    source: 'fallback',
    stale: false,
  })
  const defined = definedModel(definition, config)
  // The fallback fits: `defineModel` has checked it.
  return 'problem' in defined ? (config as DefinedModel<never>) : defined
}
