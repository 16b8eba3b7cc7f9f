import { DocumentCache } from '../cache/document-cache.js'
import { contentKey } from '../cache/held/content-key.js'
import type { ConfigKind } from '../entities/config-kind.js'
import type { KindRegistry } from '../kinds/registry.js'
import type { DatabaseIdentity } from '../shared/database-identity.js'
import { LogReader } from '../store/read/log-reader.js'
import type { PurgedRow } from '../store/write/purge.js'
import { type CachedView, loadCached, viewOf } from './cached-view.js'
import type { Connections } from './connections.js'
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
  /** Waited for before the first server is asked. */
  readonly ready: () => Promise<void>
  /** Something entered memory. */
  readonly onKept: () => void
}

/** What is read: the cache over the connections, and memory by kind, project and name. */
export class Documents {
  readonly cache: DocumentCache<CachedView>
  readonly index = new ViewIndex<CachedView>()
  readonly contents = new ReadContents((key) => void this.cache.forget(key))

  constructor(parts: DocumentsParts) {
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
        return after === undefined ? log.end(scopes) : log.read(after, scopes)
      },
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
  /** Takes the content of a purged version out of memory and Redis. */
  async forgetContent(kind: ConfigKind, { id, createdAtMicros }: PurgedRow): Promise<void> {
    await this.cache.forget(contentKey(kind, id, createdAtMicros), 'redis')
  }
}
