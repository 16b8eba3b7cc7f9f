import { DocumentCache } from '../cache/document-cache.js'
import { contentKey } from '../cache/held/content-key.js'
import type { ConfigKind } from '../entities/config-kind.js'
import { parseScope, type Scope } from '../entities/scope.js'
import type { KindRegistry } from '../kinds/registry.js'
import type { DatabaseIdentity } from '../shared/database-identity.js'
import { withDeadline } from '../shared/deadline.js'
import { StoreUnavailableError } from '../shared/errors.js'
import { LogReader } from '../store/read/log-reader.js'
import { readVersionEntry } from '../store/read/version-rows.js'
import type { PurgedRow } from '../store/write/purge.js'
import { type CachedView, loadCached, viewOf } from './cached-view.js'
import type { Connections } from './connections.js'
import type { EntityView } from './entity-view.js'
import type { ResolvedOptions } from './options.js'
import type { Preparation } from './preparation.js'
import { ReadContents } from './read-contents.js'
import type { Reporter } from './reporter.js'
import { ViewIndex } from './view-index.js'

export interface DocumentsParts {
  readonly options: ResolvedOptions
  readonly identity: DatabaseIdentity
  readonly kinds: KindRegistry
  readonly connections: Connections
  readonly preparation: Preparation
  /** Revisions of writes that are under way here. */
  readonly ownRevisions: ReadonlySet<number>
  readonly reporter: Reporter
  /** A read waits for this before it asks a server. */
  readonly ready: () => Promise<void>
  /** Called when a document entered memory. */
  readonly onKept: () => void
}

/** The cache over the connections, and the index of memory by kind, project and name. */
export class Documents {
  readonly cache: DocumentCache<CachedView>
  readonly index = new ViewIndex<CachedView>()
  readonly contents = new ReadContents((key) => void this.cache.forget(key))
  readonly #parts: DocumentsParts

  constructor(parts: DocumentsParts) {
    this.#parts = parts
    const { options, identity, kinds, connections, preparation, ownRevisions, reporter } = parts
    const { primary, replica, redis } = connections
    const { memory, ttlMs, timeouts, schema } = options
    const log = new LogReader(primary.database.db, schema, (query) => primary.reads.run(query))
    this.cache = new DocumentCache<CachedView>({
      options: { ...memory, ttlMs, readMs: timeouts.readMs },
      identity,
      redis,
      hasReplica: replica !== undefined,
      keepsText: options.snapshotFile !== undefined,
      ready: parts.ready,
      load: async (keys, from) => {
        await preparation.ensure()
        const { database, reads } = (from === 'replica' && replica) || primary
        return reads.run(() => loadCached(database.db, schema, kinds, keys))
      },
      readLog: async (after, scopes) => {
        await preparation.ensure()
        connections.fleet?.count()
        return after === undefined ? log.end(scopes) : log.read(after, scopes)
      },
      spreadMs: () => connections.fleet?.spreadMs ?? 0,
      materialize: (document, isForeign) => viewOf(document, kinds, isForeign),
      onKept: (entry) => {
        this.index.add(entry)
        parts.onKept()
      },
      onRemoved: (entry) => {
        this.index.remove(entry)
        this.contents.left(entry.scope)
      },
      events: {
        changed: (heads) => reporter.changed(heads, kinds, (revision) => ownRevisions.has(revision)),
        wantsChanges: () => reporter.events.has('change'),
        servedStale: (scope, error) => reporter.servedStale(scope, error),
        failed: (error, message) => reporter.failed(error, message),
      },
    })
  }

  /**
   * Asks PostgreSQL for a version that a document does not list, and records the answer in its view.
   *
   * @returns the revision of the entity's last change that PostgreSQL has. A revision above the view's own means that the view is older than
   * that change, which was not
   *   announced here
   * @throws {StoreUnavailableError} when PostgreSQL does not answer within `timeouts.readMs`
   */
  async learnVersion(scope: Scope, view: EntityView<never, unknown>, version: number): Promise<number> {
    const { options, kinds, connections } = this.#parts
    const { database, reads } = connections.primary
    const { readMs } = options.timeouts
    const parts = parseScope(scope)
    const kind = parts && kinds.find(parts.kind)
    if (!kind) return 0
    const { entry, revision } = await withDeadline(
      reads.run(() => readVersionEntry(database.db, options.schema, kind, parts, version)),
      readMs,
      () => new StoreUnavailableError(`Reading version ${version} of "${scope}" took longer than ${readMs} ms (timeouts.readMs).`),
    )
    if (revision <= view.revision) view.learn(version, entry)
    return revision
  }

  /** Takes the content of a purged version out of memory and Redis. */
  async forgetContent(kind: ConfigKind, { id, createdAtMicros }: PurgedRow): Promise<void> {
    await this.cache.forget(contentKey(kind, id, createdAtMicros), 'redis')
  }
}
