import type { EmbeddingConfig, EmbeddingConfigContent } from '../entities/embedding-config.js'
import type { JsonObject } from '../entities/json.js'
import { InvalidArgumentError } from '../shared/errors.js'
import { checkKeys } from '../shared/known-keys.js'
import { checkInteger, checkParameters, checkText } from './arguments.js'
import { EMBEDDING_KIND } from './embedding-kind.js'
import { type Draft, LabelledRepository } from './labelled-repository.js'
import { type RepositoryDatabase, type RepositoryOptions, recorderOf } from './open-recorder.js'
import { META_KEYS } from './requests.js'
import type { WriteMeta, Written } from './written.js'

export interface EmbeddingConfigDraft extends WriteMeta {
  readonly name: string
  readonly embeddingModel: string
  /** In tokens. @default 512 */
  readonly chunkSize?: number
  /** In tokens, less than `chunkSize`. @default 50 */
  readonly chunkOverlap?: number
  /** @default 'late_chunking' */
  readonly chunkingStrategy?: string
  readonly parameters?: JsonObject
  readonly labels?: readonly string[]
  readonly project?: string
}

const DRAFT_KEYS = [
  'name',
  'embeddingModel',
  'chunkSize',
  'chunkOverlap',
  'chunkingStrategy',
  'parameters',
  'labels',
  'project',
  ...META_KEYS,
] as const

/** Embedding configurations: how documents are cut and embedded. */
export class EmbeddingConfigRepository extends LabelledRepository<EmbeddingConfigContent, EmbeddingConfig> {
  constructor(database: RepositoryDatabase, options: RepositoryOptions = {}) {
    super(recorderOf(database, options), EMBEDDING_KIND, options.project)
  }

  /** @throws {AlreadyExistsError} when the configuration has an active version; `createVersion` adds to it */
  async create(draft: EmbeddingConfigDraft): Promise<Written<EmbeddingConfig>> {
    checkKeys(draft, DRAFT_KEYS)
    return this.writeVersion('create', draft, () => toColumns(draft, undefined))
  }

  /** Writes the next version, or version 1 if there is none. What the draft leaves out is taken from the highest version. */
  async createVersion(draft: EmbeddingConfigDraft): Promise<Written<EmbeddingConfig>> {
    checkKeys(draft, DRAFT_KEYS)
    // How one of the two numbers compares with the other one inherited is known only inside the write; all else is checked before it.
    const isWhole = draft.chunkSize !== undefined && draft.chunkOverlap !== undefined
    if (draft.chunkOverlap !== undefined) checkInteger('chunkOverlap', draft.chunkOverlap, { min: 0, max: MAX_TOKENS })
    toColumns({ ...draft, chunkOverlap: isWhole ? draft.chunkOverlap : 0 }, undefined)
    return this.writeVersion('version', draft, (inherited) => toColumns(draft, inherited))
  }
}

const MAX_TOKENS = 2_147_483_647

function toColumns(draft: EmbeddingConfigDraft, inherited: EmbeddingConfigContent | undefined): Draft {
  const chunkSize = checkInteger('chunkSize', draft.chunkSize ?? inherited?.chunkSize ?? 512, { min: 1, max: MAX_TOKENS })
  const chunkOverlap = checkInteger('chunkOverlap', draft.chunkOverlap ?? inherited?.chunkOverlap ?? 50, { min: 0, max: MAX_TOKENS })
  if (chunkOverlap >= chunkSize)
    throw new InvalidArgumentError('chunkOverlap', `must be less than chunkSize (${chunkSize}), got ${chunkOverlap}`)
  return {
    columns: {
      embedding_model: checkText('embeddingModel', draft.embeddingModel),
      chunk_size: chunkSize,
      chunk_overlap: chunkOverlap,
      chunking_strategy: checkText('chunkingStrategy', draft.chunkingStrategy ?? inherited?.chunkingStrategy ?? 'late_chunking'),
      parameters: draft.parameters === undefined ? (inherited?.parameters ?? {}) : checkParameters('parameters', draft.parameters),
    },
  }
}
