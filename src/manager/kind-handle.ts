import type { EntryName } from '../entities/config-types.js'
import type { Entry } from '../entities/entry.js'
import type { Kind } from '../kinds/define-kind.js'
import { KindRepository } from '../store/repositories/kind-repository.js'
import type { RepositoryDefaults } from '../store/write/open-recorder.js'
import type { Recorder } from '../store/write/recorder.js'
import type { Backend } from './backend.js'
import type { ConfigQuery } from './config-query.js'
import { EntityReads, NOT_HERE } from './entity-reads.js'

/** A host's kind at one manager: reads through the caches, and writes. */
export class KindHandle<Content, Input = Content, Name extends string = string> extends KindRepository<Content, Input> {
  readonly #reads: EntityReads<Entry<Content>>

  constructor(backend: Backend, recorder: Recorder, kind: Kind<Content, Input, Name>, defaults: RepositoryDefaults) {
    super(recorder, kind, defaults)
    this.#reads = new EntityReads(backend, this.kind)
  }

  /**
   * The entry to use now; `undefined` when no active version carries the label.
   *
   * @throws {ContentError} when the kind's `upgrade` fails on the version
   * @throws {StoreUnavailableError} when it is not in memory and neither Redis nor PostgreSQL answers within `timeouts.readMs`
   */
  get(name: EntryName<Name>, query?: ConfigQuery): Promise<Entry<Content> | undefined> {
    return this.#reads.get(name, query)
  }

  /**
   * The entry if it is in memory; never waits, never asks a server.
   *
   * @throws {ContentError} when the kind's `upgrade` fails on the version
   */
  peek(name: EntryName<Name>, query?: ConfigQuery): Entry<Content> | undefined {
    const hit = this.#reads.peek(name, query)
    return hit === NOT_HERE ? undefined : hit
  }
}
