import type { JsonObject } from '../entities/json.js'
import type { ModelConfig, ModelConfigContent, ModelFallback } from '../entities/model-config.js'
import { deepFreeze } from '../shared/json.js'
import { LIMITS } from './arguments.js'
import { decodeJson, decodeVersion, type KindDefinition } from './labelled-kind.js'

export const MODEL_KIND: KindDefinition<ModelConfigContent, ModelConfig> = {
  kind: 'model',
  noun: 'model config',
  versions: 'model_configs',
  labels: 'model_config_labels',
  maxNameLength: LIMITS.shortName,
  decode: (row) =>
    deepFreeze({
      ...decodeVersion(row),
      provider: row.model_provider as string,
      model: row.model_name as string,
      parameters: decodeJson(row.parameters) as JsonObject,
      fallbacks: decodeJson(row.fallbacks) as ModelFallback[],
    }),
  view: (content, facts) => Object.freeze({ ...content, ...facts }),
  describe: ({ provider, model, parameters, fallbacks }) => ({ provider, model, parameters, fallbacks }) as unknown as JsonObject,
}
