import { randomUUID } from 'node:crypto'
import { DOCUMENT_FORMAT } from '../../entities/document.js'
import type { Scope } from '../../entities/scope.js'
import { Batcher } from '../../shared/batcher.js'
import { Breaker } from '../../shared/breaker.js'
import type { DatabaseIdentity } from '../../shared/database-identity.js'
import { withDeadline } from '../../shared/deadline.js'
import { StoreUnavailableError } from '../../shared/errors.js'
import { DocumentSigner } from '../held/document-signer.js'
import { decodeDocument, encodeDocument, type StampedDocument, type StoredValue } from '../held/stamped-document.js'
import { LEASE_MS, TAKE_LEASES } from './load-lease.js'
import type { RedisClients } from './redis-clients.js'
import { isRefusal, redisFailure } from './redis-failure.js'
import type { RedisLike } from './redis-like.js'
import { type Script, STORE_AND_ANNOUNCE } from './scripts.js'

export interface RedisTierOptions {
  /** Part of every key, so that two databases that share a Redis never serve each other's documents. While it is unknown every read is a miss. */
  readonly identity: DatabaseIdentity
  readonly namespace: string
  readonly channel: string
  readonly ttlMs: number
  /** Most milliseconds one call may take. */
  readonly redisMs: number
  /** What documents are signed with; the first signs, all are accepted. @default documents are not signed */
  readonly secrets?: readonly string[]
  /** Called with what the server or the network said. */
  readonly onLost: (error: Error) => void
  /** The server answers, and this user may not store or announce: called once for each distinct refusal, until the command succeeds again. */
  readonly onRefused?: (error: Error) => void
  readonly onRestored: () => void
}

export interface StoredDocument {
  readonly document: StampedDocument
  /** The stamp of a document in Redis that was refused: it is replaced even if it claims to be newer. */
  readonly refusedStamp?: string | undefined
}

const BATCH_SIZE = 100
const FAILURES_UNTIL_OPEN = 2
const COOL_DOWN_MS = 1_000

/** The tier all workers share. It never throws at readers: a Redis that is away, slow or full is a miss. */
export class RedisTier {
  readonly #client: RedisLike
  readonly #failure: (error: unknown) => Error
  readonly #signer: DocumentSigner
  readonly #options: RedisTierOptions
  readonly #breaker: Breaker
  readonly #reads: Batcher<StoredValue>
  readonly #leases: Batcher<boolean>
  readonly #worker = randomUUID()
  readonly #refusals = new Set<string>()
  readonly counters = { hits: 0, misses: 0 }

  constructor(clients: Pick<RedisClients, 'data'> & Partial<Pick<RedisClients, 'reasons' | 'secrets'>>, options: RedisTierOptions) {
    this.#client = clients.data
    this.#failure = (error) => redisFailure(error, clients.reasons?.current(), clients.secrets ?? [])
    this.#signer = new DocumentSigner(options.secrets ?? [])
    this.#options = options
    this.#breaker = new Breaker({
      threshold: FAILURES_UNTIL_OPEN,
      coolDownMs: COOL_DOWN_MS,
      onOpen: options.onLost,
      onClose: options.onRestored,
    })
    this.#reads = new Batcher((scopes) => this.#readMany(scopes), BATCH_SIZE)
    this.#leases = new Batcher((keys) => this.#takeLeases(keys), BATCH_SIZE)
  }

  get isUp(): boolean {
    return !this.#breaker.isOpen
  }

  /** Most milliseconds one call takes. */
  get redisMs(): number {
    return this.#options.redisMs
  }

  get #database(): string | undefined {
    return this.#options.identity.name
  }

  /** A key that holds no document: it sends a script to the primary that serves this namespace. */
  get #anyKey(): string {
    return `{${this.#options.namespace}}:probe`
  }

  keyOf(scope: Scope): string {
    return this.#key('e', scope)
  }

  #key(of: 'e' | 'lease', rest: string): string {
    return `{${this.#options.namespace}}:${this.#database}:${DOCUMENT_FORMAT}:${of}:${rest}`
  }

  async get(scope: Scope): Promise<StoredValue | undefined> {
    if (this.#database === undefined) return undefined
    const value = await this.#reads.load(scope)
    if (value?.document) this.counters.hits++
    else this.counters.misses++
    return value
  }

  /** Many at once. */
  async getMany(scopes: readonly Scope[]): Promise<ReadonlyMap<Scope, StoredValue>> {
    if (this.#database === undefined) return new Map()
    const values = await this.#readMany(scopes)
    let hits = 0
    for (const { document } of values.values()) if (document) hits++
    this.counters.hits += hits
    this.counters.misses += scopes.length - hits
    return values
  }

  /**
   * Asks whether this worker should load a document that Redis lacks.
   *
   * @param floor the revision that the document has to be as of: a lease for an older load makes no other worker wait
   * @returns `false` while another worker loads it
   */
  async mayLoad(scope: Scope, floor: number): Promise<boolean> {
    if (this.#database === undefined) return true
    return (await this.#leases.load(this.#key('lease', `${floor}:${scope}`))) !== false
  }

  /** What Redis holds of these scopes, without counting as reads. */
  async inspect(scopes: readonly Scope[]): Promise<ReadonlyMap<Scope, StampedDocument>> {
    if (this.#database === undefined) return new Map()
    const values = await this.#readMany(scopes)
    return new Map([...values].flatMap(([scope, { document }]) => (document ? [[scope, document]] : [])))
  }

  /** Stores documents that are newer than what Redis has. */
  async put(documents: readonly StoredDocument[]): Promise<void> {
    if (this.#database !== undefined) await this.#store(documents, '', '')
  }

  /** Deletes a document, in this format. */
  async forget(scope: Scope): Promise<void> {
    if (this.#database === undefined) return
    const key = this.keyOf(scope)
    await this.#guarded(() => this.#client.eval("return redis.call('del', KEYS[1])", 1, key))
  }

  /**
   * Stores documents, then announces the change.
   *
   * @returns whether it was announced
   */
  async announce(documents: readonly StoredDocument[], message: string): Promise<boolean> {
    return this.#store(this.#database === undefined ? [] : documents, this.#options.channel, message)
  }

  /** @returns whether it was announced */
  async publish(message: string): Promise<boolean> {
    return this.#store([], this.#options.channel, message)
  }

  /** Asks a Redis that was away whether it is back. */
  async probe(): Promise<void> {
    if (this.#breaker.isOpen) await this.answers()
  }

  /**
   * Whether Redis answers now; when it did not lately, it is asked once a second. It is asked for a key of this namespace: a PING goes to any
   * node of a Cluster, and says nothing about the one that matters here.
   */
  async answers(): Promise<boolean> {
    if (!this.#breaker.allows()) return false
    return (await this.#send(() => this.#client.mget([this.#anyKey]))) !== undefined
  }

  /** Asks until it is clear whether Redis can be used, so that a wrong password is reported at the start and not at the first reads. */
  async settle(): Promise<void> {
    for (let tries = 0; tries < FAILURES_UNTIL_OPEN && !(await this.answers()); tries++);
  }

  async #store(documents: readonly StoredDocument[], channel: string, message: string): Promise<boolean> {
    const keys = [...documents.map(({ document }) => this.keyOf(document.scope)), this.#anyKey]
    const values = documents.flatMap(({ document, refusedStamp }, place) => [
      document.asOf,
      refusedStamp ?? '',
      encodeDocument(document, keys[place] as string, this.#signer),
    ])
    const isDone = await this.#guarded(async () => {
      try {
        await this.#run(STORE_AND_ANNOUNCE, keys, [channel, message, this.#options.ttlMs, ...values])
        this.#refusals.clear()
        return true
      } catch (error) {
        if (!isRefusal(error)) throw error
        this.#tellRefusal(this.#failure(error))
        return false
      }
    })
    return isDone === true
  }

  #tellRefusal(error: Error): void {
    if (this.#refusals.has(error.message)) return
    this.#refusals.add(error.message)
    this.#options.onRefused?.(error)
  }

  async #readMany(scopes: readonly Scope[]): Promise<ReadonlyMap<Scope, StoredValue>> {
    const keys = scopes.map((scope) => this.keyOf(scope))
    const values = await this.#guarded(() => this.#client.mget(keys))
    const found = new Map<Scope, StoredValue>()
    scopes.forEach((scope, place) => {
      const value = values?.[place]
      if (typeof value === 'string') found.set(scope, decodeDocument(scope, value, keys[place] as string, this.#signer))
    })
    return found
  }

  async #takeLeases(keys: readonly string[]): Promise<ReadonlyMap<string, boolean>> {
    const answer = await this.#guarded(() => this.#run(TAKE_LEASES, keys, [this.#worker, LEASE_MS]).catch(asAnswer))
    const taken = Array.isArray(answer) ? answer : []
    return new Map(keys.map((key, place) => [key, taken[place] !== 0]))
  }

  // A flushed script cache must cost one more round trip, not an announcement.
  async #run(script: Script, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    try {
      return await this.#client.evalsha(script.digest, keys.length, ...keys, ...args)
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error
      return this.#client.eval(script.source, keys.length, ...keys, ...args)
    }
  }

  /**
   * The answer, or `undefined` when none came in time. Once Redis is known not to answer, no caller waits: one call a second is still sent
   * in the background, to find out whether Redis is back.
   */
  async #guarded<Answer>(call: () => Promise<Answer>): Promise<Answer | undefined> {
    const wasOpen = this.#breaker.isOpen
    if (!this.#breaker.allows()) return undefined
    const sent = this.#send(call)
    return wasOpen ? undefined : sent
  }

  async #send<Answer>(call: () => Promise<Answer>): Promise<Answer | undefined> {
    const { redisMs } = this.#options
    try {
      const answer = await withDeadline(call(), redisMs, () => new StoreUnavailableError(`Redis did not answer within ${redisMs} ms.`))
      this.#breaker.succeeded()
      return answer
    } catch (error) {
      this.#breaker.failed(this.#failure(error))
      return undefined
    }
  }
}

/** When Redis refuses the lease (no right to store), each worker loads the document for itself. */
function asAnswer(error: unknown): undefined {
  if (!isRefusal(error)) throw error
}
