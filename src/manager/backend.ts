import { DocumentCache } from '../cache/document-cache.js'
import { contentKey, isContent } from '../cache/held/content-key.js'
import type { MemoryEntry } from '../cache/held/memory-tier.js'
import { Receipts } from '../cache/redis/receipts.js'
import { createRedisClients, type RedisClients } from '../cache/redis/redis-clients.js'
import { RedisTier } from '../cache/redis/redis-tier.js'
import type { ConfigKind } from '../entities/config-kind.js'
import { parseScope, type Scope } from '../entities/scope.js'
import type { Receipt, WriteMeta } from '../entities/written.js'
import { KindRegistry } from '../kinds/registry.js'
import { DatabaseIdentity } from '../shared/database-identity.js'
import { withDeadline } from '../shared/deadline.js'
import type { Events } from '../shared/events.js'
import { migrate } from '../store/postgres/migrate.js'
import { refuseUnfit } from '../store/postgres/migration-status.js'
import { type OpenDatabase, openDatabase } from '../store/postgres/open-database.js'
import { LogReader } from '../store/read/log-reader.js'
import { assignArm, findArm, insertExposures } from '../store/rollouts/assignments.js'
import { type Commit, ConfigStore } from '../store/write/config-store.js'
import type { PurgedRow } from '../store/write/purge.js'
import { Bus } from './bus.js'
import { type CachedView, loadCached, viewOf } from './cached-view.js'
import { ColdStart } from './cold-start.js'
import type { ConfigurationManagerEvents } from './events.js'
import { Exposures } from './exposures.js'
import { GuardedReads, type GuardedReadsOptions } from './guarded-reads.js'
import { Guarding } from './guarding.js'
import type { ResolvedOptions } from './options.js'
import { PlainMessages } from './plain-messages.js'
import { ReadContents } from './read-contents.js'
import { Reporter } from './reporter.js'
import { StickyArms } from './sticky-arms.js'
import { Subscriptions } from './subscriptions.js'
import { ViewIndex } from './view-index.js'

/** Expiry is measured with a clock that moves this often, in milliseconds. */
const TICK_MS = 1_000
/** Between two looks at the log while nothing is announced to this process, in milliseconds: this and up to as much again. */
const UNSUBSCRIBED_POLL_MS = 1_000
const POLL_JITTER = 0.1

/**
 * The servers behind a manager and the traffic with them: where the rooms meet. Built without connecting; `start()` connects, and what
 * fails then is tried again by whoever comes next.
 */
export class Backend {
  readonly options: ResolvedOptions
  readonly events: Events<ConfigurationManagerEvents>
  readonly kinds: KindRegistry
  readonly store: ConfigStore
  readonly cache: DocumentCache<CachedView>
  readonly index = new ViewIndex<CachedView>()
  readonly contents = new ReadContents((key) => void this.cache.forget(key))
  readonly redis: RedisTier | undefined
  readonly bus: Bus
  readonly database: OpenDatabase
  readonly #identity = new DatabaseIdentity()
  readonly reads: GuardedReads
  readonly stickyArms: StickyArms
  readonly exposures: Exposures
  readonly guarding: Guarding
  readonly #replica: OpenDatabase | undefined
  readonly #replicaReads: GuardedReads | undefined
  readonly #clients: RedisClients | undefined
  /** Revisions of writes that are under way here: what is announced of them did not come from elsewhere. */
  readonly #ownRevisions = new Set<number>()
  readonly #plainMessages: PlainMessages
  readonly #receipts: Receipts | undefined
  readonly #coldStart: ColdStart
  readonly #reporter: Reporter
  readonly #subscriptions: Subscriptions
  #starting: Promise<void> | undefined
  #prepared: Promise<void> | undefined
  #isStarted = false
  #isClosed = false
  #closing: Promise<void> | undefined
  #pollTimer: NodeJS.Timeout | undefined
  #tickTimer: NodeJS.Timeout | undefined

  constructor(options: ResolvedOptions) {
    const { databaseMs, redisMs } = options.timeouts
    this.options = options
    this.kinds = new KindRegistry(options.kinds)
    this.#reporter = new Reporter(options.logger)
    this.events = this.#reporter.events
    this.database = openDatabase(options.database, databaseMs)
    this.reads = this.#guard(this.database, {
      onLost: (error) => this.#reporter.databaseLost(error),
      onRestored: () => this.events.emit('database:restored', {}),
    })
    this.#replica = options.readDatabase === undefined ? undefined : openDatabase(options.readDatabase, databaseMs)
    this.#replicaReads =
      this.#replica && this.#guard(this.#replica, { onLost: (error) => this.#reporter.replicaLost(error), onRestored: () => {} })
    this.#clients = options.redis === undefined ? undefined : createRedisClients(options.redis, redisMs)
    this.redis = this.#clients && this.#createRedisTier(this.#clients)
    this.cache = this.#createCache()
    this.#coldStart = new ColdStart({
      options,
      cache: this.cache,
      redis: this.#clients?.data,
      isKnown: (scope) => this.kinds.has(parseScope(scope)?.kind ?? ''),
      identity: this.#identity,
      onError: (error, message) => this.#reporter.failed(error, message),
    })
    this.store = new ConfigStore({
      db: this.database.db,
      isBatched: this.database.isBatched,
      schema: options.schema,
      databaseMs,
      queueMs: options.timeouts.queueMs,
      hooks: options.hooks,
      policy: options.policy,
      kinds: this.kinds,
      identity: this.#identity,
      announce: (commit, meta) => this.#announce(commit, meta),
      onOwnRevision: (revision, state) => this.#noteOwn(revision, state),
      onHookError: (error) => this.#reporter.failed(error, 'The afterCommit hook failed; the change stands.'),
    })
    const { db } = this.database
    this.stickyArms = new StickyArms({
      assign: (...assignment) => this.reads.run(() => assignArm(db, options.schema, ...assignment)),
      find: (...subject) => this.reads.run(() => findArm(db, options.schema, ...subject)),
    })
    this.exposures = new Exposures({
      emit: (exposure) => this.events.emit('exposure', exposure),
      write: async (rows) => {
        const times = await this.guarding.serverTimes()
        await this.reads.run(() =>
          insertExposures(
            db,
            options.schema,
            rows.map((row) => ({ ...row, at: times(row.at) })),
          ),
        )
      },
      onWatched: (rolloutId, guard) => this.guarding.watch(rolloutId, guard),
      onError: (error, message) => this.#reporter.failed(error, message),
    })
    this.guarding = new Guarding({
      db,
      store: this.store,
      project: options.project,
      read: (query) => this.reads.run(query),
      ready: () => this.start(),
      flushExposures: () => this.exposures.flush(),
      emit: (event) => this.events.emit('rollout:guard', event),
      onError: (error, message) => this.#reporter.failed(error, message),
    })
    this.#plainMessages = new PlainMessages((type, key) =>
      // A key that is no scope is nobody's: remembering it would only fill memory.
      this.cache.suspect((scope) => matchesPlain(scope, type, key), key !== undefined && parseScope(key) ? key : undefined),
    )
    const { namespace, channel } = options
    const { redis } = this
    this.#receipts =
      this.#clients &&
      redis &&
      new Receipts({ ...this.#clients, publish: (message) => redis.publish(message) }, { namespace, channel, redisMs })
    this.bus = new Bus({
      identity: this.#identity,
      log: this.cache.log,
      onReceipt: ({ database, after, reply }) =>
        void this.cache.log.heard(after).then((isServed) => (isServed ? this.#receipts?.answer(database, reply) : undefined)),
      onPlainMessage: (message) => this.#plainMessages.receive(message),
      onForeign: (database) => this.#reporter.foreignDatabase(database, channel),
    })
    this.#subscriptions = new Subscriptions({
      options,
      database: this.database,
      clients: this.#clients,
      bus: this.bus,
      onRefused: (error) =>
        this.#reporter.failed(
          error,
          `Redis does not let this user subscribe to "${channel}"; docs/operations.md lists what it needs. Changes are heard by NOTIFY or poll.`,
        ),
      onSubscribed: () => {
        // It may be another server, or the same one with nothing in it.
        this.#coldStart.noteAgain()
        this.cache.log.catchUp().catch((error: unknown) => this.#reporter.failed(error, 'The log could not be read after subscribing.'))
      },
    })
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** Connects, migrates if asked, and reads the log. Further calls wait for the same start; after a failure they start again. */
  start(): Promise<void> {
    if (this.#isStarted) return Promise.resolve()
    this.#starting ??= this.#start().finally(() => {
      this.#starting = undefined
    })
    return this.#starting
  }

  /** For reads: waits for a first start that is under way. It may fail; the read then finds out for itself what it can have. */
  async #started(): Promise<void> {
    if (this.#isStarted) return
    const start = this.start().catch(() => {})
    // Its servers are known not to answer: nobody waits for what can only fail.
    if (!this.reads.isUp) return
    // An embedded database takes seconds to start; a server that takes that long is away.
    await (this.database.isEmbedded ? start : withDeadline(start, this.options.timeouts.readMs / 2, () => new Error()).catch(() => {}))
  }

  /** Sends the original plan's own message. */
  async publishPlain(type: ConfigKind | 'all', key: string | undefined): Promise<void> {
    this.#plainMessages.receive({ form: 'plain', type, key })
    const message = JSON.stringify({ type, key: key ?? null })
    if (this.redis) await this.redis.publish(message)
    else if (!this.database.isEmbedded) await this.store.notify(message)
  }

  /** `prefetch()` leaves out what memory could not hold. */
  tellPrefetchIsCut(maxEntries: number): void {
    this.#reporter.prefetchIsCut(maxEntries)
  }

  /** Takes the content of a purged version out of memory and Redis. */
  async forgetContent(kind: ConfigKind, { id, createdAtMicros }: PurgedRow): Promise<void> {
    await this.cache.forget(contentKey(kind, id, createdAtMicros), 'redis')
  }

  /** Whoever closes it once more waits for the same end. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#pollTimer)
    clearInterval(this.#tickTimer)
    this.#plainMessages.close()
    await this.#coldStart.close()
    this.cache.close()
    await this.#starting?.catch(() => {})
    await this.exposures.close()
    await this.guarding.close()
    await this.bus.close()
    this.#clients?.close()
    await Promise.all([this.database.close(), this.#replica?.close()])
    this.events.removeAll()
  }

  async #start(): Promise<void> {
    this.#refuseUnconfigured()
    this.#keepTime()
    await this.#coldStart.loadSnapshot()
    // Before the log is read, so that nothing falls between.
    await this.#subscriptions.open()
    void this.redis?.settle()
    await this.#coldStart.guessDatabase()
    await this.#prepare()
    await this.cache.log.catchUp()
    this.#isStarted = true
  }

  /** From the first start on, also when that fails: the poll is what brings a manager back that started with everything down. */
  #keepTime(): void {
    if (this.#pollTimer || this.#isClosed) return
    this.#schedulePoll()
    this.#tickTimer = setInterval(() => this.cache.tick(), Math.min(TICK_MS, this.options.ttlMs / 10))
    this.#tickTimer.unref()
  }

  #prepare(): Promise<void> {
    this.#prepared ??= this.#migrate().catch((error: unknown) => {
      this.#prepared = undefined
      throw error
    })
    return this.#prepared
  }

  #refuseUnconfigured(): void {
    if (this.options.problem) throw this.options.problem
  }

  async #migrate(): Promise<void> {
    this.#refuseUnconfigured()
    const { autoMigrate, schema } = this.options
    if (autoMigrate) await migrate(this.database.db, schema)
    else await this.reads.run(() => refuseUnfit(this.database.db, schema))
  }

  #schedulePoll(): void {
    const { pollIntervalMs } = this.options
    const isListening = this.bus.isListening || this.database.isEmbedded
    const delay = isListening
      ? pollIntervalMs * (1 - POLL_JITTER + Math.random() * 2 * POLL_JITTER)
      : Math.min(pollIntervalMs, UNSUBSCRIBED_POLL_MS * (1 + Math.random()))
    this.#pollTimer = setTimeout(() => void this.#poll(), delay)
    this.#pollTimer.unref()
  }

  async #poll(): Promise<void> {
    const looking = this.#isStarted ? this.cache.log.catchUp() : this.start()
    await Promise.all([looking.catch(() => {}), this.redis?.probe()])
    if (!this.#isClosed) this.#schedulePoll()
  }

  /** Tells the others, then takes the change over here: what this process just wrote it serves at once. */
  async #announce(commit: Commit, { waitForWorkers }: WriteMeta): Promise<{ propagated: boolean; receipt?: Receipt }> {
    const { revision, documents, message } = commit
    const stored = documents.map((document) => ({ document }))
    const announcing = this.redis?.announce(stored, message)
    // It answered a write: reads need not wait until it is asked whether it is back.
    this.reads.answered()
    await this.cache.takeOwn(commit)
    const propagated = (await announcing) ?? true
    const database = this.#identity.confirmedName
    const isAsked = waitForWorkers !== undefined && database !== undefined
    const receipt = isAsked ? await this.#receipts?.collect(database, revision, waitForWorkers) : undefined
    return { propagated, ...(receipt && { receipt }) }
  }

  #noteOwn(revision: number, state: 'begun' | 'ended'): void {
    if (state === 'begun') {
      this.#ownRevisions.add(revision)
      this.cache.log.beginOwn(revision)
    } else {
      this.#ownRevisions.delete(revision)
      this.cache.log.endOwn(revision)
    }
  }

  #createCache(): DocumentCache<CachedView> {
    const { memory, ttlMs, timeouts, schema } = this.options
    const primary = this.database.db
    const log = new LogReader(primary, schema, (query) => this.reads.run(query))
    return new DocumentCache<CachedView>({
      options: { ...memory, ttlMs, readMs: timeouts.readMs },
      hasReplica: this.#replica !== undefined,
      ready: () => this.#started(),
      redis: this.redis,
      load: async (keys, from) => {
        await this.#prepare()
        const { db } = from === 'replica' && this.#replica ? this.#replica : { db: primary }
        const reads = from === 'replica' && this.#replicaReads ? this.#replicaReads : this.reads
        return reads.run(() => loadCached(db, schema, this.kinds, keys))
      },
      readLog: async (after) => {
        await this.#prepare()
        return log.read(after)
      },
      identity: this.#identity,
      keepsText: this.options.snapshotFile !== undefined,
      materialize: (document, isForeign) => viewOf(document, this.kinds, isForeign),
      onKept: (entry) => {
        this.index.add(entry)
        this.#coldStart.changed()
      },
      onRemoved: (entry: MemoryEntry<unknown>) => {
        this.index.remove(entry)
        this.contents.left(entry.scope)
      },
      events: {
        changed: (heads) => this.#reporter.changed(heads, this.kinds, (revision) => this.#ownRevisions.has(revision)),
        wantsChanges: () => this.events.has('change'),
        servedStale: (scope, error) => this.#reporter.servedStale(scope, error),
        failed: (error, message) => this.#reporter.failed(error, message),
      },
    })
  }

  #createRedisTier(clients: RedisClients): RedisTier {
    const { namespace, channel, ttlMs, timeouts } = this.options
    return new RedisTier(clients, {
      identity: this.#identity,
      namespace,
      channel,
      ttlMs,
      redisMs: timeouts.redisMs,
      secrets: this.options.redisSecrets,
      onRefused: (error) =>
        this.#reporter.failed(
          error,
          'Redis does not let this user store or announce changes; docs/operations.md lists what it needs. Others hear of them by NOTIFY or poll.',
        ),
      onLost: (error) => this.#reporter.redisLost(error),
      onRestored: () => this.events.emit('redis:restored', {}),
    })
  }

  #guard(database: OpenDatabase, told: Pick<GuardedReadsOptions, 'onLost' | 'onRestored'>): GuardedReads {
    const { schema, timeouts } = this.options
    const probe = () => database.db.selectNoFrom((one) => one.lit(1).as('one')).execute()
    return new GuardedReads({ schema, probe, databaseMs: database.isEmbedded ? undefined : timeouts.databaseMs, ...told })
  }
}

/** A message of the plan's names a kind or everything; a key that is one of our scopes narrows it. */
function matchesPlain(scope: Scope, type: string, key: string | undefined): boolean {
  if (isContent(scope)) return false
  if (key !== undefined && parseScope(key)) return scope === key
  return type === 'all' || scope.startsWith(`${type}:`)
}
