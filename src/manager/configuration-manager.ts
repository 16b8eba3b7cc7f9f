import type { ConfigKind } from '../entities/config-kind.js'
import type { ContextName, EmbeddingName, FlagName, ModelName, PromptName } from '../entities/config-types.js'
import type { ContextRule } from '../entities/context-rule.js'
import type { EmbeddingConfig } from '../entities/embedding-config.js'
import type { FlagDetails } from '../entities/flag.js'
import type { IdempotencyKeys } from '../entities/idempotency.js'
import type { ModelConfig } from '../entities/model-config.js'
import type { Prompt } from '../entities/prompt.js'
import { contextRulesScope } from '../entities/scope.js'
import type { GroupMeta, Receipt, WriteFacts } from '../entities/written.js'
import { CONTEXT_RULES } from '../kinds/context-rules.js'
import type { AnyHostKind, Kind } from '../kinds/define-kind.js'
import { EMBEDDING_KIND } from '../kinds/embedding.js'
import { FLAG_KIND } from '../kinds/flag.js'
import type { AnyKind } from '../kinds/kind.js'
import { MODEL_KIND } from '../kinds/model.js'
import { PROMPT_KIND } from '../kinds/prompt.js'
import { checkMeta, checkProject, checkText, checkVersion } from '../shared/arguments.js'
import { InvalidArgumentError, isConfigError, ManagerClosedError } from '../shared/errors.js'
import { checkKeys } from '../shared/known-keys.js'
import type { ModelDefinition } from '../shared/model-definition.js'
import type { ChangelogRepository } from '../store/repositories/changelog-repository.js'
import type { ContextRuleRepository } from '../store/repositories/context-rule-repository.js'
import type { EmbeddingConfigRepository } from '../store/repositories/embedding-config-repository.js'
import type { FlagRepository } from '../store/repositories/flag-repository.js'
import { LabelledRepository } from '../store/repositories/labelled-repository.js'
import type { ModelConfigRepository } from '../store/repositories/model-config-repository.js'
import type { PromptRepository } from '../store/repositories/prompt-repository.js'
import { createRepositories, type Repositories } from '../store/repositories/repositories.js'
import type { RolloutRepository } from '../store/repositories/rollout-repository.js'
import { StoredIdempotencyKeys } from '../store/write/idempotency-keys.js'
import type { RepositoryDefaults } from '../store/write/open-recorder.js'
import { type PruneOptions, type PruneReport, prune } from '../store/write/prune.js'
import { type Purge, purgeOf } from '../store/write/purge.js'
import type { Recorder } from '../store/write/recorder.js'
import { refreshOf } from '../store/write/refresh.js'
import { GROUP_META_KEYS, META_KEYS } from '../store/write/requests.js'
import type { PromptDefinition } from '../template/prompt-definition.js'
import { Backend } from './backend.js'
import {
  type ConfigQuery,
  type ContextRulesQuery,
  checkContextQuery,
  checkRevision,
  checkStaleness,
  isAnyVersion,
  type PromptQuery,
} from './config-query.js'
import type { ContextRulesView } from './context-rules-view.js'
import type { FlagNamed, PromptNamed } from './declared-types.js'
import { type DefinedModel, definedModel, fallbackModel } from './defined-models.js'
import { type DefinedPrompt, DefinedPrompts } from './defined-prompts.js'
import { EntityReads, NOT_HERE, readDocument } from './entity-reads.js'
import type { ConfigurationManagerEvents } from './events.js'
import { FlagReads, type FlagValueLike } from './flag-reads.js'
import { KindHandle } from './kind-handle.js'
import { type LabelledEntity, type ManagedKind, managedKind } from './managed-kind.js'
import { type ConfigManagerOptions, resolveOptions } from './options.js'
import type { Outcomes } from './outcomes.js'
import { type PrefetchScope, prefetch } from './prefetch.js'
import { type Health, healthOf, type ManagerStats, statsOf, type VerifyReport, verifyCaches } from './report.js'
import { UnfinishedCalls } from './unfinished-calls.js'

type DefinitionWithFallback<Variables, Compiled> = PromptDefinition<Variables, Compiled> & {
  readonly fallback: NonNullable<PromptDefinition['fallback']>
}

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
  readonly flags: FlagRepository
  readonly contextRules: ContextRuleRepository
  readonly changelog: ChangelogRepository
  readonly rollouts: RolloutRepository
  /** Outcomes of subjects of rollouts, which guards and reports count. */
  readonly outcomes: Outcomes
  /** Keys of requests that were carried out once, for all workers: `agent-config/http` keeps its `Idempotency-Key`s here. */
  readonly idempotencyKeys: IdempotencyKeys
  readonly #backend: Backend
  readonly #prompts: EntityReads<Prompt>
  readonly #models: EntityReads<ModelConfig>
  readonly #embeddings: EntityReads<EmbeddingConfig>
  readonly #flags: FlagReads
  readonly #defined = new DefinedPrompts()
  readonly #project: string
  /** The project and label of calls that name none. */
  readonly #defaults: RepositoryDefaults
  readonly #recorder: Recorder
  readonly #handles = new Map<AnyHostKind, KindHandle<unknown>>()
  readonly #managed = new Map<AnyKind, ManagedKind>()

  /** Prefer `createConfigManager()`. Nothing connects before the first use. */
  constructor(options: ConfigManagerOptions = {}) {
    this.#backend = new Backend(resolveOptions(options))
    this.#prompts = new EntityReads(this.#backend, PROMPT_KIND)
    this.#models = new EntityReads(this.#backend, MODEL_KIND)
    this.#embeddings = new EntityReads(this.#backend, EMBEDDING_KIND)
    this.#flags = new FlagReads({
      reads: new EntityReads(this.#backend, FLAG_KIND),
      onFallback: (project, name, error) => this.#fellBack('flag', project, name, error),
    })
    this.#project = this.#backend.options.project
    const { label } = this.#backend.options
    // `latest` can be read and not moved.
    this.#defaults = { project: this.#project, ...(label !== 'latest' && { label }) }
    const { store } = this.#backend
    this.#recorder = {
      schema: store.schema,
      policy: store.policy,
      contracts: store.contracts,
      kinds: store.kinds,
      read: async (query) => {
        await this.#open()
        return store.read(query)
      },
      record: async (meta, write) => {
        await this.#open()
        return store.record(meta, write)
      },
    }
    const repositories = createRepositories(this.#recorder, this.#defaults)
    this.prompts = repositories.prompts
    this.models = repositories.models
    this.embeddings = repositories.embeddings
    this.flags = repositories.flags
    this.contextRules = repositories.contextRules
    this.changelog = repositories.changelog
    this.rollouts = repositories.rollouts
    this.outcomes = this.#backend.rollouts.guarding.outcomes
    this.idempotencyKeys = new StoredIdempotencyKeys(async (query) => {
      this.#refuseClosed()
      await this.#open()
      return store.read(query)
    }, store.schema)
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
    await this.#backend.fallbacks?.ready()
    await this.#backend.startup.run()
  }

  /**
   * The prompt to use now; `undefined` when no active version carries the label.
   *
   * @throws {StoreUnavailableError} when it is not in memory and neither Redis nor PostgreSQL answers within `timeouts.readMs`
   */
  getPrompt<Name extends PromptName>(name: Name, query?: PromptQuery): Promise<PromptNamed<Name> | undefined>
  /** The prompt of a definition, whose `compile` checks the variables. Where the store has none, or does not answer, its fallback. */
  getPrompt<Variables, Compiled>(
    definition: DefinitionWithFallback<Variables, Compiled>,
    query?: PromptQuery,
  ): Promise<DefinedPrompt<Variables, Compiled>>
  getPrompt<Variables, Compiled>(
    definition: PromptDefinition<Variables, Compiled>,
    query?: PromptQuery,
  ): Promise<DefinedPrompt<Variables, Compiled> | undefined>
  getPrompt(name: string | PromptDefinition, query?: PromptQuery): Promise<unknown> {
    return typeof name === 'string' ? this.#prompts.get(name, query) : this.#getDefined(name, query)
  }

  /** The template alone, as it was written. */
  async getPromptTemplate<Name extends PromptName>(name: Name, query?: PromptQuery): Promise<PromptNamed<Name>['template'] | undefined> {
    return (await this.getPrompt(name, query))?.template
  }

  /** The model configuration to use now; `undefined` when no active version carries the label. */
  getModelConfig(name?: ModelName, query?: ConfigQuery): Promise<ModelConfig | undefined>
  /**
   * The model configuration of a definition, with parameters that fit its schema. Where the store has none, does not answer, or holds
   * parameters that do not fit, its fallback, and a `fallback` event.
   */
  getModelConfig<Parameters>(definition: ModelDefinition<Parameters>, query?: ConfigQuery): Promise<DefinedModel<Parameters>>
  getModelConfig(name: string | ModelDefinition = 'default', query?: ConfigQuery): Promise<unknown> {
    return typeof name === 'string' ? this.#models.get(name, query) : this.#getDefinedModel(name, query)
  }

  /** The embedding configuration to use now: the highest active version unless a label is given. */
  getEmbeddingConfig(name: EmbeddingName = 'default', query?: ConfigQuery): Promise<EmbeddingConfig | undefined> {
    return this.#embeddings.get(name, query)
  }

  /** The highest active version of each context, ordered by context, or of one context. Empty when there is none. */
  async getContextRules(context?: ContextName, query: ContextRulesQuery = {}): Promise<readonly ContextRule[]> {
    this.#refuseClosed()
    checkContextQuery(query)
    if (context !== undefined) checkText('context', context, CONTEXT_RULES.maxNameLength)
    const scope = contextRulesScope(checkProject(query.project ?? this.#project))
    if (query.minRevision !== undefined) checkRevision(query.minRevision)
    if (query.maxStalenessMs !== undefined) checkStaleness(query.maxStalenessMs)
    const { fallbacks } = this.#backend
    let failure: unknown
    const served = await readDocument(this.#backend, scope, query).catch((error: unknown) => {
      if (!fallbacks || !isConfigError(error, 'E_STORE_UNAVAILABLE')) throw error
      failure = error
    })
    const rules = (served?.entry.value as ContextRulesView | undefined)?.of(context) ?? []
    if (rules.length > 0 || !fallbacks) return rules
    const isOwn = isAnyVersion(query) && (query.project ?? this.#project) === this.#project
    const ofFiles = isOwn ? await fallbacks.rules(context) : []
    if (ofFiles.length > 0) this.#fellBack('context_rules', this.#project, context ?? '*', failure)
    else if (failure !== undefined) throw failure
    return ofFiles
  }

  /**
   * The value of a flag, of the type of the fallback. Never rejects because of the store or the flag: when the flag is missing, of another
   * type, or the store is away, it is the fallback, and a `fallback` event says why.
   *
   * @throws {InvalidArgumentError} when the name, the fallback or the query is not acceptable
   */
  async getFlag<Value extends FlagNamed<Name>, Name extends FlagName = FlagName>(
    name: Name,
    fallback: Value,
    query?: ConfigQuery,
  ): Promise<FlagValueLike<Value>> {
    return (await this.#flags.details(name, fallback, query)).value as FlagValueLike<Value>
  }

  /** The value of a flag if it is in memory, else the fallback; never waits, never asks a server. */
  peekFlag<Value extends FlagNamed<Name>, Name extends FlagName = FlagName>(
    name: Name,
    fallback: Value,
    query?: ConfigQuery,
  ): FlagValueLike<Value> {
    return this.#flags.peek(name, fallback, query) as FlagValueLike<Value>
  }

  /** `getFlag` with the reason: which version, chosen how, from where, and for a fallback the error. */
  getFlagDetails<Value extends FlagNamed<Name>, Name extends FlagName = FlagName>(
    name: Name,
    fallback: Value,
    query?: ConfigQuery,
  ): Promise<FlagDetails<FlagValueLike<Value>>> {
    return this.#flags.details(name, fallback as FlagValueLike<Value>, query)
  }

  /** The prompt if it is in memory; never waits, never asks a server. */
  peekPrompt<Name extends PromptName>(name: Name, query?: PromptQuery): PromptNamed<Name> | undefined {
    return peek(this.#prompts, name, query)
  }

  /** The model configuration if it is in memory. */
  peekModelConfig(name: ModelName = 'default', query?: ConfigQuery): ModelConfig | undefined {
    return peek(this.#models, name, query)
  }

  /** The embedding configuration if it is in memory. */
  peekEmbeddingConfig(name: EmbeddingName = 'default', query?: ConfigQuery): EmbeddingConfig | undefined {
    return peek(this.#embeddings, name, query)
  }

  /**
   * A host's kind: reads through the caches, and writes. A kind that was not among the option `kinds` is known from now on.
   *
   * @throws {InvalidArgumentError} when another declaration, or a kind of the package, has its name
   */
  of<Content, Input, Name extends string = string>(kind: Kind<Content, Input, Name>): KindHandle<Content, Input, Name> {
    const known = this.#handles.get(kind)
    if (known) return known as KindHandle<Content, Input, Name>
    const handle = new KindHandle<Content, Input, Name>(this.#backend, this.#recorder, kind, this.#defaults)
    this.#handles.set(kind, handle as KindHandle<unknown>)
    return handle
  }

  /**
   * Every kind with labels that this manager knows, those of the package first: for code that works with all of them, as an API does. A kind of
   * the host's that `of()` makes known later comes at the end.
   */
  get kinds(): readonly ManagedKind[] {
    return this.#backend.kinds.labelled.map((kind) => {
      const known = this.#managed.get(kind) ?? this.#manage(kind)
      this.#managed.set(kind, known)
      return known
    })
  }

  /**
   * Loads documents into memory, so that the first readers find them there: in batches, in its own time, with a `prefetch:progress` event
   * after each. What is named comes first. At most `memory.maxEntries` are loaded; when something is left out, a warning and `isCut` say so.
   *
   * @throws {StoreUnavailableError} when one of them is not in memory and cannot be loaded; what was loaded before stays
   */
  async prefetch(scopes: readonly PrefetchScope[]): Promise<void> {
    this.#refuseClosed()
    await this.#open()
    await prefetch(this.#backend, scopes)
  }

  /** Makes every worker load a kind anew, or everything. A write like any other: it is in the log and the changelog. */
  async refresh(type: ConfigKind | 'all' = 'all'): Promise<void> {
    this.#refuseClosed()
    this.#backend.kinds.checkKind('type', type, 'all')
    await this.#open()
    const { store } = this.#backend
    await store.policy.permit({ action: 'refresh', kind: type, project: '*', name: '*', actor: undefined }, [])
    await store.record({}, refreshOf(type))
  }

  /**
   * Sends the message of programs that know no revisions: every worker confirms what it holds of that kind, or of one scope
   * (`prompt:default:greeting`), with PostgreSQL. Writes of this library announce themselves; this is for other writers.
   */
  async publishInvalidation(type: ConfigKind | 'all', key?: string): Promise<void> {
    this.#refuseClosed()
    this.#backend.kinds.checkKind('type', type, 'all')
    if (key !== undefined) checkText('key', key)
    await this.#open()
    const { announcements, store } = this.#backend
    await announcements.publishPlain(type, key, (message) => store.notify(message))
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
   * @throws {InvalidArgumentError} when `work` returns before a call of its repositories has ended: an `await` was forgotten, and nothing is
   *   written; and from a write of the manager itself inside `work`, which would wait for ever
   */
  async transaction<Value>(work: (repositories: Repositories) => Promise<Value>, meta: GroupMeta = {}): Promise<Value> {
    return (await this.transactionWithFacts(work, meta)).value
  }

  /** `transaction`, with what is known after the commit: the revision, whether others were told, and the receipt of `waitForWorkers`. */
  async transactionWithFacts<Value>(
    work: (repositories: Repositories) => Promise<Value>,
    meta: GroupMeta = {},
  ): Promise<{ readonly value: Value; readonly facts: WriteFacts }> {
    this.#refuseClosed()
    checkKeys(meta, GROUP_META_KEYS)
    checkMeta(meta)
    await this.#open()
    const { store } = this.#backend
    return store.transact(meta, async (recorder) => {
      const calls = new UnfinishedCalls()
      try {
        const answer = await work(calls.watch(createRepositories(recorder, this.#defaults)))
        if (calls.names.length === 0) return answer
        throw new InvalidArgumentError(
          'work',
          `returned before ${calls.names.join(', ')} had ended: nothing was written. Await every call.`,
        )
      } finally {
        // Wait for them: their statements must not run after the transaction has ended.
        await calls.ended()
      }
    })
  }

  /**
   * Waits until every worker serves a revision, as `waitForWorkers` of a write does: for a caller that has something to do between its
   * commit and the wait, or wants to end the wait.
   *
   * @param waitMs at most this many milliseconds, 60,000 at most
   * @param signal ends the wait early
   * @returns how many workers serve it by then; `undefined` without Redis, or when Redis does not answer
   */
  async waitForWorkers(revision: number, waitMs: number, signal?: AbortSignal): Promise<Receipt | undefined> {
    this.#refuseClosed()
    checkVersion('revision', revision)
    checkMeta({ waitForWorkers: waitMs })
    await this.#open()
    return this.#backend.announcements.receiptOf(revision, waitMs, signal)
  }

  /**
   * Registers which variables this process's code gives to a prompt. From then on promoting a version, or starting a rollout with an arm, is
   * refused
   * (`force` overrides) when it needs a variable that the definition's schema does not give, does without one that the schema requires, or
   * is of the other type.
   */
  registerPrompt(definition: PromptDefinition): void {
    this.#backend.store.contracts.register(definition)
  }

  /** The project of calls that name none. */
  get project(): string {
    return this.#project
  }

  /** The database's name for itself, whatever its address; known once `ready()` has resolved. A copy of a database has a name of its own. */
  get databaseName(): string | undefined {
    return this.#backend.identity.confirmedName
  }

  /** Whether `shutdown()` was called: the manager cannot be used any more. */
  get isClosed(): boolean {
    return this.#backend.isClosed
  }

  /** Whether no database was named: every read and write is then refused with a `SettingsError`. */
  get isUnconfigured(): boolean {
    return this.#backend.options.problem !== undefined
  }

  /**
   * Registers which parameters this process's code takes of a model configuration. From then on a label is not given to a version whose
   * parameters do not fit the definition's schema (`force` overrides).
   */
  registerModel(definition: ModelDefinition): void {
    this.#backend.store.contracts.registerModel(definition)
  }

  /** Counters since the start, and the state of each server. */
  stats(): ManagerStats {
    return statsOf(this.#backend)
  }

  /** Asks PostgreSQL and Redis now, and reports their state and that of the log. Never throws. */
  health(): Promise<Health> {
    return healthOf(this.#backend)
  }

  /** Compares every cached document, in memory and in Redis, with the database. */
  async verify(): Promise<VerifyReport> {
    this.#refuseClosed()
    return verifyCaches(this.#backend)
  }

  /**
   * Deletes changelog rows, exposures, outcomes and expired idempotency keys from before a moment, and assignments of concluded rollouts, but
   * nothing that catching up or a rollback needs. In batches that are each committed: `onProgress` is told after each, and after a failure a
   * second call goes on.
   *
   * @throws {StoreUnavailableError} when PostgreSQL does not answer; what was deleted before stays deleted
   */
  async prune(options: PruneOptions): Promise<PruneReport> {
    this.#refuseClosed()
    checkKeys(options, ['before', 'onProgress'])
    const { before, onProgress } = options
    if (!(before instanceof Date) || Number.isNaN(before.getTime())) throw new InvalidArgumentError('before', 'must be a Date')
    await this.#open()
    const { store } = this.#backend
    return store.read((db) => prune(db, store.schema, { before, ...(onProgress && { onProgress }) }))
  }

  /**
   * Takes the content of one version out of the database, the changelog and the caches: for a secret that was stored by mistake. The version
   * stays, empty and deactivated, and a changelog row says who had it purged and why. Other workers drop what they hold when they hear of it,
   * snapshot files at their next save. Backups, files and logs of your own are not reached.
   *
   * @throws {NotFoundError} when there is no such version
   * @throws {InUseError} when a label points at it, or it is an arm of a rollout that is not concluded
   * @throws {ForbiddenError} when `authorize` does not allow it
   */
  async purge(purge: Purge): Promise<WriteFacts> {
    this.#refuseClosed()
    checkKeys(purge, ['kind', 'name', 'version', 'project', ...META_KEYS])
    const { kinds } = this.#backend
    kinds.checkKind('kind', purge.kind)
    const name = checkText('name', purge.name, kinds.maxNameLength(purge.kind))
    const project = checkProject(purge.project ?? this.#project)
    checkVersion('version', purge.version)
    checkText('changedBy', purge.changedBy)
    checkText('summary', purge.summary)
    await this.#open()
    const { store } = this.#backend
    await store.policy.permit({ action: 'purge', kind: purge.kind, project, name, actor: purge.changedBy }, [])
    const { value, facts } = await store.record(purge, purgeOf({ ...purge, name }, project))
    if (purge.kind !== CONTEXT_RULES.kind) await this.#backend.documents.forgetContent(purge.kind, value)
    return Object.freeze({ ...facts })
  }

  /** @returns the function that stops listening */
  on<Name extends keyof ConfigurationManagerEvents>(event: Name, listener: ConfigurationManagerEvents[Name]): () => void {
    return this.#backend.reporter.events.on(event, listener)
  }

  /** Closes every connection and timer of this manager's own; a host's pool or client stays open. Calling it twice is fine. */
  async shutdown(): Promise<void> {
    await this.#backend.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown()
  }

  async #getDefined(definition: PromptDefinition, query: PromptQuery = {}): Promise<Prompt | undefined> {
    const { name } = definition
    let failure: unknown
    const prompt = await this.#prompts.get(name, query).catch((error: unknown) => {
      if (!isConfigError(error, 'E_STORE_UNAVAILABLE')) throw error
      failure = error
      return undefined
    })
    if (prompt) return this.#defined.of(definition, prompt)
    const project = query.project ?? this.#project
    // A query for one version gets that version or nothing.
    const fallback =
      query.version === undefined ? this.#defined.fallbackOf(definition, project, query.label ?? this.#prompts.label) : undefined
    if (fallback) this.#fellBack('prompt', project, name, failure)
    else if (failure) throw failure
    return fallback
  }

  async #getDefinedModel(definition: ModelDefinition, query: ConfigQuery = {}): Promise<DefinedModel<unknown> | undefined> {
    const { name } = definition
    let failure: unknown
    const config = await this.#models.get(name, query).catch((error: unknown) => {
      if (!isConfigError(error, 'E_STORE_UNAVAILABLE')) throw error
      failure = error
      return undefined
    })
    const defined = config && definedModel(definition, config)
    if (defined && !('problem' in defined)) return defined
    if (defined) failure = new InvalidArgumentError('parameters', `of the stored model config "${name}" do not fit: ${defined.problem}`)
    // A query for one version gets that version or nothing.
    if (query.version !== undefined && failure) throw failure
    if (query.version !== undefined) return undefined
    const project = query.project ?? this.#project
    this.#fellBack('model', project, name, failure)
    return fallbackModel(definition, project, query.label ?? this.#models.label)
  }

  #manage(kind: AnyKind): ManagedKind {
    const reads = new EntityReads<LabelledEntity & Readonly<Record<string, unknown>>>(this.#backend, kind)
    return managedKind(kind, {
      defaultLabel: reads.label,
      declared: this.#backend.kinds.declarationOf(kind),
      repository: new LabelledRepository(this.#recorder, kind, this.#defaults),
      get: (name, query) => reads.get(name, query),
    })
  }

  #fellBack(kind: ConfigKind, project: string | undefined, name: string, error: unknown): void {
    this.#backend.reporter.fellBack(kind, project ?? this.#project, name, error)
  }

  /** Writes and direct reads wait for a start under way, so that migrations come first. */
  async #open(): Promise<void> {
    this.#refuseClosed()
    await this.#backend.startup.run()
  }

  #refuseClosed(): void {
    if (this.#backend.isClosed) throw new ManagerClosedError()
  }
}

function peek<Entity>(reads: EntityReads<Entity>, name: string, query: ConfigQuery | undefined): Entity | undefined {
  const hit = reads.peek(name, query)
  return hit === NOT_HERE ? undefined : hit
}
