import type { Scope } from '../entities/scope.js'
import type { Source } from '../entities/source.js'
import { Batcher } from '../shared/batcher.js'
import { withDeadline } from '../shared/deadline.js'
import { StoreUnavailableError } from '../shared/errors.js'
import { HeadTable } from './head-table.js'
import { type MemoryEntry, MemoryTier } from './memory-tier.js'
import type { RedisTier } from './redis-tier.js'
import { type LogPage, RevisionLog } from './revision-log.js'
import { type StampedDocument, stampOf } from './stamped-document.js'

export interface DocumentCacheOptions {
  readonly maxEntries: number
  readonly maxBytes: number
  /** Milliseconds until a document is read again although nobody announced a change. */
  readonly ttlMs: number
  /** Most milliseconds one read may take. */
  readonly readMs: number
}

export interface DocumentCacheParts<Value> {
  readonly options: DocumentCacheOptions
  /** Reads documents from PostgreSQL, many in one statement. A scope that is not in the answer does not exist and is not kept. */
  readonly load: (scopes: readonly Scope[], from: 'replica' | 'primary') => Promise<ReadonlyMap<Scope, StampedDocument>>
  readonly hasReplica: boolean
  /** Whether documents are kept as text too, so that snapshots can be taken. @default false */
  readonly keepsText?: boolean
  readonly readLog: (after: number) => Promise<LogPage>
  /** Waited for, as part of a read's time, before the first server is asked. Never rejects. */
  readonly ready?: () => Promise<void>
  readonly redis: RedisTier | undefined
  /** Makes what is served out of a document's JSON, once, when it enters memory. */
  readonly materialize: (document: StampedDocument) => Value
  /** Told of every document that enters memory, after it entered. */
  readonly onKept: (entry: MemoryEntry<Value>) => void
  readonly onRemoved: (entry: MemoryEntry<unknown>) => void
  readonly events: DocumentCacheEvents
}

export interface DocumentCacheEvents {
  /** Changes this process has now heard of; reads from here on give the new documents. */
  changed(heads: LogPage['heads']): void
  /** A last good document was served that could not be confirmed. */
  servedStale(scope: Scope, error: unknown): void
  failed(error: unknown, message: string): void
}

/** A document, and how it was found. */
export interface Served<Value> {
  readonly entry: MemoryEntry<Value>
  readonly source: Source
  readonly stale: boolean
}

export interface ReadOptions {
  /** The document must contain every change up to this revision. */
  readonly minRevision?: number
  /** The document never changes (the content of one version): its age does not matter. */
  readonly isImmutable?: boolean
}

/** Heads kept for each document kept: a head is a hundred bytes, and losing one costs a query later. */
const HEADS_PER_ENTRY = 10
/**
 * Loads from the primary for one read: it may find that its document was superseded while it was loaded, and looks again. A false
 * announcement alone can cost three, until it is found out.
 */
const MAX_ATTEMPTS = 5
const BATCH_SIZE = 100
/** A document from Redis is at hand and the log was never read: the share of a read's time that goes into trying that once more. */
const FIRST_LOOK_SHARE = 0.25
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
  readonly #heads: HeadTable
  readonly #memory: MemoryTier<Value>
  readonly #flights = new Map<Scope, Promise<Served<Value> | undefined>>()
  readonly #replicaLoads: Batcher<StampedDocument>
  readonly #primaryLoads: Batcher<StampedDocument>
  /** Scopes whose Redis document is not to be trusted until PostgreSQL was asked once, each with the number of the latest suspicion. */
  readonly #pastRedis = new Map<Scope, number>()
  readonly #maxPastRedis: number
  #suspicions = 0
  #isClosed = false
  /** Counts up when the database turns out to have another history; what was loaded before is dropped. */
  #generation = 0
  /** Asking the clock costs as much as the rest of a hit, so it is asked by a timer. */
  #now = Date.now()
  readonly counters = { memoryHits: 0, memoryMisses: 0, loads: 0, refusedFills: 0, staleServed: 0 }

  constructor(parts: DocumentCacheParts<Value>) {
    const { maxEntries, maxBytes } = parts.options
    this.#parts = parts
    this.#heads = new HeadTable(maxEntries * HEADS_PER_ENTRY)
    this.#maxPastRedis = maxEntries * HEADS_PER_ENTRY
    this.#memory = new MemoryTier({ maxEntries, maxBytes, onRemoved: parts.onRemoved })
    this.#replicaLoads = new Batcher((scopes) => this.#loadFrom(scopes, 'replica'), BATCH_SIZE)
    this.#primaryLoads = new Batcher((scopes) => this.#loadFrom(scopes, 'primary'), BATCH_SIZE)
    this.log = new RevisionLog({
      read: parts.readLog,
      onChanges: (heads, isFirstRead) => this.#takeChanges(heads, isFirstRead),
      onOtherHistory: (page, known) => this.#takeOtherHistory(page, known),
      contradicts: (scope, revision, token) => this.#heads.contradicts(scope, revision, token),
      onError: (error) => parts.events.failed(error, 'The revision log could not be read; the next poll tries again.'),
    })
  }

  get memory(): { readonly entries: number; readonly bytes: number } {
    return { entries: this.#memory.size, bytes: this.#memory.bytes }
  }

  /** Whether a kept document may be served. Counts as a use; an expired one is refreshed behind the caller's back. */
  use(entry: MemoryEntry<Value>): boolean {
    if (!isUsable(entry)) return false
    this.#memory.touch(entry)
    if (entry.expiresAt <= this.#now) this.#refreshBehind(entry)
    if (entry.stale) this.counters.staleServed++
    this.counters.memoryHits++
    return true
  }

  /**
   * The document, from wherever it is found first; `undefined` when an immutable one does not exist.
   *
   * @throws {StoreUnavailableError} when nobody answers within `readMs` and there is no last good document to serve
   */
  document(scope: Scope, options: ReadOptions = {}): Promise<Served<Value> | undefined> {
    const entry = this.#memory.peek(scope)
    if (entry && (options.minRevision === undefined || this.#isAsOf(entry, options.minRevision)) && this.use(entry)) {
      return Promise.resolve({ entry, source: 'memory', stale: entry.stale })
    }
    this.counters.memoryMisses++
    return this.#bounded(scope, options)
  }

  /** Changes when the database turns out to have another history. */
  get generation(): number {
    return this.#generation
  }

  /** Puts a document that this process wrote into memory, unless the database has another history since the write, at `generation`. */
  put(document: StampedDocument, generation: number): void {
    this.#accept(document, generation, false)
  }

  /**
   * Takes last good documents of an earlier process, before the log was read: they are served when nobody else answers, and become ordinary
   * ones when the log confirms them.
   */
  adopt(documents: readonly StampedDocument[]): void {
    for (const document of documents) {
      if (this.log.applied !== undefined || this.#memory.peek(document.scope)) continue
      this.#keep(document, { suspect: true, unverified: true, source: 'snapshot' })
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
    this.#now = Date.now()
  }

  /** Makes the next read of these documents ask PostgreSQL, past Redis: somebody says they changed and gives no revision. */
  suspect(matches: (scope: Scope) => boolean, scope?: Scope): void {
    if (scope !== undefined) this.#distrustRedis(scope)
    for (const flying of this.#flights.keys()) if (matches(flying)) this.#distrustRedis(flying)
    for (const entry of this.#memory.entries()) {
      if (!matches(entry.scope)) continue
      entry.suspect = true
      this.#distrustRedis(entry.scope)
    }
  }

  #distrustRedis(scope: Scope): void {
    this.#flights.delete(scope)
    this.#pastRedis.delete(scope)
    this.#pastRedis.set(scope, ++this.#suspicions)
    if (this.#pastRedis.size > this.#maxPastRedis) {
      // Anybody can send these; the oldest is forgotten.
      for (const oldest of this.#pastRedis.keys()) {
        this.#pastRedis.delete(oldest)
        break
      }
    }
  }

  /** What memory would serve now; contents of single versions, which never change, aside. */
  served(): readonly MemoryEntry<Value>[] {
    return this.#memory.entries().filter((entry) => isUsable(entry) && !isContent(entry.scope))
  }

  close(): void {
    this.#isClosed = true
    this.log.close()
    this.#memory.clear()
    this.#heads.clear()
  }

  #isAsOf(entry: MemoryEntry<Value>, revision: number): boolean {
    return entry.asOf >= revision || (this.log.applied ?? -1) >= revision
  }

  async #bounded(scope: Scope, options: ReadOptions): Promise<Served<Value> | undefined> {
    const { readMs } = this.#parts.options
    try {
      return await withDeadline(
        this.#read(scope, options),
        readMs,
        () => new StoreUnavailableError(`Reading "${scope}" took longer than ${readMs} ms (timeouts.readMs).`),
      )
    } catch (error) {
      const lastGood = this.#memory.peek(scope)
      // Superseded ones are out: this process was told that there is something newer.
      const mayServe =
        lastGood && (lastGood.head === undefined || lastGood.asOf >= lastGood.head.revision) && options.minRevision === undefined
      if (!mayServe) throw error
      this.counters.staleServed++
      this.#parts.events.servedStale(scope, error)
      return { entry: lastGood, source: lastGood.source, stale: true }
    }
  }

  async #read(scope: Scope, { minRevision, isImmutable = false }: ReadOptions): Promise<Served<Value> | undefined> {
    await this.#parts.ready?.()
    if (minRevision !== undefined && (this.log.applied ?? -1) < minRevision) {
      await this.log.catchUp()
      if ((this.log.applied ?? -1) < minRevision) {
        throw new StoreUnavailableError(
          `Revision ${minRevision} (minRevision) is not in the database's log, which ends at ${this.log.applied}.`,
        )
      }
      const entry = this.#memory.peek(scope)
      if (entry && isUsable(entry)) return { entry, source: 'memory', stale: entry.stale }
    }
    return this.#load(scope, isImmutable)
  }

  #refreshBehind(entry: MemoryEntry<Value>): void {
    if (entry.refreshing) return
    entry.refreshing = true
    this.#fromDatabase(entry.scope, isContent(entry.scope))
      .catch((error: unknown) => {
        entry.stale = true
        entry.expiresAt = this.#now + RETRY_REFRESH_MS
        this.#parts.events.servedStale(entry.scope, error)
      })
      .finally(() => {
        entry.refreshing = false
      })
  }

  /** Readers that miss together share one load; a reader that comes after an invalidation never joins one that began before it. */
  #load(scope: Scope, isImmutable: boolean): Promise<Served<Value> | undefined> {
    const inFlight = this.#flights.get(scope)
    if (inFlight) return inFlight
    const flight = this.#fetch(scope, isImmutable).finally(() => {
      if (this.#flights.get(scope) === flight) this.#flights.delete(scope)
    })
    this.#flights.set(scope, flight)
    return flight
  }

  async #fetch(scope: Scope, isImmutable: boolean): Promise<Served<Value> | undefined> {
    const fromRedis = await this.#fromRedis(scope, isImmutable)
    if (typeof fromRedis === 'object') return fromRedis
    return this.#fromDatabase(scope, isImmutable, fromRedis)
  }

  async #fromDatabase(scope: Scope, isImmutable: boolean, refusedStamp?: string): Promise<Served<Value> | undefined> {
    for (let attempt = this.#parts.hasReplica ? 0 : 1; attempt <= MAX_ATTEMPTS; attempt++) {
      const outcome = await this.#loadOnce(scope, attempt, isImmutable, refusedStamp)
      if (outcome !== 'superseded') return outcome
    }
    throw new StoreUnavailableError(`"${scope}" changed faster than it could be read.`)
  }

  /** A document from Redis, or the stamp of one that was refused, or `undefined`. */
  async #fromRedis(scope: Scope, isImmutable: boolean): Promise<Served<Value> | string | undefined> {
    const { redis } = this.#parts
    if (!redis || this.#pastRedis.has(scope)) return undefined
    const generation = this.#generation
    const document = await redis.get(scope)
    if (!document) return undefined
    const asOf = isImmutable ? document.asOf : await this.#currentAsOf(document)
    if (asOf === undefined || this.#pastRedis.has(scope)) return stampOf(document)
    const entry = this.#accept({ ...document, asOf }, generation, isImmutable, this.log.applied === undefined)
    return entry ? { entry, source: 'redis', stale: entry.stale } : stampOf(document)
  }

  /**
   * As of which revision a document from Redis, or from a replica, is known to be right: it must be the scope's last one, by revision and token, as this process
   * knows the log. `undefined` when it is not. One that is ahead of what this process knows is confirmed by the log first.
   *
   * The document's own `asOf` counts no further than this process knows the log: it may have been counted in another history.
   */
  async #currentAsOf(document: StampedDocument): Promise<number | undefined> {
    const { revision } = document
    if (this.log.applied === undefined) {
      // Before the first read of the log; with PostgreSQL away it is taken as it is, and checked when the log can be read.
      const lookMs = this.#parts.options.readMs * FIRST_LOOK_SHARE
      await withDeadline(this.log.catchUp(), lookMs, () => new Error()).catch(() => {})
      if (this.log.applied === undefined) {
        this.log.assume({ revision: document.asOf })
        return document.asOf
      }
    }
    return (await this.log.reached(revision)) ? this.#confirmedAsOf(document) : undefined
  }

  /** The same, once this process knows the log up to the document's own revision. */
  #confirmedAsOf(document: StampedDocument): number | undefined {
    const { scope, revision } = document
    const head = this.#heads.get(scope)
    const isLast = head ? head.revision === revision && head.token === document.token : this.#isUnwritten(document)
    return isLast ? Math.min(document.asOf, Math.max(this.log.applied ?? 0, revision)) : undefined
  }

  async #loadOnce(
    scope: Scope,
    attempt: number,
    isImmutable: boolean,
    refusedStamp?: string,
  ): Promise<Served<Value> | undefined | 'superseded'> {
    const generation = this.#generation
    const suspicion = this.#pastRedis.get(scope)
    const floorBefore = isImmutable ? 0 : this.#heads.floor(scope)
    const isReplica = attempt === 0
    const loaded = isReplica ? await this.#replicaLoads.load(scope).catch(() => undefined) : await this.#primaryLoads.load(scope)
    // The content of a version that a replica does not have yet is the primary's to give.
    if (loaded === undefined) return isReplica ? 'superseded' : undefined
    let document = loaded
    if (!isReplica && !isImmutable && document.asOf < floorBefore) {
      this.#disregard(document, floorBefore)
      // While the false claim stood, a true one below it was not noted: what was announced meanwhile is only in a new load.
      return 'superseded'
    }
    // News that came by the side door: what else its transaction changed must turn at the same time.
    if (!isImmutable && !(await this.log.reached(document.revision))) return 'superseded'
    if (isReplica && !isImmutable) {
      // A replica may be behind, and may have another history, in which its stamp was counted.
      const asOf = this.#confirmedAsOf(document)
      if (asOf === undefined) return 'superseded'
      document = { ...document, asOf }
    }
    if (!isReplica && !isImmutable && generation === this.#generation) this.#learn(document)
    // Somebody said that it changed, while it was on its way.
    if (this.#pastRedis.get(scope) !== suspicion) return 'superseded'
    const entry = this.#accept(document, generation, isImmutable)
    if (!entry) return 'superseded'
    this.#pastRedis.delete(scope)
    void this.#parts.redis?.put([{ document, refusedStamp }])
    return { entry, source: 'database', stale: false }
  }

  #learn({ scope, revision, token, asOf }: StampedDocument): void {
    const head = this.#heads.learn(scope, revision, token, asOf)
    const held = this.#memory.peek(scope)
    if (held) held.head = head
  }

  /** The primary, asked after a change was announced, does not know it: a forged or foreign message, or a database that was restored. */
  #disregard({ scope, asOf }: StampedDocument, claimed: number): void {
    this.#heads.distrust(scope, claimed, asOf)
    // Who sends one may send thousands.
    if (!this.log.doubt()) return
    this.#parts.events.failed(
      new Error(`"${scope}" was announced as of revision ${claimed}, but the database is at ${asOf}.`),
      'A change was announced that never happened; it is disregarded.',
    )
  }

  /**
   * The only writer of memory. Drops a document that something newer was announced for while it was on its way, and one that is older than
   * what is there.
   */
  #accept(document: StampedDocument, generation: number, isImmutable: boolean, unverified = false): MemoryEntry<Value> | undefined {
    const { scope } = document
    const floor = isImmutable ? 0 : this.#heads.floor(scope)
    if (this.#isClosed || generation !== this.#generation || document.asOf < floor) {
      this.counters.refusedFills++
      return undefined
    }
    const held = this.#memory.peek(scope)
    if (held && held.asOf > document.asOf) {
      if (isUsable(held)) return held
      // Of two that nobody could confirm, the later one is not given up for the earlier.
      if (held.unverified && unverified) return undefined
    }
    // A document that nobody could confirm must not be the proof of itself.
    const head = isImmutable || unverified ? undefined : this.#headOf(document)
    return this.#keep(document, { head, unverified, stale: unverified })
  }

  #keep(document: StampedDocument, state: Partial<MemoryEntry<Value>>): MemoryEntry<Value> {
    const entry: MemoryEntry<Value> = {
      scope: document.scope,
      value: this.#parts.materialize(document),
      revision: document.revision,
      token: document.token,
      bytes: document.text.length * 2 + 1_024,
      text: this.#parts.keepsText ? document.text : undefined,
      source: 'memory',
      asOf: document.asOf,
      expiresAt: Date.now() + this.#parts.options.ttlMs * (0.9 + Math.random() * 0.2),
      suspect: false,
      stale: false,
      unverified: false,
      refreshing: false,
      isTouched: false,
      ...state,
      head: state.head ?? this.#heads.get(document.scope),
    }
    // One that alone is larger than memory may be is served, and not kept.
    if (this.#memory.set(entry)) this.#parts.onKept(entry)
    return entry
  }

  #headOf(document: StampedDocument) {
    return this.#heads.get(document.scope) ?? this.#heads.learn(document.scope, document.revision, document.token, document.asOf)
  }

  async #loadFrom(scopes: readonly Scope[], from: 'replica' | 'primary'): Promise<ReadonlyMap<Scope, StampedDocument>> {
    this.counters.loads += scopes.length
    return this.#parts.load(scopes, from)
  }

  /** All floors rise before anything else happens: a reader never sees half of a transaction. */
  #takeChanges(heads: LogPage['heads'], isFirstRead: boolean): void {
    const news = heads.filter(({ scope, revision, token }) => {
      const head = this.#heads.raise(scope, revision, token)
      const held = this.#memory.peek(scope)
      // Not only for news: the head a held document knows may have been pushed out and come again.
      if (held) held.head = this.#heads.get(scope)
      if (head && held?.revision === revision && held.token !== token) this.#memory.delete(scope)
      if (head) this.#flights.delete(scope)
      return head !== undefined
    })
    const turned = isFirstRead ? this.#judgeEarly() : undefined
    if (news.length === 0) return
    const told = turned ? news.filter(({ scope }) => turned.has(scope)) : news
    if (told.length > 0) this.#parts.events.changed(told)
    void this.#refreshHeld(news.map((head) => head.scope))
  }

  /**
   * Documents that were taken before the log was read become ordinary ones if it names them. Those it has a newer change of wait to be read
   * again, like any that is superseded; those of another history go.
   *
   * @returns the scopes whose readers got something else until now
   */
  #judgeEarly(): ReadonlySet<Scope> {
    const turned = new Set<Scope>()
    const applied = this.log.applied ?? 0
    for (const entry of this.#memory.entries()) {
      if (!entry.unverified) continue
      const { scope } = entry
      const head = this.#heads.get(scope)
      const isNamed = head ? head.revision === entry.revision && head.token === entry.token : this.#isUnwritten(entry)
      if (isNamed && entry.revision <= applied) {
        const suspect = this.#pastRedis.has(scope)
        Object.assign(entry, { unverified: false, stale: false, suspect, source: 'memory', asOf: Math.min(entry.asOf, applied), head })
        continue
      }
      turned.add(scope)
      if (head && entry.asOf < head.revision) Object.assign(entry, { unverified: false, head })
      else this.#memory.delete(scope)
    }
    return turned
  }

  /** Of a scope without a head: it was never written, unless its head was pushed out. */
  #isUnwritten({ revision }: { readonly revision: number }): boolean {
    return revision === 0 && this.#heads.isComplete
  }

  /** What this process holds is read again at once, in batches, so that the next reader finds it. */
  async #refreshHeld(scopes: readonly Scope[]): Promise<void> {
    // A writer puts its own documents in as soon as it has raised their floors; they need no reading.
    await undefined
    const superseded = scopes.filter((scope) => {
      const entry = this.#memory.peek(scope)
      return entry !== undefined && !isUsable(entry)
    })
    for (let start = 0; start < superseded.length; start += BATCH_SIZE) {
      const batch = superseded.slice(start, start + BATCH_SIZE)
      await Promise.allSettled(batch.map((scope) => this.#load(scope, false)))
    }
  }

  #takeOtherHistory(page: LogPage, known: number | undefined): void {
    const hadAny = known !== undefined || this.#memory.size > 0
    this.#generation++
    this.#heads.clear()
    this.#memory.clear()
    this.#flights.clear()
    for (const { scope, revision, token } of page.heads) this.#heads.raise(scope, revision, token)
    // Nothing was served: what Redis or a snapshot said of the database was only a guess.
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

/** The test that every hit pays: nothing newer was announced since the document was read. */
export function isUsable(entry: MemoryEntry<unknown>): boolean {
  return (entry.head === undefined || entry.asOf >= entry.head.revision) && !entry.suspect
}

const CONTENT_PREFIX = 'content:'

/** The scope-like key of the content of one version, by row. */
export function contentKey(kind: string, id: number, createdAtMicros: number): Scope {
  return `${CONTENT_PREFIX}${kind}:${id}:${createdAtMicros}`
}

export function isContent(key: Scope): boolean {
  return key.startsWith(CONTENT_PREFIX)
}
