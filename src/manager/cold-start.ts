import type { DocumentCache } from '../cache/document-cache.js'
import { KnownDatabases } from '../cache/known-databases.js'
import type { RedisLike } from '../cache/redis-like.js'
import { Snapshots } from '../cache/snapshots.js'
import type { Scope } from '../entities/scope.js'
import type { CachedView } from './cached-view.js'
import type { ResolvedOptions } from './options.js'

export interface ColdStartParts {
  readonly options: ResolvedOptions
  readonly cache: DocumentCache<CachedView>
  readonly redis: RedisLike | undefined
  /** Whether a scope is of a kind that is declared here: an earlier process may have known others. */
  readonly isKnown: (scope: Scope) => boolean
  /** Told what the database calls itself, as far as anybody but the database can know. */
  readonly onAssumed: (database: string) => void
  readonly onError: (error: unknown, message: string) => void
}

/**
 * What a process has before PostgreSQL has answered it once: documents of a snapshot file, and those in Redis; and what it leaves behind
 * for such a start of others.
 *
 * @see docs/decisions/0021-a-database-is-guessed-only-when-it-is-the-only-one.md
 */
export class ColdStart {
  readonly #parts: ColdStartParts
  readonly #snapshots: Snapshots | undefined
  readonly #known: KnownDatabases | undefined
  #database: string | undefined
  #isConfirmed = false
  #isLoaded = false

  constructor(parts: ColdStartParts) {
    const { options, cache, redis, onError } = parts
    const { snapshotFile: file, schema, namespace, timeouts } = options
    this.#parts = parts
    this.#snapshots = file === undefined ? undefined : new Snapshots({ file, schema, take: () => this.#take(cache), onError })
    this.#known = redis && new KnownDatabases(redis, { namespace, schema, redisMs: timeouts.redisMs })
  }

  /** Takes over what an earlier process left in the snapshot file. */
  async loadSnapshot(): Promise<void> {
    if (this.#isLoaded) return
    this.#isLoaded = true
    const snapshot = await this.#snapshots?.load()
    if (!snapshot || this.#isConfirmed) return
    this.#assume(snapshot.database)
    this.#parts.cache.log.assume({ revision: snapshot.revision })
    this.#parts.cache.adopt(snapshot.documents.filter(({ scope }) => this.#parts.isKnown(scope)))
  }

  /** Asks Redis which database this is, unless that is known. */
  async guessDatabase(): Promise<void> {
    if (this.#database !== undefined) return
    const database = await this.#known?.only()
    if (database !== undefined && !this.#isConfirmed) this.#assume(database)
  }

  /** PostgreSQL has said what it calls itself. */
  confirm(database: string): void {
    this.#isConfirmed = true
    this.#database = database
    this.#known?.note(database)
  }

  /** Redis may have lost what it held. */
  noteAgain(): void {
    this.#known?.forget()
  }

  /** What is in memory changed. */
  changed(): void {
    this.#snapshots?.changed()
  }

  async close(): Promise<void> {
    await this.#snapshots?.close()
  }

  #assume(database: string): void {
    this.#database = database
    this.#parts.cache.log.assume({ database })
    this.#parts.onAssumed(database)
  }

  #take(cache: DocumentCache<CachedView>) {
    const snapshot = this.#isConfirmed ? cache.snapshot() : undefined
    return snapshot && { ...snapshot, database: this.#database as string }
  }
}
