import type { Scope } from '../entities/scope.js'
import { DatabaseIdentity } from '../shared/database-identity.js'
import { withDeadline } from '../shared/deadline.js'
import { isConfigError, StoreUnavailableError } from '../shared/errors.js'
import { BATCH_SIZE, DocumentLoads, type DocumentLoadsParts, type Served } from './document-loads.js'
import { isContent } from './held/content-key.js'
import { HEADS_PER_ENTRY, HeldDocuments, type HeldDocumentsParts } from './held/held-documents.js'
import { isUnverified, type MemoryEntry } from './held/memory-entry.js'
import type { StampedDocument } from './held/stamped-document.js'
import { type LogPage, RevisionLog } from './log/revision-log.js'
import { MAX_WAIT_MS } from './redis/load-lease.js'
import { ReadBatches, type RedisAnswer } from './redis/read-batches.js'
import { Standings } from './standings.js'
import { UntoldChanges } from './untold-changes.js'

export interface DocumentCacheOptions {
  readonly maxEntries: number
  readonly maxBytes: number
  /** Milliseconds until a document is read again even when no change was announced. */
  readonly ttlMs: number
  /** Most milliseconds one read may take. */
  readonly readMs: number
}

export interface DocumentCacheParts<Value>
  extends Pick<HeldDocumentsParts<Value>, 'materialize' | 'onKept' | 'onRemoved'>,
    Pick<DocumentLoadsParts<Value>, 'redis' | 'load' | 'hasReplica'> {
  readonly options: DocumentCacheOptions
  /** Whether documents are kept as text too, so that snapshots can be taken. @default false */
  readonly keepsText?: boolean
  /** Reads the log of the primary after a revision; `undefined` reads where it ends, and of the heads only those of `scopes`. */
  readonly readLog: (after: number | undefined, scopes: readonly Scope[]) => Promise<LogPage>
  /** The database that these documents belong to, by its own name for itself; assumed before the log was read. @default not known until then */
  readonly identity?: DatabaseIdentity
  /** Every read waits for this, within its own time, before it asks a server. Never rejects. */
  readonly ready?: () => Promise<void>
  /** Over how many milliseconds workers spread the reads of the log that all of them begin for the same reason. @default 0 */
  readonly spreadMs?: () => number
  readonly events: DocumentCacheEvents
}

export interface DocumentCacheEvents {
  /** Changes this process has now heard of; reads from here on give the new documents. */
  changed(heads: LogPage['heads']): void
  /** Whether the host listens to changes; without a listener events are not computed. @default always */
  wantsChanges?(): boolean
  /** Called when a last good document was served because it could not be confirmed. */
  servedStale(scope: Scope, error: unknown): void
  failed(error: unknown, message: string): void
}

/** A change that this process made and committed. */
export interface CommittedChange {
  readonly revision: number
  readonly token: string
  readonly scopes: readonly Scope[]
  /** The documents as its transaction left them, read in that transaction. */
  readonly documents: readonly StampedDocument[]
}

export interface ReadOptions {
  /** The document must contain every change up to this revision. */
  readonly minRevision?: number | undefined
  /** The last read of the log must have begun within so many milliseconds. */
  readonly maxStalenessMs?: number | undefined
  /** The document never changes (the content of one version): its age does not matter. */
  readonly isImmutable?: boolean
}

/** Batches of superseded documents that are read at once: less than half of a pool's connections, which other reads need too. */
const BATCHES_AT_ONCE = 4
/** The share of a read's time that is spent on asking PostgreSQL to confirm a document that Redis has. */
const CONFIRMING_SHARE = 0.25
/** After a refresh of an expired document that brought no other, the next one comes this much later. */
const RETRY_REFRESH_MS = 1_000

/**
 * Documents by scope: memory, then Redis, then PostgreSQL. Never serves a document read before the last change this process was told of.
 *
 * @see docs/consistency.md
 */
export class DocumentCache<Value> {
  readonly log: RevisionLog
  readonly #parts: DocumentCacheParts<Value>
  readonly #held: HeldDocuments<Value>
  readonly #loads: DocumentLoads<Value>
  readonly #standings: Standings
  readonly #untold: UntoldChanges
  /** `undefined` where a call of Redis may take longer than a read may. */
  readonly #batches: ReadBatches<Served<Value> | undefined> | undefined
  /** Reading the clock costs as much as the rest of a hit, so a timer reads it and hits use that time. */
  #now = performance.now()
  readonly #counters = { memoryHits: 0, memoryMisses: 0, staleServed: 0 }

  constructor(parts: DocumentCacheParts<Value>) {
    const { options, keepsText = false, materialize, onKept, onRemoved } = parts
    this.#parts = parts
    this.#held = new HeldDocuments({ ...options, keepsText, materialize, onKept, onRemoved })
    const { redis } = parts
    if (redis && redis.redisMs <= options.readMs) {
      this.#batches = new ReadBatches(
        (scopes) => redis.getMany(scopes),
        (scope, answer) => this.#answerFromBatch(scope, answer),
      )
    }
    this.log = new RevisionLog({
      read: parts.readLog,
      ...(parts.spreadMs && { spreadMs: parts.spreadMs }),
      unconfirmed: () => this.#held.unconfirmed(),
      identity: parts.identity ?? new DatabaseIdentity(),
      onClaims: (heads, isOwn) => this.#takeClaims(heads, isOwn),
      onRead: (page, isPending) => this.#takeRead(page, isPending),
      hasLost: (page, after, isPending) => this.#held.hasLost(page.heads, after, isPending),
      onLostScopes: (scopes) => this.#held.loseScopes(scopes),
      onOtherHistory: (page, known) => this.#takeOtherHistory(page, known),
      contradicts: (scope, revision, token) => this.#held.contradicts(scope, revision, token),
      onError: (error) => parts.events.failed(error, 'The revision log could not be read; the next poll tries again.'),
    })
    this.#standings = new Standings({
      log: this.log,
      held: this.#held,
      readHeads: (scopes) => parts.readLog(undefined, scopes),
      askMs: options.readMs * CONFIRMING_SHARE,
    })
    this.#loads = new DocumentLoads({
      log: this.log,
      held: this.#held,
      standings: this.#standings,
      redis,
      load: parts.load,
      hasReplica: parts.hasReplica,
      waitMs: Math.min(MAX_WAIT_MS, options.readMs * CONFIRMING_SHARE),
      maxSuspicions: options.maxEntries * HEADS_PER_ENTRY,
      reportFalse: (message) => this.#reportFalse(message),
      failed: (error, message) => parts.events.failed(error, message),
    })
    this.#untold = new UntoldChanges({
      changed: (heads) => parts.events.changed(heads),
      isHeld: (head) => this.#hasReached(head),
      inspectRedis: async (scopes) => redis?.inspect(scopes),
      confirmSoon: () => this.log.confirmSoon(),
    })
  }

  get memory(): { readonly entries: number; readonly bytes: number } {
    return { entries: this.#held.size, bytes: this.#held.bytes }
  }

  get counters() {
    return { ...this.#counters, loads: this.#loads.loaded, refusedFills: this.#held.refusedFills }
  }

  /** Counts a hit of a hot document; such a hit records nothing else. */
  countHit(): void {
    this.#counters.memoryHits++
  }

  /** Whether a kept document may be served. Counts as a use; an expired one is served and refreshed meanwhile (stale-while-revalidate). */
  use(entry: MemoryEntry<Value>): boolean {
    if (!entry.isUsable) return false
    this.#held.touch(entry)
    if (entry.expiresAt <= this.#now) this.#refreshBehind(entry)
    if (entry.stale) this.#counters.staleServed++
    this.#counters.memoryHits++
    return true
  }

  /**
   * The document, from wherever it is found first; `undefined` when an immutable one does not exist.
   *
   * @throws {StoreUnavailableError} when no server answers within `readMs` and there is no last good document to serve
   */
  document(scope: Scope, options: ReadOptions = {}): Promise<Served<Value> | undefined> {
    const entry = this.#held.peek(scope)
    if (entry && this.#isRecent(entry, options) && this.use(entry)) {
      return Promise.resolve({ entry, source: 'memory', stale: entry.stale })
    }
    this.#counters.memoryMisses++
    return this.#mayBeInBatch(scope, options)
      ? (this.#batches as ReadBatches<Served<Value> | undefined>).read(scope)
      : this.#bounded(scope, options)
  }

  /** Takes over a change that this process made, with the documents that its transaction left behind: when this ends, nothing older is served. */
  async takeOwn({ revision, token, scopes, documents }: CommittedChange): Promise<void> {
    const change = this.log.hearOwn(revision, token, scopes)
    const { generation } = this.#held
    const serve = () => {
      for (const document of documents) this.#held.accept(document, { generation })
    }
    // In the same tick in which the floors rise, so that no read in between has to load them.
    if (change === 'elsewhere') serve()
    // Earlier revisions of other processes may not be applied here yet: wait for them, so that no read sees this one without those (G5).
    if (change !== 'known') await this.log.catchUp().catch(() => (change === 'behind' ? this.#askPrimaryFor(revision, scopes) : undefined))
    if (change !== 'elsewhere' && (this.log.applied ?? 0) >= revision) serve()
  }

  /**
   * The number of this process's own change was announced for another change, which is lost or forged, and the log cannot be read to say which.
   * The documents of its scopes in memory and Redis may contain that other change.
   */
  #askPrimaryFor(revision: number, scopes: readonly Scope[]): void {
    if ((this.log.applied ?? 0) < revision) return
    for (const scope of scopes) {
      this.#held.forget(scope)
      this.#loads.distrustRedis(scope)
    }
  }

  /**
   * Takes last good documents of an earlier process, before the log was read: they are served when no server answers, and become ordinary
   * ones when the log confirms them.
   */
  adopt(documents: readonly StampedDocument[]): void {
    for (const document of documents) {
      if (this.log.applied === undefined && !this.#held.peek(document.scope)) this.#held.adopt(document)
    }
  }

  /** What memory would serve now and the log confirms, as documents; `undefined` before the log was read. */
  snapshot(): { readonly revision: number; readonly documents: readonly StampedDocument[] } | undefined {
    const revision = this.log.applied
    if (revision === undefined) return undefined
    const documents = this.served().map(({ scope, revision, token, asOf, text = '' }) => ({ scope, revision, token, asOf, text }))
    return { revision, documents: documents.filter(({ text }) => text !== '') }
  }

  /** Moves the clock that expiry is measured by. */
  tick(): void {
    this.#now = performance.now()
    this.#held.tick(this.#now)
  }

  /** Deletes the content of a version from memory, and from Redis if it was purged. */
  async forget(key: Scope, from: 'memory' | 'redis' = 'memory'): Promise<void> {
    this.#held.forget(key)
    if (from === 'redis') await this.#parts.redis?.forget(key)
  }

  /** Makes the next read of these documents ask PostgreSQL, past Redis: a legacy message said that they changed, without a revision. */
  suspect(matches: (scope: Scope) => boolean, scope?: Scope): void {
    if (scope !== undefined) this.#loads.distrustRedis(scope)
    for (const loading of this.#loads.loading) if (matches(loading)) this.#loads.distrustRedis(loading)
    for (const entry of this.#held.entries()) {
      if (!matches(entry.scope)) continue
      this.#held.suspect(entry)
      this.#loads.distrustRedis(entry.scope)
    }
  }

  /** The documents that memory would serve now, without contents of single versions, which never change. */
  served(): readonly MemoryEntry<Value>[] {
    return this.#held.served()
  }

  close(): void {
    this.log.close()
    this.#held.close()
  }

  #isRecent(entry: MemoryEntry<Value>, { minRevision, maxStalenessMs }: ReadOptions): boolean {
    if (minRevision === undefined && maxStalenessMs === undefined) return true
    // Even when the log is known that far and the stamp is high enough: the stamp may have been counted in another history.
    if (isUnverified(entry)) return false
    if (maxStalenessMs !== undefined && !(this.log.ageMs <= maxStalenessMs)) return false
    return minRevision === undefined || entry.asOf >= minRevision || (this.log.applied ?? -1) >= minRevision
  }

  /** Whether the read can be answered in the tick in which Redis replied. */
  #mayBeInBatch(scope: Scope, { minRevision, maxStalenessMs, isImmutable }: ReadOptions): boolean {
    if (this.#batches === undefined || minRevision !== undefined || maxStalenessMs !== undefined || isImmutable) return false
    return this.log.applied !== undefined && !this.#loads.isDistrusted(scope) && !this.#loads.isLoading(scope)
  }

  /** The document that Redis had, if it is its scope's last one as far as is known here now; in every other case as any read gets it. */
  #answerFromBatch(scope: Scope, answer: RedisAnswer): Served<Value> | Promise<Served<Value> | undefined> {
    const document = answer.value?.document
    if (document && !this.#loads.isDistrusted(scope) && this.#held.isLast(document)) {
      // A stamp is used only as far as the log is known here.
      const asOf = Math.min(document.asOf, this.log.applied ?? 0)
      try {
        const entry = this.#held.accept({ ...document, asOf }, { generation: this.#held.generation, isForeign: true })
        if (entry) return { entry, source: 'redis', stale: entry.stale }
      } catch {
        // The value is unusable; the ordinary read refuses and reports it.
      }
    }
    return this.#bounded(scope, {}, answer)
  }

  async #bounded(scope: Scope, options: ReadOptions, answer?: RedisAnswer): Promise<Served<Value> | undefined> {
    const { readMs } = this.#parts.options
    try {
      return await withDeadline(
        this.#read(scope, options, answer),
        answer ? Math.max(0, readMs - (performance.now() - answer.askedAt)) : readMs,
        () => new StoreUnavailableError(`Reading "${scope}" took longer than ${readMs} ms (timeouts.readMs).`),
      )
    } catch (error) {
      const lastGood = this.#held.peek(scope)
      // A superseded document is not served as last good, since a newer one was announced here.
      if (!lastGood?.isCurrent || options.minRevision !== undefined || options.maxStalenessMs !== undefined) throw error
      this.#counters.staleServed++
      this.#parts.events.servedStale(scope, error)
      return { entry: lastGood, source: lastGood.source, stale: true }
    }
  }

  async #read(
    scope: Scope,
    { minRevision, maxStalenessMs, isImmutable = false }: ReadOptions,
    answer?: RedisAnswer,
  ): Promise<Served<Value> | undefined> {
    await this.#parts.ready?.()
    if (maxStalenessMs !== undefined) await this.#look(maxStalenessMs)
    if (minRevision !== undefined && (this.log.applied ?? -1) < minRevision) {
      await this.log.catchUp()
      if ((this.log.applied ?? -1) < minRevision) {
        throw new StoreUnavailableError(
          `Revision ${minRevision} (minRevision) is not in the database's log, which ends at ${this.log.applied}.`,
        )
      }
    }
    if (minRevision !== undefined || maxStalenessMs !== undefined) {
      const entry = this.#held.peek(scope)
      if (entry?.isUsable && !isUnverified(entry)) return { entry, source: 'memory', stale: entry.stale }
    }
    const served = await this.#loads.load(scope, isImmutable, answer)
    const isAsked = minRevision !== undefined || maxStalenessMs !== undefined
    if (isAsked && !isImmutable && served && isUnverified(served.entry)) {
      throw new StoreUnavailableError(`"${scope}" is in Redis, and PostgreSQL could not be asked how recent it is.`)
    }
    return served
  }

  async #look(maxStalenessMs: number): Promise<void> {
    try {
      await this.log.lookedWithin(maxStalenessMs)
    } catch (error) {
      if (isConfigError(error)) throw error
      throw new StoreUnavailableError(`The log could not be looked at, which maxStalenessMs (${maxStalenessMs}) asks for.`, {
        cause: error,
      })
    }
  }

  #refreshBehind(entry: MemoryEntry<Value>): void {
    this.#held.refreshing(entry)
    this.#loads.fromDatabase(entry.scope, isContent(entry.scope)).then(
      () => this.#held.refreshed(entry, this.#now + RETRY_REFRESH_MS),
      (error: unknown) => {
        this.#held.refreshFailed(entry, this.#now + RETRY_REFRESH_MS)
        this.#parts.events.servedStale(entry.scope, error)
      },
    )
  }

  /** All floors rise before anything else happens: a reader never sees half of a transaction. */
  #takeClaims(heads: LogPage['heads'], isOwn: boolean): void {
    const news = this.#held.claim(heads)
    for (const { scope } of news) this.#loads.leave(scope)
    if (isOwn) this.#untold.tell(heads.filter((head) => news.includes(head) || this.#untold.has(head.scope)))
    else if (this.#parts.events.wantsChanges?.() !== false) this.#untold.add(news)
    if (news.length === 0) return
    void this.#refreshHeld(news.map(({ scope }) => scope)).then(() => (isOwn ? undefined : this.#untold.confirm(news)))
  }

  #takeRead(page: LogPage, isPending: (revision: number) => boolean): boolean {
    const { news, wasFalse } = this.#held.settle(page, isPending)
    if (wasFalse) this.#reportFalse(`The log ends at revision ${page.top} and does not have all that was announced.`)
    for (const { scope } of news) this.#loads.leave(scope)
    const asked = new Map(page.asked.map((head) => [head.scope, head]))
    const turned = this.#held.settleUnverified(asked, page.top, (scope) => this.#loads.isDistrusted(scope))
    const changed = page.heads.filter((head) => news.includes(head) || this.#untold.has(head.scope))
    for (const { scope } of changed) asked.delete(scope)
    this.#untold.tell([...changed, ...[...asked.values()].filter(({ scope }) => turned.has(scope))])
    this.#untold.keepOnly(isPending)
    if (news.length > 0) void this.#refreshHeld(news.map(({ scope }) => scope))
    return wasFalse
  }

  /** A change was announced that the database does not know. A sender of one may send thousands: reported once per doubt period. */
  #reportFalse(message: string): void {
    if (this.log.doubt()) this.#parts.events.failed(new Error(message), 'A change was announced that never happened; it is disregarded.')
  }

  #hasReached({ scope, revision }: LogPage['heads'][number]): boolean {
    const entry = this.#held.peek(scope)
    return entry !== undefined && !isUnverified(entry) && entry.isUsable && entry.revision >= revision
  }

  /** What this process holds is read again at once, in batches of which some are on their way together, so that the next reader finds it. */
  async #refreshHeld(scopes: readonly Scope[]): Promise<void> {
    // A writer puts its own documents in as soon as it has raised their floors; they need no reading.
    await undefined
    const superseded = scopes.filter((scope) => {
      const entry = this.#held.peek(scope)
      return entry !== undefined && !entry.isUsable
    })
    const readInTurn = async () => {
      for (let batch = superseded.splice(0, BATCH_SIZE); batch.length > 0; batch = superseded.splice(0, BATCH_SIZE))
        await Promise.allSettled(batch.map((scope) => this.#loads.load(scope, false)))
    }
    await Promise.all(Array.from({ length: BATCHES_AT_ONCE }, readInTurn))
  }

  #takeOtherHistory(page: LogPage, known: number | undefined): void {
    const hadAny = known !== undefined || this.#held.size > 0
    this.#loads.leaveAll()
    this.#held.startOver(page.heads)
    this.#untold.clear()
    // Nothing was served yet: which database this is was only assumed, from Redis or a snapshot.
    if (!hadAny) return
    this.#parts.events.failed(
      new Error(`The database's log ends at revision ${page.top} and is not the one this process knew up to ${known ?? 'now'}.`),
      known === undefined
        ? 'What a snapshot file or Redis held is of another database or history: it was dropped, and everything is read again.'
        : 'The database was restored or failed over to another history: everything cached was dropped and is read again.',
    )
    this.#parts.events.changed(page.heads)
  }
}
