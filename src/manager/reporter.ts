import type { LogPage } from '../cache/log/revision-log.js'
import type { ConfigKind } from '../entities/config-kind.js'
import { parseScope, type Scope } from '../entities/scope.js'
import type { KindRegistry } from '../kinds/registry.js'
import { Events } from '../shared/events.js'
import type { Logger } from '../shared/logger.js'
import type { ConfigurationManagerEvents } from './events.js'

/** Reports to the host what happens in the background: as events, and in its log. */
export class Reporter {
  readonly events: Events<ConfigurationManagerEvents>
  readonly #logger: Logger

  constructor(logger: Logger) {
    this.#logger = logger
    this.events = new Events((error, name) => this.#listenerFailed(error, name))
  }

  /** Reports a failure in the background, which no caller gets. */
  failed(error: unknown, message: string): void {
    this.#log(error, message)
    this.events.emit('error', { error, message })
  }

  /** Changes of kinds that are not declared here are not reported. */
  changed(heads: LogPage['heads'], kinds: KindRegistry, isOwn: (revision: number) => boolean): void {
    if (!this.events.has('change')) return
    for (const { scope, revision } of heads) {
      const parts = parseScope(scope)
      if (parts && kinds.has(parts.kind)) this.events.emit('change', { ...parts, revision, origin: isOwn(revision) ? 'here' : 'elsewhere' })
    }
  }

  servedStale(scope: Scope, error: unknown): void {
    const parts = parseScope(scope)
    if (parts) this.events.emit('stale', { ...parts, error })
  }

  /** A read was answered by a file or by code: because of an error, or since the store has nothing. */
  fellBack(kind: ConfigKind, project: string, name: string, error: unknown): void {
    this.events.emit('fallback', { kind, project, name, error })
  }

  redisLost(error: Error): void {
    this.#logger.warn({ error: error.message }, 'Redis is lost; reads go on from memory and PostgreSQL.')
    this.events.emit('redis:lost', { error })
  }

  redisRestored(): void {
    this.events.emit('redis:restored', {})
  }

  databaseLost(error: Error): void {
    this.#logger.warn({ error: error.message }, 'PostgreSQL does not answer; what is in memory goes on being served.')
    this.events.emit('database:lost', { error })
  }

  databaseRestored(): void {
    this.events.emit('database:restored', {})
  }

  replicaLost(error: Error): void {
    this.#logger.warn({ error: error.message }, 'The database for reads does not answer; documents are loaded from the primary.')
  }

  prefetchIsCut(maxEntries: number): void {
    this.#logger.warn(
      { maxEntries },
      `prefetch() was asked for more documents than memory.maxEntries (${maxEntries}): it loads so many and leaves the rest to their first readers. Raise memory.maxEntries, or name fewer.`,
    )
  }

  foreignDatabase(database: string, channel: string): void {
    this.#logger.warn(
      { database, channel },
      'Another database announces on the same Redis channel; its messages are ignored. Give each service a `namespace` of its own.',
    )
  }

  #listenerFailed(error: unknown, name: string): void {
    const message = `A listener of "${name}" failed.`
    // A listener of 'error' that fails is not called with its own failure: that would go on for ever.
    if (name === 'error') this.#log(error, message)
    else this.failed(error, message)
  }

  #log(error: unknown, message: string): void {
    this.#logger.error({ error: error instanceof Error ? error.message : String(error) }, message)
  }
}
