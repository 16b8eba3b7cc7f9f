import type { Entry, EntryContent } from '../../entities/entry.js'
import type { Kind } from '../../kinds/define-kind.js'
import type { EntryDraft } from '../../kinds/entry.js'
import { type RepositoryDatabase, type RepositoryOptions, recorderOf } from '../write/open-recorder.js'
import { LabelledRepository } from './labelled-repository.js'

/** Versions and labels of a host's kind. */
export class KindRepository<Content, Input = Content> extends LabelledRepository<EntryContent<Content>, Entry<Content>, EntryDraft<Input>> {
  /** @throws {InvalidArgumentError} when another declaration has the kind's name */
  constructor(database: RepositoryDatabase, kind: Kind<Content, Input>, options: RepositoryOptions = {}) {
    const recorder = recorderOf(database, options)
    super(recorder, recorder.kinds.register(kind), options)
  }
}
