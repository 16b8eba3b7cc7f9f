import type { EmbeddingConfig, EmbeddingConfigContent } from '../../entities/embedding-config.js'
import { EMBEDDING_KIND, type EmbeddingConfigDraft } from '../../kinds/embedding.js'
import { type RepositoryDatabase, type RepositoryOptions, recorderOf } from '../write/open-recorder.js'
import { LabelledRepository } from './labelled-repository.js'

/** Embedding configurations: how documents are cut and embedded. */
export class EmbeddingConfigRepository extends LabelledRepository<EmbeddingConfigContent, EmbeddingConfig, EmbeddingConfigDraft> {
  constructor(database: RepositoryDatabase, options: RepositoryOptions = {}) {
    super(recorderOf(database, options), EMBEDDING_KIND, options)
  }
}
