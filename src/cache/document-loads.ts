import { setTimeout as sleep } from 'node:timers/promises'
import type { Scope } from '../entities/scope.js'
import type { Source } from '../entities/source.js'
import { Batcher } from '../shared/batcher.js'
import { StoreUnavailableError } from '../shared/errors.js'
import { BoundedMap } from './held/bounded-map.js'
import type { HeldDocuments } from './held/held-documents.js'
import type { MemoryEntry } from './held/memory-entry.js'
import type { StampedDocument } from './held/stamped-document.js'
import { Suspicions } from './held/suspicions.js'
import type { RevisionLog } from './log/revision-log.js'
import { LOOK_AGAIN_MS } from './redis/load-lease.js'
import type { RedisAnswer } from './redis/read-batches.js'
import type { RedisTier } from './redis/redis-tier.js'
import type { Standings } from './standings.js'

/** A document, and how it was found. */
export interface Served<Value> {
  readonly entry: MemoryEntry<Value>
  readonly source: Source
  readonly stale: boolean
}

export interface DocumentLoadsParts<Value> {
  readonly log: RevisionLog
  readonly held: HeldDocuments<Value>
  readonly standings: Standings
  readonly redis: RedisTier | undefined
  /** Reads documents from PostgreSQL, many in one statement. A scope that the answer lacks does not exist and is not cached. */
  readonly load: (scopes: readonly Scope[], from: 'replica' | 'primary') => Promise<ReadonlyMap<Scope, StampedDocument>>
  readonly hasReplica: boolean
  /** Longest time in milliseconds that one load waits for another worker's of the same document. */
  readonly waitMs: number
  readonly maxSuspicions: number
  /** Called with a sentence when the database does not know a change that was announced. */
  readonly reportFalse: (message: string) => void
  readonly failed: (error: unknown, message: string) => void
}

/**
 * Most loads from the primary for one read: when a document was superseded while it was loaded, the read loads again. A false
 * announcement alone can cause three, until the log shows that it was false.
 */
const MAX_ATTEMPTS = 5
export const BATCH_SIZE = 100

/** Loads documents that memory does not have, or may not serve: from Redis, where that is known to be the last one, or from PostgreSQL. */
export class DocumentLoads<Value> {
  readonly #parts: DocumentLoadsParts<Value>
  readonly #suspicions: Suspicions
  /** Unusable values in Redis that were reported already. */
  readonly #refused = new BoundedMap<true>(1_000)
  readonly #flights = new Map<Scope, Promise<Served<Value> | undefined>>()
  readonly #replicaLoads: Batcher<StampedDocument>
  readonly #primaryLoads: Batcher<StampedDocument>
  #loaded = 0

  constructor(parts: DocumentLoadsParts<Value>) {
    this.#parts = parts
    this.#suspicions = new Suspicions(parts.maxSuspicions)
    this.#replicaLoads = new Batcher((scopes) => this.#loadFrom(scopes, 'replica'), BATCH_SIZE)
    this.#primaryLoads = new Batcher((scopes) => this.#loadFrom(scopes, 'primary'), BATCH_SIZE)
  }

  /** Documents asked of PostgreSQL so far. */
  get loaded(): number {
    return this.#loaded
  }

  /** The documents that are being loaded now. */
  get loading(): Iterable<Scope> {
    return this.#flights.keys()
  }

  isLoading(scope: Scope): boolean {
    return this.#flights.has(scope)
  }

  /** From here on readers do not join a load that is on its way. */
  leave(scope: Scope): void {
    this.#flights.delete(scope)
  }

  leaveAll(): void {
    this.#flights.clear()
  }

  /** Whether this document is suspect: Redis is not asked for it until PostgreSQL was. */
  isDistrusted(scope: Scope): boolean {
    return this.#suspicions.has(scope)
  }

  distrustRedis(scope: Scope): void {
    this.leave(scope)
    this.#suspicions.raise(scope)
  }

  /** Readers that miss together share one load (single flight). A reader after an invalidation never joins a load from before it. */
  load(scope: Scope, isImmutable: boolean, answer?: RedisAnswer): Promise<Served<Value> | undefined> {
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
    return (await this.#loadedElsewhere(scope, isImmutable)) ?? this.fromDatabase(scope, isImmutable, fromRedis)
  }

  /**
   * Waits while another worker loads a document that Redis lacks: workers that miss one name together cost PostgreSQL one load. When
   * that one dies or is slow, the next one gets the lease; nobody waits longer than `waitMs`.
   */
  async #loadedElsewhere(scope: Scope, isImmutable: boolean): Promise<Served<Value> | undefined> {
    const { redis, waitMs } = this.#parts
    if (!redis || this.#suspicions.has(scope)) return undefined
    const floor = isImmutable ? 0 : this.#parts.held.floor(scope)
    const until = performance.now() + waitMs
    while (!(await redis.mayLoad(scope, floor)) && performance.now() < until) {
      await sleep(LOOK_AGAIN_MS)
      const found = await this.#fromRedis(scope, isImmutable)
      if (typeof found === 'object') return found
    }
    return undefined
  }

  /** Loads from PostgreSQL, past Redis, and stores the document in Redis. */
  async fromDatabase(scope: Scope, isImmutable: boolean, refusedStamp?: string): Promise<Served<Value> | undefined> {
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
    const { generation } = this.#parts.held
    const value = answer ? answer.value : await redis.get(scope)
    if (!value) return undefined
    const { document, stamp } = value
    if (!document)
      return this.#refuse(scope, stamp, new Error('It is not what was stored: cut, of another program, or not signed as it should be.'))
    const unverified = this.#parts.log.applied === undefined
    const standing = isImmutable ? { asOf: document.asOf, unverified } : await this.#parts.standings.of(document)
    if (standing === undefined || this.#suspicions.has(scope)) return stamp
    try {
      const entry = this.#parts.held.accept(
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
      this.#parts.failed(
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
    const { generation } = this.#parts.held
    const suspicion = this.#suspicions.numberOf(scope)
    const floorBefore = isImmutable ? 0 : this.#parts.held.floor(scope)
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
    if (!isImmutable && !(await this.#parts.log.reached(document.revision))) return 'superseded'
    if (isReplica && !isImmutable) {
      // A replica may be behind, and may have another history, in which its stamp was counted.
      const standing = await this.#parts.standings.of(document)
      if (!standing || standing.unverified) return 'superseded'
      document = { ...document, asOf: standing.asOf }
    }
    if (!isReplica && !isImmutable && generation === this.#parts.held.generation) this.#parts.held.learn(document)
    // A message without a revision said that it changed while it was being loaded.
    if (this.#suspicions.numberOf(scope) !== suspicion) return 'superseded'
    const entry = this.#parts.held.accept(document, { generation, isImmutable })
    if (!entry && !isImmutable && document.asOf < this.#parts.held.certainFrom(scope)) await this.#lookAtTheEnd(document)
    if (!entry) return 'superseded'
    this.#suspicions.settle(scope)
    void this.#parts.redis?.put([{ document, refusedStamp }])
    return { entry, source: 'database', stale: false }
  }

  /** The primary, asked after a change was announced, does not know it: a forged or foreign message, or a database that was restored. */
  #disregard(document: StampedDocument, claimed: number): void {
    const { scope, asOf } = document
    this.#parts.held.distrust(document, claimed)
    this.#parts.reportFalse(`"${scope}" was announced as of revision ${claimed}, but the database is at ${asOf}.`)
  }

  /**
   * The log ended further on when it was first read than the primary says now: it has another history, or this was asked before that read. A
   * known floor is different: the writer that announced it knew of something newer.
   */
  async #lookAtTheEnd({ scope, asOf }: StampedDocument): Promise<void> {
    if (asOf >= this.#parts.held.floor(scope)) await this.#parts.log.catchUp()
  }

  async #loadFrom(scopes: readonly Scope[], from: 'replica' | 'primary'): Promise<ReadonlyMap<Scope, StampedDocument>> {
    this.#loaded += scopes.length
    return this.#parts.load(scopes, from)
  }
}
