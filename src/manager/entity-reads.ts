import type { ReadOptions } from '../cache/document-cache.js'
import type { Served } from '../cache/document-loads.js'
import { contentKey } from '../cache/held/content-key.js'
import { entityScope, type Scope } from '../entities/scope.js'
import type { Selection } from '../entities/selection.js'
import type { KindDefinition } from '../kinds/kind.js'
import type { VersionContent } from '../kinds/row.js'
import { loadPatternEngine } from '../rollout/pattern.js'
import { checkText } from '../shared/arguments.js'
import { isConfigError, ManagerClosedError } from '../shared/errors.js'
import type { Backend } from './backend.js'
import type { CachedView } from './cached-view.js'
import { type ArmOf, type Choice, choose } from './choose.js'
import {
  type ConfigQuery,
  checkQuery,
  checkQueryKeys,
  isAnyVersion,
  isAttributes,
  isLabelQuery,
  isPlain,
  isRecent,
  isSubject,
} from './config-query.js'
import { type Answer, EntityView } from './entity-view.js'
import type { HeldByName, HeldOfKind } from './view-index.js'

/** The answer of a memory read that needs a server; `undefined` already means "does not exist". */
export const NOT_HERE = Symbol('not in memory')

const NOTHING: Answer<never> = { entity: undefined, settled: Promise.resolve(undefined) }

/** Reads of one kind whose versions carry labels: find the document, then choose in it. */
export class EntityReads<Entity> {
  readonly #backend: Backend
  readonly #cache: Backend['cache']
  readonly #kind: Pick<KindDefinition<VersionContent, Entity>, 'kind' | 'maxNameLength'>
  readonly #project: string
  readonly #label: string
  readonly #held: HeldOfKind<CachedView>
  readonly #own: HeldByName<CachedView>
  readonly #armOf: ArmOf

  constructor(backend: Backend, kind: Pick<KindDefinition<VersionContent, Entity>, 'kind' | 'maxNameLength' | 'defaultLabel'>) {
    this.#backend = backend
    this.#cache = backend.cache
    this.#kind = kind
    this.#project = backend.options.project
    this.#label = kind.defaultLabel ?? backend.options.label
    this.#held = backend.documents.index.of(kind.kind)
    this.#own = backend.documents.index.pin(kind.kind, this.#project)
    this.#armOf = (rollout, subject) => backend.rollouts.stickyArms.known(rollout, subject)
  }

  /** The label of reads that name none. */
  get label(): string {
    return this.#label
  }

  /**
   * The answer of memory: a few map lookups and the test that nothing newer was announced.
   *
   * @throws {InvalidArgumentError} when the query has a key that no query has
   * @throws {ContentError} when the code of the host cannot read the version
   */
  peek(name: string, query?: ConfigQuery): Entity | undefined | typeof NOT_HERE {
    const answer = (query === undefined ? this.#hot(name) : undefined) ?? this.#answer(name, query, false)
    if (answer === undefined) return NOT_HERE
    if (answer.failure !== undefined) throw answer.failure
    return answer.entity
  }

  /** `peek`; when memory is not enough, `read`; when the store has nothing, the file of that name. */
  get(name: string, query?: ConfigQuery): Promise<Entity | undefined> {
    if (query === undefined) {
      const hot = this.#hot(name) ?? this.#unconfirmed(name)
      if (hot !== undefined) return hot.settled
    }
    const stored = this.#stored(name, query)
    return this.#backend.fallbacks === undefined ? stored : this.#orOfFile(stored, name, query)
  }

  #stored(name: string, query: ConfigQuery | undefined): Promise<Entity | undefined> {
    try {
      const answer = this.#answer(name, query, true)
      if (answer) return answer.settled
    } catch (error) {
      return Promise.reject(error)
    }
    return this.#backend.isClosed ? Promise.reject(new ManagerClosedError()) : this.#read(name, query)
  }

  /** The most common hit: a name with the default label, a fresh document in use, no rollout. */
  #hot(name: string): Answer<Entity> | undefined {
    const entry = this.#own.get(name)?.entry
    if (entry === undefined || !entry.isHot) return undefined
    const answer = (entry.value as EntityView<never, Entity>).own(this.#label)
    if (answer !== undefined) this.#cache.countHit()
    return answer
  }

  /** The same hit of a document that cannot be confirmed. Apart, so that V8 goes on putting the code of a hot hit in place of its call. */
  #unconfirmed(name: string): Answer<Entity> | undefined {
    const entry = this.#own.get(name)?.entry
    if (entry === undefined || !entry.stale || !entry.isUsable) return undefined
    const answer = (entry.value as EntityView<never, Entity>).unconfirmed.own(this.#label)
    return answer !== undefined && this.#cache.use(entry) ? answer : undefined
  }

  /** Any other hit. */
  #answer(name: string, query: ConfigQuery | undefined, takesStale: boolean): Answer<Entity> | undefined {
    if (query !== undefined) checkQueryKeys(query)
    const view = this.#inMemory(name, query, takesStale)
    return view && this.#known(view, query)
  }

  async #orOfFile(stored: Promise<Entity | undefined>, name: string, query: ConfigQuery = {}): Promise<Entity | undefined> {
    const { fallbacks, kinds, reporter } = this.#backend
    let failure: unknown
    const entity = await stored.catch((error: unknown) => {
      if (!isConfigError(error, 'E_STORE_UNAVAILABLE')) throw error
      failure = error
      return undefined
    })
    if (entity !== undefined) return entity
    const kind = kinds.find(this.#kind.kind)
    const mayBeOfFile = isAnyVersion(query) && (query.project ?? this.#project) === this.#project
    const own = mayBeOfFile && kind ? await fallbacks?.entity<Entity>(kind, name, query.label ?? this.#label) : undefined
    if (own !== undefined) reporter.fellBack(this.#kind.kind, this.#project, name, failure)
    else if (failure !== undefined) throw failure
    return own
  }

  #read(name: string, query: ConfigQuery = {}): Promise<Entity | undefined> {
    try {
      // These checks are the same whether the document is in memory or not, and while no server answers.
      checkText('name', name, this.#kind.maxNameLength)
      const { project, label } = checkQuery(query, { project: this.#project, label: this.#label })
      const reading = this.#cache.document(entityScope(this.#kind.kind, project, name), query)
      return reading.then((served) => this.#answerFrom(served as Served<CachedView>, name, query, label))
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** Chooses in a document: synchronously, unless a server has to be asked for more. */
  #answerFrom(
    served: Served<CachedView>,
    name: string,
    query: ConfigQuery,
    label: string,
  ): Entity | Promise<Entity | undefined> | undefined {
    const view = served.entry.value as EntityView<never, Entity>
    if (query.version !== undefined) return this.#readVersion(served, name, { ...query, version: query.version }, label)
    if (view.awaitsPatterns) return loadPatternEngine().then(() => this.#answerFrom(served, name, query, label))
    const choice = choose(view, label, query, this.#armOf)
    if (!('asks' in choice)) return this.#chosenFrom(served, name, query, label, choice)
    const { asks, subject, offered } = choice
    const assigning = this.#backend.rollouts.stickyArms.assign(asks, subject, offered)
    return assigning.then((arm) =>
      this.#chosenFrom(
        served,
        name,
        query,
        label,
        choose(view, label, query, () => arm),
      ),
    )
  }

  #chosenFrom(
    { entry, source, stale }: Served<CachedView>,
    name: string,
    query: ConfigQuery,
    label: string,
    choice: Choice,
  ): Entity | Promise<Entity | undefined> | undefined {
    // A pause may have arrived while the database was asked for an arm, or the engine for patterns was loaded.
    if (!stale && !('asks' in choice) && choice.exposes && !entry.isUsable) return this.#read(name, query)
    const view = entry.value as EntityView<never, Entity>
    const selection = this.#noted(choice, query)
    if (source !== 'memory' || stale) return view.view(selection, source, stale)
    return view.rolloutOn(label) ? selection && view.chosen(selection).settled : view.known(label, undefined)?.settled
  }

  /** The answer to a memory hit; `undefined` where the query is not one that can be answered so, or has to be refused. */
  #known(view: EntityView<never, Entity>, query: ConfigQuery | undefined): Answer<Entity> | undefined {
    const label = query?.label ?? this.#label
    if (query !== undefined && !(isSubject(query.subject) && isAttributes(query.attributes))) return undefined
    return view.known(label, query?.subject) ?? this.#peekRollout(view, label, query ?? {})
  }

  /** Contents of versions without a label are not part of the document; they never change and are cached by row. */
  async #readVersion(
    { entry: held, source, stale }: Served<CachedView>,
    name: string,
    query: ConfigQuery & { readonly version: number },
    label: string,
  ): Promise<Entity | undefined> {
    const view = held.value as EntityView<never, Entity>
    const { version } = query
    const newest = view.lists(version) ? 0 : await this.#backend.documents.learnVersion(held.scope, view, version)
    // What PostgreSQL said may be of a change that is not applied here yet.
    if (newest > view.revision) return this.#read(name, { ...query, minRevision: newest })
    const entry = view.entry(version)
    if (!entry?.isActive) return undefined
    const selection: Selection = { label, version, reason: 'version' }
    if (view.contentOf(version)) return view.view(selection, source, stale)
    const key = contentKey(this.#kind.kind, entry.id, entry.createdAtMicros)
    const served = await this.#cache.document(key, { isImmutable: true })
    this.#backend.documents.contents.note(held.scope, key)
    return served && view.view(selection, served.source, stale, (served.entry.value as { content: never }).content)
  }

  #inMemory(name: string, query: ConfigQuery | undefined, takesStale: boolean): EntityView<never, Entity> | undefined {
    const entry = this.#held.get(query?.project ?? this.#project)?.get(name)?.entry
    if (entry === undefined || (query !== undefined && !isPlain(query)) || (entry.stale && !takesStale)) return undefined
    if (query !== undefined && !isRecent(query, () => this.#cache.log.ageMs)) return undefined
    if (!this.#cache.use(entry)) return undefined
    const view = entry.value as EntityView<never, Entity>
    return entry.stale ? view.unconfirmed : view
  }

  /** What a document in memory answers on a label that has a rollout or no version; `undefined` where a server has to be asked. */
  #peekRollout(view: EntityView<never, Entity>, label: string, query: ConfigQuery): Answer<Entity> | undefined {
    const rollout = view.rolloutOn(label)
    // A label that points at no version may be an invalid one, which is refused instead.
    if (!rollout) return isLabelQuery(label) ? NOTHING : undefined
    if (view.awaitsPatterns) return undefined
    const choice = choose(view, label, query, this.#armOf)
    if ('asks' in choice) return undefined
    const selection = this.#noted(choice, query)
    const answer = selection ? view.chosen(selection) : NOTHING
    if (query.subject) view.remember(label, query.subject, answer)
    return answer
  }

  /** Takes what was chosen, and reports an exposure when a subject was given an arm. */
  #noted(choice: Choice, { subject }: ConfigQuery): Selection | undefined {
    if ('asks' in choice) return undefined
    const { selection, exposes } = choice
    if (exposes && selection && subject) this.#backend.rollouts.exposures.note(exposes, selection, subject)
    return selection
  }
}

/** The document of a scope, ready to be chosen in. */
export async function readDocument(
  backend: Backend,
  scope: Scope,
  { minRevision, maxStalenessMs }: ReadOptions = {},
): Promise<Served<CachedView>> {
  const served = await backend.cache.document(scope, { minRevision, maxStalenessMs })
  // Only contents can be missing: an entity that does not exist has an empty document.
  const found = served as Served<CachedView>
  if (found.entry.value instanceof EntityView && found.entry.value.awaitsPatterns) await loadPatternEngine()
  return found
}
