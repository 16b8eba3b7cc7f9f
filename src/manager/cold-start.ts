import type { DocumentCache } from '../cache/document-cache.js'
import { KnownDatabases } from '../cache/redis/known-databases.js'
import type { RedisLike } from '../cache/redis/redis-like.js'
import { Snapshots } from '../cache/snapshot/snapshots.js'
import type { Scope } from '../entities/scope.js'
import type { DatabaseIdentity } from '../shared/database-identity.js'
import type { CachedView } from './cached-view.js'
import type { ResolvedOptions } from './options.js'

export interface ColdStartParts {
  readonly options: ResolvedOptions
  readonly cache: DocumentCache<CachedView>
  readonly redis: RedisLike | undefined
  /** Whether a scope is of a kind that is declared here: an earlier process may have known others. */
  readonly isKnown: (scope: Scope) => boolean
  /** The database's identity: assumed from a snapshot file or Redis until the database itself has answered. */
  readonly identity: DatabaseIdentity
  readonly onError: (error: unknown, message: string) => void
}

/**
 * What a process serves before PostgreSQL has answered it once, documents of a snapshot file and of Redis; and what it stores
 * for such a start of other processes.
 *
 * @see docs/decisions/0021-a-database-is-guessed-only-when-it-is-the-only-one.md
 */
export class ColdStart {
  readonly #parts: ColdStartParts
  readonly #snapshots: Snapshots | undefined
  readonly #known: KnownDatabases | undefined
  #isLoaded = false

  constructor(parts: ColdStartParts) {
    const { options, redis, identity, onError } = parts
    const { snapshotFile: file, schema, namespace, timeouts } = options
    this.#parts = parts
    identity.onNamed((database) => {
      if (identity.isConfirmed) this.#known?.note(database)
    })
    this.#snapshots = file === undefined ? undefined : new Snapshots({ file, schema, take: () => this.#take(), onError })
    this.#known = redis && new KnownDatabases(redis, { namespace, schema, redisMs: timeouts.redisMs })
  }

  /** Takes over what an earlier process left in the snapshot file. */
  async loadSnapshot(): Promise<void> {
    if (this.#isLoaded) return
    this.#isLoaded = true
    const snapshot = await this.#snapshots?.load()
    const { cache, identity } = this.#parts
    if (!snapshot || identity.isConfirmed) return
    identity.assume(snapshot.database)
    cache.log.assume(snapshot.revision)
    cache.adopt(snapshot.documents.filter(({ scope }) => this.#parts.isKnown(scope)))
  }

  /** Asks Redis which database this is, unless that is known. */
  async guessDatabase(): Promise<void> {
    const { identity } = this.#parts
    if (identity.name !== undefined) return
    const database = await this.#known?.only()
    if (database !== undefined) identity.assume(database)
  }

  /** Redis may have lost the database's name: it is written again. */
  noteAgain(): void {
    this.#known?.forget()
  }

  /** Called when memory has changed, so that a snapshot is written. */
  changed(): void {
    this.#snapshots?.changed()
  }

  async close(): Promise<void> {
    await this.#snapshots?.close()
  }

  #take() {
    const { cache, identity } = this.#parts
    const database = identity.confirmedName
    const snapshot = database === undefined ? undefined : cache.snapshot()
    return snapshot && database !== undefined ? { ...snapshot, database } : undefined
  }
}
