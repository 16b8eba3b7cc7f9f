import type { EmbeddingConfig, EmbeddingConfigContent } from '../entities/embedding-config.js'
import { LIMITS } from '../shared/arguments.js'
import { InvalidArgumentError } from '../shared/errors.js'
import { columnKind } from './column-kind.js'
import { integer, optionalInteger, parameters, text } from './columns.js'
import type { VersionDraft } from './kind.js'

export interface EmbeddingConfigDraft extends VersionDraft {
  readonly embeddingModel: string
  /** In tokens. @default 512 */
  readonly chunkSize?: number
  /** In tokens, less than `chunkSize`. @default 50 */
  readonly chunkOverlap?: number
  /** @default 'late_chunking' */
  readonly chunkingStrategy?: string
  /** Length of the vectors; `null` for what the model makes. @default null */
  readonly dimensions?: number | null
  readonly parameters?: EmbeddingConfigContent['parameters']
}

/** How documents are cut and embedded. */
export const EMBEDDING_KIND = columnKind<EmbeddingConfigContent, EmbeddingConfig, EmbeddingConfigDraft>({
  kind: 'embedding',
  plural: 'embeddings',
  noun: 'embedding config',
  maxNameLength: LIMITS.shortName,
  tables: { versions: 'embedding_configs', labels: 'embedding_config_labels' },
  defaultLabel: 'latest',
  fields: {
    embeddingModel: text(),
    chunkSize: integer({ min: 1, initial: 512 }),
    chunkOverlap: integer({ min: 0, initial: 50 }),
    chunkingStrategy: text({ initial: 'late_chunking' }),
    dimensions: optionalInteger({ min: 1 }),
    parameters: parameters(),
  },
  agree({ chunkSize, chunkOverlap }) {
    if (chunkSize === undefined || chunkOverlap === undefined || Number(chunkOverlap) < Number(chunkSize)) return
    throw new InvalidArgumentError('chunkOverlap', `must be less than chunkSize (${chunkSize}), got ${chunkOverlap}`)
  },
})
