import { setTimeout as sleep } from 'node:timers/promises'
import type { Scope } from '../entities/scope.js'
import type { Source } from '../entities/source.js'
import { Batcher } from '../shared/batcher.js'
import { DatabaseIdentity } from '../shared/database-identity.js'
import { withDeadline } from '../shared/deadline.js'
import { isConfigError, StoreUnavailableError } from '../shared/errors.js'
import { BoundedMap } from './held/bounded-map.js'
import { isContent } from './held/content-key.js'
import { HEADS_PER_ENTRY, HeldDocuments, type HeldDocumentsParts } from './held/held-documents.js'
import { isUnverified, type MemoryEntry } from './held/memory-entry.js'
import type { StampedDocument } from './held/stamped-document.js'
import { Suspicions } from './held/suspicions.js'
import { type LogPage, RevisionLog } from './log/revision-log.js'
import { LEASE_MS, LOOK_AGAIN_MS } from './redis/load-lease.js'
import { ReadBatches, type RedisAnswer } from './redis/read-batches.js'
import type { RedisTier } from './redis/redis-tier.js'
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

export interface DocumentCacheParts<Value> extends Pick<HeldDocumentsParts<Value>, 'materialize' | 'onKept' | 'onRemoved'> {
  readonly options: DocumentCacheOptions
  /** Reads documents from PostgreSQL, many in one statement. A scope that the answer lacks does not exist and is not cached. */
  readonly load: (scopes: readonly Scope[], from: 'replica' | 'primary') => Promise<ReadonlyMap<Scope, StampedDocument>>
  readonly hasReplica: boolean
  /** Whether documents are kept as text too, so that snapshots can be taken. @default false */
  readonly keepsText?: boolean
  /** Reads the log of the primary after a revision; `undefined` reads where it ends, and of the heads only those of `scopes`. */
  readonly readLog: (after: number | undefined, scopes: readonly Scope[]) => Promise<LogPage>
  /** The database that these documents belong to, by its own name for itself; assumed before the log was read. @default not known until then */
  readonly identity?: DatabaseIdentity
  /** Every read waits for this, within its own time, before it asks a server. Never rejects. */
  readonly ready?: () => Promise<void>
  readonly redis: RedisTier | undefined
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

/** A document, and how it was found. */
export interface Served<Value> {
  readonly entry: MemoryEntry<Value>
  readonly source: Source
  readonly stale: boolean
}

export interface ReadOptions {
  /** The document must contain every change up to this revision. */
  readonly minRevision?: number | undefined
  /** The last read of the log must have begun within so many milliseconds. */
  readonly maxStalenessMs?: number | undefined
  /** The document never changes (the content of one version): its age does not matter. */
  readonly isImmutable?: boolean
}

/**
 * Most loads from the primary for one read: when a document was superseded while it was loaded, the read loads again. A false
 * announcement alone can cause three, until the log shows that it was false.
 */
const MAX_ATTEMPTS = 5
const BATCH_SIZE = 100
/** Batches of superseded documents that are read at once: less than half of a pool's connections, which other reads need too. */
const BATCHES_AT_ONCE = 4
/** The share of a read's time that is spent on asking PostgreSQL to confirm a document that Redis has. */
const CONFIRMING_SHARE = 0.25
/** After a failed refresh of an expired document, the next try comes this much later. */
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
  readonly #suspicions: Suspicions
  readonly #standings: Standings
  readonly #untold: UntoldChanges
  /** Unusable values in Redis that were reported already. */
  readonly #refused = new BoundedMap<true>(1_000)
  /** Expired documents that are being read again in the background (stale-while-revalidate). */
  readonly #refreshes = new Set<MemoryEntry<Value>>()
  readonly #flights = new Map<Scope, Promise<Served<Value> | undefined>>()
  /** `undefined` where a call of Redis may take longer than a read may. */
  readonly #batches: ReadBatches<Served<Value> | undefined> | undefined
  readonly #replicaLoads: Batcher<StampedDocument>
  readonly #primaryLoads: Batcher<StampedDocument>
  /** Reading the clock costs as much as the rest of a hit, so a timer reads it and hits use that time. */
  #now = performance.now()
  readonly #counters = { memoryHits: 0, memoryMisses: 0, loads: 0, staleServed: 0 }

  constructor(parts: DocumentCacheParts<Value>) {
    const { options, keepsText = false, materialize, onKept, onRemoved } = parts
    this.#parts = parts
    this.#held = new HeldDocuments({ ...options, keepsText, materialize, onKept, onRemoved })
    this.#suspicions = new Suspicions(options.maxEntries * HEADS_PER_ENTRY)
    const { redis } = parts
    if (redis && redis.redisMs <= options.readMs) {
      this.#batches = new ReadBatches(
        (scopes) => redis.getMany(scopes),
        (scope, answer) => this.#answerFromBatch(scope, answer),
      )
    }
    this.#replicaLoads = new Batcher((scopes) => this.#loadFrom(scopes, 'replica'), BATCH_SIZE)
    this.#primaryLoads = new Batcher((scopes) => this.#loadFrom(scopes, 'primary'), BATCH_SIZE)
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
    return { ...this.#counters, refusedFills: this.#held.refusedFills }
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
      this.#distrustRedis(scope)
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
    if (scope !== undefined) this.#distrustRedis(scope)
    for (const flying of this.#flights.keys()) if (matches(flying)) this.#distrustRedis(flying)
    for (const entry of this.#held.entries()) {
      if (!matches(entry.scope)) continue
      this.#held.suspect(entry)
      this.#distrustRedis(entry.scope)
    }
  }

  #distrustRedis(scope: Scope): void {
    this.#flights.delete(scope)
    this.#suspicions.raise(scope)
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
    return this.log.applied !== undefined && !this.#suspicions.has(scope) && !this.#flights.has(scope)
  }

  /** The document that Redis had, if it is its scope's last one as far as is known here now; in every other case as any read gets it. */
  #answerFromBatch(scope: Scope, answer: RedisAnswer): Served<Value> | Promise<Served<Value> | undefined> {
    const document = answer.value?.document
    if (document && !this.#suspicions.has(scope) && this.#held.isLast(document)) {
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
    const served = await this.#load(scope, isImmutable, answer)
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
    if (this.#refreshes.has(entry)) return
    this.#refreshes.add(entry)
    this.#fromDatabase(entry.scope, isContent(entry.scope))
      .catch((error: unknown) => {
        this.#held.refreshFailed(entry, this.#now + RETRY_REFRESH_MS)
        this.#parts.events.servedStale(entry.scope, error)
      })
      .finally(() => this.#refreshes.delete(entry))
  }

  /** Readers that miss together share one load (single flight). A reader after an invalidation never joins a load from before it. */
  #load(scope: Scope, isImmutable: boolean, answer?: RedisAnswer): Promise<Served<Value> | undefined> {
    const inFlight = this.#flights.get(scope)
    if (inFlight) return inFlight
    const flight = this.#fetch(scope, isImmutable, answer).finally(() => {
      if (this.#flights.get(scope) === flight) this.#flights.delete(scope)
    })
    this.#flights.set(scope, flight)
    return flight
  }

  async #fetch(scope: Scope, isImmutable: boolean, answer?: RedisAnswer): Promise<Served<Value> | undefined> {
    const fromRedis = await this.#fromRedis(scope, isImmutable, answer)
    if (typeof fromRedis === 'object') return fromRedis
    return (await this.#loadedElsewhere(scope, isImmutable)) ?? this.#fromDatabase(scope, isImmutable, fromRedis)
  }

  /**
   * Waits while another worker loads a document that Redis lacks: workers that miss one name together cost PostgreSQL one load. Never for long: one
   * that has died keeps nobody waiting for more than its lease.
   */
  async #loadedElsewhere(scope: Scope, isImmutable: boolean): Promise<Served<Value> | undefined> {
    const { redis, options } = this.#parts
    if (!redis || this.#suspicions.has(scope)) return undefined
    const floor = isImmutable ? 0 : this.#held.floor(scope)
    const until = performance.now() + Math.min(LEASE_MS, options.readMs * CONFIRMING_SHARE)
    while (!(await redis.mayLoad(scope, floor)) && performance.now() < until) {
      await sleep(LOOK_AGAIN_MS)
      const found = await this.#fromRedis(scope, isImmutable)
      if (typeof found === 'object') return found
    }
    return undefined
  }

  async #fromDatabase(scope: Scope, isImmutable: boolean, refusedStamp?: string): Promise<Served<Value> | undefined> {
    for (let attempt = this.#parts.hasReplica ? 0 : 1; attempt <= MAX_ATTEMPTS; attempt++) {
      const outcome = await this.#loadOnce(scope, attempt, isImmutable, refusedStamp)
      if (outcome !== 'superseded') return outcome
    }
    throw new StoreUnavailableError(`"${scope}" changed faster than it could be read.`)
  }

  /** A document from Redis, or the stamp of one that was refused, or `undefined`. */
  async #fromRedis(scope: Scope, isImmutable: boolean, answer?: RedisAnswer): Promise<Served<Value> | string | undefined> {
    const { redis } = this.#parts
    if (!redis || this.#suspicions.has(scope)) return undefined
    const { generation } = this.#held
    const value = answer ? answer.value : await redis.get(scope)
    if (!value) return undefined
    const { document, stamp } = value
    if (!document)
      return this.#refuse(scope, stamp, new Error('It is not what was stored: cut, of another program, or not signed as it should be.'))
    const unverified = this.log.applied === undefined
    const standing = isImmutable ? { asOf: document.asOf, unverified } : await this.#standings.of(document)
    if (standing === undefined || this.#suspicions.has(scope)) return stamp
    try {
      const entry = this.#held.accept(
        { ...document, asOf: standing.asOf },
        { generation, isImmutable, unverified: standing.unverified, isForeign: true },
      )
      return entry ? { entry, source: 'redis', stale: entry.stale } : stamp
    } catch (error) {
      return this.#refuse(scope, stamp, error)
    }
  }

  /** Reports an unusable value in Redis, once for each: while Redis takes no writes readers meet it again and again. */
  #refuse(scope: Scope, stamp: string, error: unknown): string {
    const value = `${scope} ${stamp}`
    if (!this.#refused.get(value)) {
      this.#refused.set(value, true)
      const reason = error instanceof Error ? error.message : String(error)
      this.#parts.events.failed(
        new Error(`"${scope}" in Redis: ${reason}`),
        'A document in Redis cannot be used; it is read from PostgreSQL and replaced.',
      )
    }
    return stamp
  }

  async #loadOnce(
    scope: Scope,
    attempt: number,
    isImmutable: boolean,
    refusedStamp?: string,
  ): Promise<Served<Value> | undefined | 'superseded'> {
    const { generation } = this.#held
    const suspicion = this.#suspicions.numberOf(scope)
    const floorBefore = isImmutable ? 0 : this.#held.floor(scope)
    const isReplica = attempt === 0
    const loaded = isReplica ? await this.#replicaLoads.load(scope).catch(() => undefined) : await this.#primaryLoads.load(scope)
    // A replica may not have the content of a new version yet: ask the primary.
    if (loaded === undefined) return isReplica ? 'superseded' : undefined
    let document = loaded
    if (!isReplica && !isImmutable && document.asOf < floorBefore) {
      this.#disregard(document, floorBefore)
      // A forged, higher floor may have hidden a real change that was announced meanwhile: load again.
      return 'superseded'
    }
    // Newer than the log that is applied here: wait, so that the other scopes of its transaction change at the same time (G5).
    if (!isImmutable && !(await this.log.reached(document.revision))) return 'superseded'
    if (isReplica && !isImmutable) {
      // A replica may be behind, and may have another history, in which its stamp was counted.
      const standing = await this.#standings.of(document)
      if (!standing || standing.unverified) return 'superseded'
      document = { ...document, asOf: standing.asOf }
    }
    if (!isReplica && !isImmutable && generation === this.#held.generation) this.#held.learn(document)
    // A message without a revision said that it changed while it was being loaded.
    if (this.#suspicions.numberOf(scope) !== suspicion) return 'superseded'
    const entry = this.#held.accept(document, { generation, isImmutable })
    if (!entry && !isImmutable && document.asOf < this.#held.certainFrom(scope)) await this.#lookAtTheEnd(document)
    if (!entry) return 'superseded'
    this.#suspicions.settle(scope)
    void this.#parts.redis?.put([{ document, refusedStamp }])
    return { entry, source: 'database', stale: false }
  }

  /** The primary, asked after a change was announced, does not know it: a forged or foreign message, or a database that was restored. */
  #disregard(document: StampedDocument, claimed: number): void {
    const { scope, asOf } = document
    this.#held.distrust(document, claimed)
    // A sender of one may send thousands: report once per doubt period.
    if (!this.log.doubt()) return
    this.#tellFalse(new Error(`"${scope}" was announced as of revision ${claimed}, but the database is at ${asOf}.`))
  }

  #tellFalse(error: Error): void {
    this.#parts.events.failed(error, 'A change was announced that never happened; it is disregarded.')
  }

  /**
   * The log ended further on when it was first read than the primary says now: it has another history, or this was asked before that read. A
   * floor that is known is another matter: whoever announced it knew of something newer.
   */
  async #lookAtTheEnd({ scope, asOf }: StampedDocument): Promise<void> {
    if (asOf >= this.#held.floor(scope)) await this.log.catchUp()
  }

  async #loadFrom(scopes: readonly Scope[], from: 'replica' | 'primary'): Promise<ReadonlyMap<Scope, StampedDocument>> {
    this.#counters.loads += scopes.length
    return this.#parts.load(scopes, from)
  }

  /** All floors rise before anything else happens: a reader never sees half of a transaction. */
  #takeClaims(heads: LogPage['heads'], isOwn: boolean): void {
    const news = this.#held.claim(heads)
    for (const { scope } of news) this.#flights.delete(scope)
    if (isOwn) this.#untold.tell(heads.filter((head) => news.includes(head) || this.#untold.has(head.scope)))
    else if (this.#parts.events.wantsChanges?.() !== false) this.#untold.add(news)
    if (news.length === 0) return
    void this.#refreshHeld(news.map(({ scope }) => scope)).then(() => (isOwn ? undefined : this.#untold.confirm(news)))
  }

  #takeRead(page: LogPage, isPending: (revision: number) => boolean): boolean {
    const { news, wasFalse } = this.#held.settle(page, isPending)
    if (wasFalse && this.log.doubt())
      this.#tellFalse(new Error(`The log ends at revision ${page.top} and does not have all that was announced.`))
    for (const { scope } of news) this.#flights.delete(scope)
    const asked = new Map(page.asked.map((head) => [head.scope, head]))
    const turned = this.#held.settleUnverified(asked, page.top, (scope) => this.#suspicions.has(scope))
    const changed = page.heads.filter((head) => news.includes(head) || this.#untold.has(head.scope))
    for (const { scope } of changed) asked.delete(scope)
    this.#untold.tell([...changed, ...[...asked.values()].filter(({ scope }) => turned.has(scope))])
    this.#untold.keepOnly(isPending)
    if (news.length > 0) void this.#refreshHeld(news.map(({ scope }) => scope))
    return wasFalse
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
        await Promise.allSettled(batch.map((scope) => this.#load(scope, false)))
    }
    await Promise.all(Array.from({ length: BATCHES_AT_ONCE }, readInTurn))
  }

  #takeOtherHistory(page: LogPage, known: number | undefined): void {
    const hadAny = known !== undefined || this.#held.size > 0
    this.#flights.clear()
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
