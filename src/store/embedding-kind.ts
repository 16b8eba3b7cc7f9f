import type { EmbeddingConfig, EmbeddingConfigContent } from '../entities/embedding-config.js'
import type { JsonObject } from '../entities/json.js'
import { deepFreeze } from '../shared/json.js'
import { LIMITS } from './arguments.js'
import { decodeJson, decodeVersion, type KindDefinition } from './labelled-kind.js'

export const EMBEDDING_KIND: KindDefinition<EmbeddingConfigContent, EmbeddingConfig> = {
  kind: 'embedding',
  noun: 'embedding config',
  versions: 'embedding_configs',
  labels: 'embedding_config_labels',
  maxNameLength: LIMITS.shortName,
  decode: (row) =>
    deepFreeze({
      ...decodeVersion(row),
      embeddingModel: row.embedding_model as string,
      chunkSize: Number(row.chunk_size),
      chunkOverlap: Number(row.chunk_overlap),
      chunkingStrategy: row.chunking_strategy as string,
      parameters: decodeJson(row.parameters) as JsonObject,
    }),
  view: (content, facts) => Object.freeze({ ...content, ...facts }),
  describe: ({ embeddingModel, chunkSize, chunkOverlap, chunkingStrategy, parameters }) => ({
    embeddingModel,
    chunkSize,
    chunkOverlap,
    chunkingStrategy,
    parameters,
  }),
}
