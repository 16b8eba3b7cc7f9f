import type { Flag, FlagContent } from '../../entities/flag.js'
import { FLAG_KIND, type FlagDraft } from '../../kinds/flag.js'
import { type RepositoryDatabase, type RepositoryOptions, recorderOf } from '../write/open-recorder.js'
import { LabelledRepository } from './labelled-repository.js'

/** Flags: values with versions and labels. */
export class FlagRepository extends LabelledRepository<FlagContent, Flag, FlagDraft> {
  constructor(database: RepositoryDatabase, options: RepositoryOptions = {}) {
    super(recorderOf(database, options), FLAG_KIND, options)
  }
}
