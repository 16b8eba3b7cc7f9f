import type { DocumentCache } from '../cache/document-cache.js'
import { parseScope } from '../entities/scope.js'
import { KindRegistry } from '../kinds/registry.js'
import { DatabaseIdentity } from '../shared/database-identity.js'
import { ConfigStore } from '../store/write/config-store.js'
import { Announcements } from './announcements.js'
import type { CachedView } from './cached-view.js'
import { ColdStart } from './cold-start.js'
import { Connections } from './connections.js'
import { Documents } from './documents.js'
import { FileFallbacks } from './file-fallbacks.js'
import type { ResolvedOptions } from './options.js'
import { Preparation } from './preparation.js'
import { Reporter } from './reporter.js'
import { RolloutWork } from './rollout-work.js'
import { Schedule } from './schedule.js'
import { Startup } from './startup.js'
import { Subscriptions } from './subscriptions.js'

/** The parts of a manager, where the rooms meet; built without connecting, in the order in which they need each other. */
export class Backend {
  readonly options: ResolvedOptions
  readonly kinds: KindRegistry
  readonly reporter: Reporter
  readonly connections: Connections
  readonly documents: Documents
  readonly store: ConfigStore
  readonly announcements: Announcements
  readonly rollouts: RolloutWork
  readonly startup: Startup
  readonly fallbacks: FileFallbacks | undefined
  readonly identity = new DatabaseIdentity()
  readonly #preparation: Preparation
  readonly #coldStart: ColdStart
  readonly #subscriptions: Subscriptions
  readonly #schedule: Schedule
  #closing: Promise<void> | undefined

  constructor(options: ResolvedOptions) {
    const { identity } = this
    const ownRevisions = new Set<number>()
    const { schema, hooks, policy, timeouts } = options
    this.options = options
    this.kinds = new KindRegistry(options.kinds)
    this.reporter = new Reporter(options.logger)
    this.fallbacks = FileFallbacks.of(options, this.reporter)
    const { kinds, reporter } = this
    this.connections = new Connections({ options, identity, reporter })
    const { connections } = this
    const { primary, clients } = connections
    this.#preparation = new Preparation(options, primary)
    this.startup = new Startup({ primary, readMs: timeouts.readMs, start: () => this.#start() })
    this.documents = new Documents({
      options,
      identity,
      kinds,
      connections,
      preparation: this.#preparation,
      ownRevisions,
      reporter,
      ready: () => this.startup.forReads(),
      onKept: () => this.#coldStart.changed(),
    })
    const { cache } = this.documents
    this.#coldStart = new ColdStart({
      options,
      cache,
      redis: clients?.data,
      isKnown: (scope) => kinds.has(parseScope(scope)?.kind ?? ''),
      identity,
      onError: (error, message) => reporter.failed(error, message),
    })
    this.announcements = new Announcements({ options, identity, connections, cache, ownRevisions, reporter })
    const { db, isBatched } = primary.database
    this.store = new ConfigStore({
      db,
      isBatched,
      schema,
      hooks,
      policy,
      kinds,
      identity,
      databaseMs: timeouts.databaseMs,
      queueMs: timeouts.queueMs,
      announce: (commit, meta) => this.announcements.announce(commit, meta),
      onOwnRevision: (revision, state) => this.announcements.noteOwn(revision, state),
      onHookError: (error) => reporter.failed(error, 'The afterCommit hook failed; the change stands.'),
    })
    this.rollouts = new RolloutWork({ options, primary, store: this.store, reporter, ready: () => this.startup.run() })
    const { bus } = this.announcements
    this.#subscriptions = new Subscriptions({ options, connections, bus, reporter, onSubscribed: () => this.#resume() })
    this.#schedule = new Schedule({
      ...options,
      isListening: () => bus.isListening || primary.database.isEmbedded,
      poll: () => this.#poll(),
      tick: () => cache.tick(),
    })
  }

  get isClosed(): boolean {
    return this.#closing !== undefined
  }

  get cache(): DocumentCache<CachedView> {
    return this.documents.cache
  }

  /** A second call waits for the first. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #start(): Promise<void> {
    this.#preparation.refuseUnconfigured()
    // The timers run from the first start on, even when it fails: the poll brings back a manager that started with every server down.
    this.#schedule.start()
    await this.#coldStart.loadSnapshot()
    // Subscribe before the log is read, so that no change is missed between the two.
    await this.#subscriptions.open()
    void this.connections.redis?.settle()
    await this.#coldStart.guessDatabase()
    await this.#preparation.ensure()
    await this.cache.log.catchUp()
  }

  /** After each subscription the log is read, since earlier announcements were missed. The Redis may be another one, or empty. */
  #resume(): void {
    this.#coldStart.noteAgain()
    this.cache.log.catchUp().catch((error: unknown) => this.reporter.failed(error, 'The log could not be read after subscribing.'))
  }

  async #poll(): Promise<void> {
    const looking = this.startup.isDone ? this.cache.log.catchUp() : this.startup.run()
    await Promise.all([looking.catch(() => {}), this.connections.redis?.probe()])
  }

  async #close(): Promise<void> {
    this.#schedule.close()
    this.announcements.closePlain()
    await this.#coldStart.close()
    this.cache.close()
    await this.startup.settled()
    await this.rollouts.close()
    await this.announcements.bus.close()
    await this.connections.close()
    this.reporter.events.removeAll()
  }
}
