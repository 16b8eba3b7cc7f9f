import { contentKey } from '../cache/content-key.js'
import type { ReadOptions, Served } from '../cache/document-cache.js'
import { isUsable } from '../cache/held-documents.js'
import type { LabelledKind } from '../entities/config-kind.js'
import { entityScope, type Scope } from '../entities/scope.js'
import type { Selection } from '../entities/selection.js'
import type { Source } from '../entities/source.js'
import { loadPatternEngine } from '../rollout/pattern.js'
import { ManagerClosedError } from '../shared/errors.js'
import { checkText } from '../store/arguments.js'
import { KINDS } from '../store/kinds.js'
import type { Backend } from './backend.js'
import type { CachedView } from './cached-view.js'
import { type ConfigQuery, checkQuery, checkQueryKeys, isAttributes, isLabelQuery, isPlain, isRecent, isSubject } from './config-query.js'
import { type Answer, EntityView } from './entity-view.js'

/** Stands for "ask for it", where `undefined` already means "does not exist". */
export const NOT_HERE = Symbol('not in memory')

const NOTHING: Answer<never> = { entity: undefined, settled: Promise.resolve(undefined) }

/** Reads of the kinds whose versions carry labels: find the document, then choose in it. */
export class EntityReads {
  readonly #backend: Backend
  readonly #project: string

  constructor(backend: Backend) {
    this.#backend = backend
    this.#project = backend.options.project
  }

  /**
   * What memory says: a few map lookups and the test that nothing newer was announced.
   *
   * @throws {InvalidArgumentError} when the query has a key that no query has
   */
  peek<Entity>(
    kind: LabelledKind,
    name: string,
    query: ConfigQuery | undefined,
    defaultLabel: string,
  ): Entity | undefined | typeof NOT_HERE {
    if (query !== undefined) checkQueryKeys(query)
    const view = this.#inMemory<Entity>(kind, name, query, false)
    const answer = view && this.#known(view, query, defaultLabel)
    return answer ? answer.entity : NOT_HERE
  }

  /** `peek`, and where memory is not enough, `read`. */
  get<Entity>(kind: LabelledKind, name: string, query: ConfigQuery | undefined, defaultLabel: string): Promise<Entity | undefined> {
    if (query !== undefined) {
      try {
        checkQueryKeys(query)
      } catch (error) {
        return Promise.reject(error)
      }
    }
    const view = this.#inMemory<Entity>(kind, name, query, true)
    const answer = view && this.#known(view, query, defaultLabel)
    if (answer) return answer.settled
    return this.#backend.isClosed ? Promise.reject(new ManagerClosedError()) : this.read<Entity>(kind, name, query, defaultLabel)
  }

  async read<Entity>(kind: LabelledKind, name: string, query: ConfigQuery = {}, defaultLabel: string): Promise<Entity | undefined> {
    // The same checks for a document that is in memory, for one that is not, and while no server answers.
    checkText('name', name, KINDS[kind].maxNameLength)
    const { project, label } = checkQuery(query, { project: this.#project, label: defaultLabel })
    const { entry, source, stale } = await this.document(entityScope(kind, project, name), query)
    const view = entry.value as EntityView<never, Entity>
    if (query.version !== undefined) return this.#readVersion(kind, entry.scope, view, query.version, label, source, stale)
    const selection = await this.#select(view, label, query)
    // A pause may have arrived while the database was asked for a subject's arm.
    if (selection?.reason === 'split' && !stale && !isUsable(entry)) return this.read(kind, name, query, defaultLabel)
    if (selection?.reason === 'split' && query.subject) this.#expose(view, selection, query.subject)
    if (source !== 'memory' || stale) return view.view(selection, source, stale)
    return view.rolloutOn(label) ? selection && view.chosen(selection).entity : view.known(label, undefined)?.entity
  }

  /** The answer to a memory hit; `undefined` where the query is not one that can be answered so, or has to be refused. */
  #known<Entity>(view: EntityView<never, Entity>, query: ConfigQuery | undefined, defaultLabel: string): Answer<Entity> | undefined {
    const label = query?.label ?? defaultLabel
    if (query !== undefined && !(isSubject(query.subject) && isAttributes(query.attributes))) return undefined
    return view.known(label, query?.subject) ?? this.#peekRollout(view, label, query ?? {})
  }

  async document(scope: Scope, { minRevision, maxStalenessMs }: ReadOptions = {}): Promise<Served<CachedView>> {
    const served = await this.#backend.cache.document(scope, { minRevision, maxStalenessMs })
    // Only contents can be missing: an entity that does not exist has an empty document.
    const found = served as Served<CachedView>
    if (found.entry.value instanceof EntityView && found.entry.value.awaitsPatterns) await loadPatternEngine()
    return found
  }

  /** Contents of versions without a label are not part of the document; they never change and are cached by row. */
  async #readVersion<Entity>(
    kind: LabelledKind,
    scope: Scope,
    view: EntityView<never, Entity>,
    version: number,
    label: string,
    source: Source,
    stale: boolean,
  ): Promise<Entity | undefined> {
    const entry = view.entry(version)
    if (!entry?.isActive) return undefined
    const selection: Selection = { label, version, reason: 'version' }
    if (view.contentOf(version)) return view.view(selection, source, stale)
    const key = contentKey(kind, entry.id, entry.createdAtMicros)
    const served = await this.#backend.cache.document(key, { isImmutable: true })
    this.#backend.contents.note(scope, key)
    return served && view.view(selection, served.source, stale, (served.entry.value as { content: never }).content)
  }

  #inMemory<Entity>(
    kind: LabelledKind,
    name: string,
    query: ConfigQuery | undefined,
    takesStale: boolean,
  ): EntityView<never, Entity> | undefined {
    const entry = this.#backend.index.get(kind, query?.project ?? this.#project, name)
    if (entry === undefined || (query !== undefined && !isPlain(query)) || (entry.stale && !takesStale)) return undefined
    const { cache } = this.#backend
    if (query !== undefined && !isRecent(query, () => cache.log.ageMs)) return undefined
    if (!cache.use(entry)) return undefined
    const view = entry.value as EntityView<never, Entity>
    return entry.stale ? view.unconfirmed : view
  }

  /** What a document in memory answers on a label that has a rollout or no version; `undefined` where a server has to be asked. */
  #peekRollout<Entity>(view: EntityView<never, Entity>, label: string, query: ConfigQuery): Answer<Entity> | undefined {
    const rollout = view.rolloutOn(label)
    // A label that leads nowhere may be one that no version can have.
    if (!rollout) return isLabelQuery(label) ? NOTHING : undefined
    if (view.awaitsPatterns) return undefined
    const subject = query.subject || undefined
    let selection = view.select(label, query)
    if (selection?.reason === 'split' && subject) {
      if (rollout.sticky) {
        const arm = this.#backend.stickyArms.known(rollout, subject)
        if (arm === undefined) return undefined
        selection = view.select(label, query, arm)
      }
      if (selection?.reason === 'split') this.#expose(view, selection, subject)
    }
    const answer = selection ? view.chosen(selection) : NOTHING
    if (subject) view.remember(label, subject, answer)
    return answer
  }

  /** The one read that may write: a sticky rollout remembers a subject at its first visit. */
  async #select(view: EntityView<never, unknown>, label: string, query: ConfigQuery): Promise<Selection | undefined> {
    const selection = view.select(label, query)
    const rollout = view.rolloutOn(label)
    if (selection?.reason !== 'split' || !rollout || !query.subject) return selection
    if (!rollout.sticky) return selection
    const { stickyArms } = this.#backend
    const arm = stickyArms.known(rollout, query.subject) ?? (await stickyArms.assign(rollout, query.subject, selection.arm as number))
    return view.select(label, query, arm)
  }

  #expose(view: EntityView<never, unknown>, selection: Selection, subject: string): void {
    const rollout = view.rolloutOn(selection.label)
    if (rollout) this.#backend.exposures.note(rollout, selection, subject)
  }
}
