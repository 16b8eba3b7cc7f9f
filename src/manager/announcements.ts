import type { DocumentCache } from '../cache/document-cache.js'
import { isContent } from '../cache/held/content-key.js'
import { Receipts } from '../cache/redis/receipts.js'
import type { ConfigKind } from '../entities/config-kind.js'
import { parseScope, type Scope } from '../entities/scope.js'
import type { Receipt, WriteMeta } from '../entities/written.js'
import type { DatabaseIdentity } from '../shared/database-identity.js'
import type { Commit } from '../store/write/config-store.js'
import { Bus } from './bus.js'
import type { CachedView } from './cached-view.js'
import type { Connections } from './connections.js'
import type { ResolvedOptions } from './options.js'
import { PlainMessages } from './plain-messages.js'
import type { Reporter } from './reporter.js'

export interface AnnouncementsParts {
  readonly options: ResolvedOptions
  readonly identity: DatabaseIdentity
  readonly connections: Connections
  readonly cache: DocumentCache<CachedView>
  /** Revisions of writes that are under way here. */
  readonly ownRevisions: Set<number>
  readonly reporter: Reporter
}

/** Announces the writes of this process to other workers, and takes their announcements. */
export class Announcements {
  readonly bus: Bus
  readonly #parts: AnnouncementsParts
  readonly #plainMessages: PlainMessages
  readonly #receipts: Receipts | undefined

  constructor(parts: AnnouncementsParts) {
    const { options, identity, cache, reporter } = parts
    const { channel } = options
    this.#parts = parts
    this.#plainMessages = new PlainMessages((type, key) =>
      // A key that is not a scope names no document, so it is not remembered.
      cache.suspect((scope) => isMeant(scope, type, key), key !== undefined && parseScope(key) ? key : undefined),
    )
    this.#receipts = createReceipts(parts)
    this.bus = new Bus({
      identity,
      log: cache.log,
      onReceipt: ({ database, after, reply }) =>
        void cache.log.heard(after).then((isServed) => (isServed ? this.#receipts?.answer(database, reply) : undefined)),
      onPlainMessage: (message) => this.#plainMessages.receive(message),
      onForeign: (database) => reporter.foreignDatabase(database, channel),
    })
  }

  /** Notes the revision of a write of this process, so that its announcement is not reported as a change from elsewhere. */
  noteOwn(revision: number, state: 'begun' | 'ended'): void {
    const { ownRevisions, cache } = this.#parts
    if (state === 'begun') {
      ownRevisions.add(revision)
      cache.log.beginOwn(revision)
    } else {
      ownRevisions.delete(revision)
      cache.log.endOwn(revision)
    }
  }

  /** Tells the other workers, then applies the change here (read-your-writes). */
  async announce(commit: Commit, { waitForWorkers }: WriteMeta): Promise<{ propagated: boolean; receipt?: Receipt }> {
    const { connections, cache } = this.#parts
    const { revision, documents, message } = commit
    const stored = documents.map((document) => ({ document }))
    const announcing = connections.redis?.announce(stored, message)
    // PostgreSQL answered this write, so reads need not wait for the next check whether it is back.
    connections.primary.reads.answered()
    await cache.takeOwn(commit)
    const propagated = (await announcing) ?? true
    const receipt = waitForWorkers === undefined ? undefined : await this.receiptOf(revision, waitForWorkers)
    return { propagated, ...(receipt && { receipt }) }
  }

  /** How many workers serve a revision, once all of them do or the wait is over; `undefined` without Redis. */
  async receiptOf(revision: number, waitMs: number, signal?: AbortSignal): Promise<Receipt | undefined> {
    const database = this.#parts.identity.confirmedName
    return database === undefined ? undefined : this.#receipts?.collect(database, revision, waitMs, signal)
  }

  /**
   * Sends a legacy message, without a revision: `{ type, key }`.
   *
   * @param notify sends a notification of PostgreSQL, for a manager without Redis
   */
  async publishPlain(type: ConfigKind | 'all', key: string | undefined, notify: (message: string) => Promise<void>): Promise<void> {
    const { redis, primary } = this.#parts.connections
    this.#plainMessages.receive({ form: 'plain', type, key })
    const message = JSON.stringify({ type, key: key ?? null })
    if (redis) await redis.publish(message)
    else if (!primary.database.isEmbedded) await notify(message)
  }

  /** Ignores every message from now on. */
  closePlain(): void {
    this.#plainMessages.close()
  }
}

function createReceipts({ options, connections }: AnnouncementsParts): Receipts | undefined {
  const { namespace, channel, timeouts } = options
  const { clients, redis } = connections
  if (!clients || !redis) return undefined
  return new Receipts({ ...clients, publish: (message) => redis.publish(message) }, { namespace, channel, redisMs: timeouts.redisMs })
}

/** A legacy message names a kind or everything; a key that is one of our scopes narrows it. */
function isMeant(scope: Scope, type: string, key: string | undefined): boolean {
  if (isContent(scope)) return false
  if (key !== undefined && parseScope(key)) return scope === key
  return type === 'all' || scope.startsWith(`${type}:`)
}
