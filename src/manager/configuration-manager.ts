import { contentKey } from '../cache/document-cache.js'
import { CONFIG_KINDS, type ConfigKind, type LabelledKind } from '../entities/config-kind.js'
import type { ContextRule } from '../entities/context-rule.js'
import type { EmbeddingConfig } from '../entities/embedding-config.js'
import type { ModelConfig } from '../entities/model-config.js'
import type { Prompt } from '../entities/prompt.js'
import { contextRulesScope, entityScope, type Scope } from '../entities/scope.js'
import { InvalidArgumentError, ManagerClosedError } from '../shared/errors.js'
import { checkLabelQuery, checkProject, checkText, checkVersion, LIMITS } from '../store/arguments.js'
import type { ChangelogRepository } from '../store/changelog-repository.js'
import type { ContextRuleRepository } from '../store/context-rule-repository.js'
import type { EmbeddingConfigRepository } from '../store/embedding-config-repository.js'
import { KINDS } from '../store/kinds.js'
import { listScopes } from '../store/list-scopes.js'
import type { ModelConfigRepository } from '../store/model-config-repository.js'
import type { PromptRepository } from '../store/prompt-repository.js'
import { pruneChangelog } from '../store/prune.js'
import { recordRefresh } from '../store/refresh.js'
import { createRepositories, type Repositories } from '../store/repositories.js'
import { SessionRecorder } from '../store/session-recorder.js'
import type { WriteMeta } from '../store/written.js'
import { Backend, type CachedView } from './backend.js'
import type { ContextRulesView } from './context-rules-view.js'
import type { EntityView } from './entity-view.js'
import type { ConfigurationManagerEvents } from './events.js'
import { type ConfigManagerOptions, resolveOptions } from './options.js'
import { type Health, healthOf, type ManagerStats, statsOf, type VerifyReport, verifyMemory } from './report.js'

export interface ConfigQuery {
  /** @default the manager's project */
  readonly project?: string
  /** @default the manager's label, 'production'; for embedding configs 'latest' */
  readonly label?: string
  /** One version by number, whatever labels it carries. Deactivated ones are not found. */
  readonly version?: number
  /** The answer must contain every change up to this revision; see the `revision` that writes resolve with. */
  readonly minRevision?: number
}

export interface PromptQuery extends ConfigQuery {}

export interface ContextRulesQuery {
  readonly project?: string
  readonly minRevision?: number
}

/** What to load before it is asked for. */
export interface PrefetchScope {
  readonly kind: ConfigKind
  /** Absent: everything of that kind in the project. */
  readonly name?: string
  readonly project?: string
}

/** Stands for "not in memory", where `undefined` already means "does not exist". */
const NOT_HERE = Symbol('not in memory')

/**
 * Prompts, model configurations, embedding configurations and context rules: read through memory, Redis and PostgreSQL, written to
 * PostgreSQL, and never served older than this process was told.
 *
 * @example
 * ```ts
 * const manager = createConfigManager({ database: 'pglite:memory' })
 * await manager.prompts.create({ name: 'greeting', template: 'Hello {name}', labels: ['production'] })
 * const prompt = await manager.getPrompt('greeting')
 * prompt?.compile({ name: 'Ada' }) // 'Hello Ada'
 * await manager.shutdown()
 * ```
 */
export class ConfigurationManager {
  readonly prompts: PromptRepository
  readonly models: ModelConfigRepository
  readonly embeddings: EmbeddingConfigRepository
  readonly contextRules: ContextRuleRepository
  readonly changelog: ChangelogRepository
  readonly #backend: Backend
  readonly #project: string
  readonly #label: string

  /** Prefer `createConfigManager()`. Nothing connects before the first use. */
  constructor(options: ConfigManagerOptions = {}) {
    this.#backend = new Backend(resolveOptions(options))
    this.#project = this.#backend.options.project
    this.#label = this.#backend.options.label
    const { store } = this.#backend
    const repositories = createRepositories(
      {
        schema: store.schema,
        read: async (query) => {
          await this.#open()
          return store.read(query)
        },
        record: async (meta, work) => {
          await this.#open()
          return store.record(meta, work)
        },
      },
      this.#project,
    )
    this.prompts = repositories.prompts
    this.models = repositories.models
    this.embeddings = repositories.embeddings
    this.contextRules = repositories.contextRules
    this.changelog = repositories.changelog
  }

  /**
   * Resolves when the manager is connected, has migrated the database if asked to, and has read the log. Reads and writes do not need it:
   * it is for a service that wants to know at start.
   *
   * @throws {StoreUnavailableError} when PostgreSQL cannot be reached
   * @throws {MigrationError} when the tables are missing or too new
   */
  async ready(): Promise<void> {
    this.#refuseClosed()
    await this.#backend.start()
  }

  /**
   * The prompt to use now; `undefined` when no active version carries the label.
   *
   * @throws {StoreUnavailableError} when it is not in memory and neither Redis nor PostgreSQL answers within `timeouts.readMs`
   */
  getPrompt(name: string, query?: PromptQuery): Promise<Prompt | undefined> {
    const hit = this.#peek<Prompt>('prompt', name, query, this.#label)
    return hit === NOT_HERE ? this.#read<Prompt>('prompt', name, query, this.#label) : Promise.resolve(hit)
  }

  /** The template alone, as it was written. */
  async getPromptTemplate(name: string, query?: PromptQuery): Promise<Prompt['template'] | undefined> {
    return (await this.getPrompt(name, query))?.template
  }

  /** The model configuration to use now; `undefined` when no active version carries the label. */
  getModelConfig(name = 'default', query?: ConfigQuery): Promise<ModelConfig | undefined> {
    const hit = this.#peek<ModelConfig>('model', name, query, this.#label)
    return hit === NOT_HERE ? this.#read<ModelConfig>('model', name, query, this.#label) : Promise.resolve(hit)
  }

  /** The embedding configuration to use now: the highest active version unless a label is given. */
  getEmbeddingConfig(name = 'default', query?: ConfigQuery): Promise<EmbeddingConfig | undefined> {
    const hit = this.#peek<EmbeddingConfig>('embedding', name, query, 'latest')
    return hit === NOT_HERE ? this.#read<EmbeddingConfig>('embedding', name, query, 'latest') : Promise.resolve(hit)
  }

  /** The highest active version of each context, ordered by context, or of one context. Empty when there is none. */
  async getContextRules(context?: string, query: ContextRulesQuery = {}): Promise<readonly ContextRule[]> {
    this.#refuseClosed()
    if (context !== undefined) checkText('context', context, LIMITS.shortName)
    const scope = contextRulesScope(checkProject(query.project ?? this.#project))
    const served = await this.#document(scope, query.minRevision)
    return (served.entry.value as ContextRulesView).of(context)
  }

  /** The prompt if it is in memory; never waits, never asks a server. */
  peekPrompt(name: string, query?: PromptQuery): Prompt | undefined {
    const hit = this.#peek<Prompt>('prompt', name, query, this.#label)
    return hit === NOT_HERE ? undefined : hit
  }

  /** The model configuration if it is in memory. */
  peekModelConfig(name = 'default', query?: ConfigQuery): ModelConfig | undefined {
    const hit = this.#peek<ModelConfig>('model', name, query, this.#label)
    return hit === NOT_HERE ? undefined : hit
  }

  /** The embedding configuration if it is in memory. */
  peekEmbeddingConfig(name = 'default', query?: ConfigQuery): EmbeddingConfig | undefined {
    const hit = this.#peek<EmbeddingConfig>('embedding', name, query, 'latest')
    return hit === NOT_HERE ? undefined : hit
  }

  /** Loads documents into memory, so that the first readers find them there. */
  async prefetch(scopes: readonly PrefetchScope[]): Promise<void> {
    this.#refuseClosed()
    await this.#open()
    const wanted = await Promise.all(scopes.map((scope, place) => this.#scopesOf(scope, place)))
    await Promise.all(wanted.flat().map((scope) => this.#document(scope, undefined)))
  }

  /** Makes every worker load a kind anew, or everything. A write like any other: it is in the log and the changelog. */
  async refresh(type: ConfigKind | 'all' = 'all'): Promise<void> {
    this.#refuseClosed()
    checkType(type)
    await this.#open()
    await this.#backend.store.record({}, (session) => recordRefresh(session, this.#backend.options.schema, type))
  }

  /**
   * Sends the message of programs that know no revisions: every worker confirms what it holds of that kind, or of one scope
   * (`prompt:default:greeting`), with PostgreSQL. Writes of this library announce themselves; this is for other writers.
   */
  async publishInvalidation(type: ConfigKind | 'all', key?: string): Promise<void> {
    this.#refuseClosed()
    checkType(type)
    if (key !== undefined) checkText('key', key)
    await this.#open()
    await this.#backend.publishPlain(type, key)
  }

  /** Reads the log now: after the commit of a transaction of the host's own in which repositories wrote. */
  async catchUp(): Promise<void> {
    this.#refuseClosed()
    await this.#open()
    await this.#backend.cache.log.catchUp()
  }

  /**
   * Runs several writes as one: all are committed, announced and seen together, or none is.
   *
   * @param work writes through the repositories it is handed; a throw rolls everything back
   * @throws {InvalidArgumentError} from a write of the manager itself inside `work`, which would wait for ever
   */
  async transaction<Value>(work: (repositories: Repositories) => Promise<Value>, meta: WriteMeta = {}): Promise<Value> {
    this.#refuseClosed()
    await this.#open()
    const { store } = this.#backend
    const { value } = await store.record(meta, async (session) => {
      const recorder = new SessionRecorder(session, store.schema)
      try {
        return await work(createRepositories(recorder, this.#project))
      } finally {
        recorder.close()
      }
    })
    return value
  }

  /** Counters since the start, and how things stand. */
  stats(): ManagerStats {
    return statsOf(this.#backend)
  }

  /** Asks PostgreSQL now, and says how the rest stands. Never throws. */
  health(): Promise<Health> {
    return healthOf(this.#backend)
  }

  /** Compares every document in memory with the database. */
  async verify(): Promise<VerifyReport> {
    this.#refuseClosed()
    return verifyMemory(this.#backend)
  }

  /** Deletes changelog rows from before a moment, but none that catching up or a rollback needs. */
  async prune({ before }: { readonly before: Date }): Promise<{ changelog: number; exposures: number; assignments: number }> {
    this.#refuseClosed()
    if (!(before instanceof Date) || Number.isNaN(before.getTime())) throw new InvalidArgumentError('before', 'must be a Date')
    await this.#open()
    const { database, options } = this.#backend
    return { changelog: await pruneChangelog(database.db, options.schema, before), exposures: 0, assignments: 0 }
  }

  /** @returns the function that stops listening */
  on<Name extends keyof ConfigurationManagerEvents>(event: Name, listener: ConfigurationManagerEvents[Name]): () => void {
    return this.#backend.events.on(event, listener)
  }

  /** Closes every connection and timer of this manager's own; a host's pool or client stays open. Calling it twice is fine. */
  async shutdown(): Promise<void> {
    await this.#backend.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown()
  }

  /** A memory hit: two map lookups and the test that nothing newer was announced. */
  #peek<Entity>(kind: LabelledKind, name: string, query: ConfigQuery | undefined, label: string): Entity | undefined | typeof NOT_HERE {
    const entry = this.#backend.index.get(kind, query?.project ?? this.#project, name)
    if (entry === undefined || (query !== undefined && !isPlain(query)) || entry.stale || !this.#backend.cache.use(entry)) return NOT_HERE
    return (entry.value as EntityView<never, Entity>).byLabel(query?.label ?? label)
  }

  async #read<Entity>(kind: LabelledKind, name: string, query: ConfigQuery = {}, defaultLabel: string): Promise<Entity | undefined> {
    this.#refuseClosed()
    const definition = KINDS[kind]
    checkText('name', name, definition.maxNameLength)
    const project = checkProject(query.project ?? this.#project)
    const label = checkLabelQuery(query.label ?? defaultLabel)
    if (query.version !== undefined) checkVersion('version', query.version)
    if (query.minRevision !== undefined) checkRevision(query.minRevision)
    const { entry, source, stale } = await this.#document(entityScope(kind, project, name), query.minRevision)
    const view = entry.value as EntityView<never, Entity>
    if (query.version !== undefined) return this.#readVersion(kind, view, query.version, label, source, stale)
    if (source === 'memory' && !stale) return view.byLabel(label)
    return view.view(view.select(label), source, stale)
  }

  /** Contents of versions without a label are not part of the document; they never change and are cached by row. */
  async #readVersion<Entity>(
    kind: LabelledKind,
    view: EntityView<never, Entity>,
    version: number,
    label: string,
    source: 'memory' | 'redis' | 'database' | 'snapshot' | 'fallback',
    stale: boolean,
  ): Promise<Entity | undefined> {
    const entry = view.entry(version)
    if (!entry?.isActive) return undefined
    const selection = Object.freeze({ label, version, reason: 'version' as const })
    if (view.contentOf(version)) return view.view(selection, source, stale)
    const served = await this.#backend.cache.document(contentKey(kind, entry.id, entry.createdAtMicros), { isImmutable: true })
    return served && view.view(selection, served.source, stale, (served.entry.value as { content: never }).content)
  }

  async #document(scope: Scope, minRevision: number | undefined) {
    await this.#backend.started()
    const served = await this.#backend.cache.document(scope, minRevision === undefined ? {} : { minRevision })
    // Only immutable documents can be missing: what does not exist has an empty document.
    return served as NonNullable<typeof served> & { readonly entry: { readonly value: CachedView } }
  }

  async #scopesOf({ kind, name, project }: PrefetchScope, place: number): Promise<readonly Scope[]> {
    if (!CONFIG_KINDS.includes(kind)) throw new InvalidArgumentError(`scopes[${place}].kind`, `must be one of ${CONFIG_KINDS.join(', ')}`)
    const checked = checkProject(project ?? this.#project)
    if (kind === 'context_rules') return [contextRulesScope(checked)]
    if (name !== undefined) return [entityScope(kind, checked, checkText(`scopes[${place}].name`, name, KINDS[kind].maxNameLength))]
    return this.#backend.store.read((db) => listScopes(db, kind, checked))
  }

  /** Writes and direct reads wait for a start under way, so that migrations come first. */
  async #open(): Promise<void> {
    this.#refuseClosed()
    await this.#backend.start()
  }

  #refuseClosed(): void {
    if (this.#backend.isClosed) throw new ManagerClosedError()
  }
}

/** Whether a query asks for nothing but a label, so that a memory hit needs no more than a look. */
function isPlain(query: ConfigQuery): boolean {
  return query.version === undefined && query.minRevision === undefined
}

function checkType(type: unknown): void {
  if (type !== 'all' && !CONFIG_KINDS.includes(type as ConfigKind)) {
    throw new InvalidArgumentError('type', `must be one of ${CONFIG_KINDS.join(', ')}, all`)
  }
}

function checkRevision(revision: unknown): void {
  if (!Number.isSafeInteger(revision) || (revision as number) < 0)
    throw new InvalidArgumentError('minRevision', 'must be the `revision` a write resolved with')
}
