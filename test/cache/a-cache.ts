import { DocumentCache, type DocumentCacheOptions, type DocumentCacheParts } from '../../src/cache/document-cache.js'
import type { MemoryEntry } from '../../src/cache/held/memory-entry.js'
import type { Scope } from '../../src/entities/scope.js'
import type { FakeHistory } from './fake-history.js'
import type { FakeRedis } from './fake-redis.js'

export interface CacheOptions extends Partial<DocumentCacheOptions> {
  readonly redis?: FakeRedis
  readonly replica?: FakeHistory
}

/** A cache over a database in memory, whose documents are their own text, with what it said along the way. */
export function aCache(history: FakeHistory, { redis, replica, ...options }: CacheOptions = {}) {
  const said = { changed: [] as Scope[][], stale: [] as Scope[], failed: [] as string[] }
  const kept = new Map<Scope, MemoryEntry<string>>()
  const parts: DocumentCacheParts<string> = {
    options: { maxEntries: 100, maxBytes: 1_000_000, ttlMs: 60_000, readMs: 1_000, ...options },
    load: (scopes, from) => (from === 'replica' && replica ? replica : history).load(scopes),
    hasReplica: replica !== undefined,
    readLog: history.readLog,
    redis: redis?.tier,
    materialize: ({ text }) => JSON.parse(text) as string,
    onKept: (entry) => void kept.set(entry.scope, entry),
    onRemoved: ({ scope }) => void kept.delete(scope),
    events: {
      changed: (heads) => void said.changed.push(heads.map(({ scope }) => scope)),
      servedStale: (scope) => void said.stale.push(scope),
      failed: (_error, message) => void said.failed.push(message),
    },
  }
  const cache = new DocumentCache<string>(parts)
  return {
    cache,
    said,
    /** What stands in the index that the cache's owner keeps. */
    kept,
    read: async (scope: Scope) => (await cache.document(scope))?.entry.value ?? undefined,
    source: async (scope: Scope) => (await cache.document(scope))?.source,
    hear: ({ revision, token, scopes }: { revision: number; token: string; scopes: readonly Scope[] }) =>
      cache.log.hear(revision, token, scopes),
  }
}

/** A gate that a test opens. */
export function aGate(): { readonly closed: Promise<void>; open(): void } {
  let open = (): void => {}
  const closed = new Promise<void>((resolve) => {
    open = resolve
  })
  return { closed, open: () => open() }
}
