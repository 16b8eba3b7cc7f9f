import { contentKey, type Served } from '../cache/document-cache.js'
import type { LabelledKind } from '../entities/config-kind.js'
import { entityScope, type Scope } from '../entities/scope.js'
import type { Selection } from '../entities/selection.js'
import type { Source } from '../entities/source.js'
import { InvalidArgumentError } from '../shared/errors.js'
import { checkLabelQuery, checkProject, checkText, checkVersion } from '../store/arguments.js'
import { KINDS } from '../store/kinds.js'
import type { Backend, CachedView } from './backend.js'
import { type ConfigQuery, isPlain } from './config-query.js'
import type { EntityView } from './entity-view.js'

/** Stands for "ask for it", where `undefined` already means "does not exist". */
export const NOT_HERE = Symbol('not in memory')

/** Reads of the kinds whose versions carry labels: find the document, then choose in it. */
export class EntityReads {
  readonly #backend: Backend
  readonly #project: string

  constructor(backend: Backend) {
    this.#backend = backend
    this.#project = backend.options.project
  }

  /** A memory hit: two map lookups and the test that nothing newer was announced. */
  peek<Entity>(
    kind: LabelledKind,
    name: string,
    query: ConfigQuery | undefined,
    defaultLabel: string,
  ): Entity | undefined | typeof NOT_HERE {
    const entry = this.#backend.index.get(kind, query?.project ?? this.#project, name)
    if (entry === undefined || (query !== undefined && !isPlain(query)) || entry.stale || !this.#backend.cache.use(entry)) return NOT_HERE
    const view = entry.value as EntityView<never, Entity>
    const label = query?.label ?? defaultLabel
    return view.rolloutOn(label) ? this.#peekRollout(view, label, query ?? {}) : view.own(label)
  }

  async read<Entity>(kind: LabelledKind, name: string, query: ConfigQuery = {}, defaultLabel: string): Promise<Entity | undefined> {
    const definition = KINDS[kind]
    checkText('name', name, definition.maxNameLength)
    const project = checkProject(query.project ?? this.#project)
    const label = checkLabelQuery(query.label ?? defaultLabel)
    if (query.version !== undefined) checkVersion('version', query.version)
    if (query.minRevision !== undefined) checkRevision(query.minRevision)
    if (query.subject !== undefined && query.subject !== '') checkText('subject', query.subject)
    const { entry, source, stale } = await this.document(entityScope(kind, project, name), query.minRevision)
    const view = entry.value as EntityView<never, Entity>
    if (query.version !== undefined) return this.#readVersion(kind, view, query.version, label, source, stale)
    const selection = await this.#select(view, label, query)
    if (source !== 'memory' || stale) return view.view(selection, source, stale)
    return view.rolloutOn(label) ? selection && view.chosen(selection) : view.own(label)
  }

  async document(scope: Scope, minRevision: number | undefined): Promise<Served<CachedView>> {
    await this.#backend.started()
    const served = await this.#backend.cache.document(scope, minRevision === undefined ? {} : { minRevision })
    // Only contents can be missing: an entity that does not exist has an empty document.
    return served as Served<CachedView>
  }

  /** Contents of versions without a label are not part of the document; they never change and are cached by row. */
  async #readVersion<Entity>(
    kind: LabelledKind,
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
    const served = await this.#backend.cache.document(contentKey(kind, entry.id, entry.createdAtMicros), { isImmutable: true })
    return served && view.view(selection, served.source, stale, (served.entry.value as { content: never }).content)
  }

  #peekRollout<Entity>(view: EntityView<never, Entity>, label: string, query: ConfigQuery): Entity | undefined | typeof NOT_HERE {
    let selection = view.select(label, query)
    const rollout = view.rolloutOn(label)
    if (selection?.reason === 'split' && rollout && query.subject) {
      if (rollout.sticky) {
        const arm = this.#backend.stickyArms.known(rollout, query.subject)
        if (arm === undefined) return NOT_HERE
        selection = view.select(label, query, arm)
      }
      if (selection?.reason === 'split') this.#backend.exposures.note(rollout, selection, query.subject)
    }
    return selection && view.chosen(selection)
  }

  /** The one read that may write: a sticky rollout remembers a subject at its first visit. */
  async #select(view: EntityView<never, unknown>, label: string, query: ConfigQuery): Promise<Selection | undefined> {
    const selection = view.select(label, query)
    const rollout = view.rolloutOn(label)
    if (selection?.reason !== 'split' || !rollout || !query.subject) return selection
    const final = rollout.sticky
      ? view.select(label, query, await this.#backend.stickyArms.assign(rollout, query.subject, selection.arm as number))
      : selection
    if (final?.reason === 'split') this.#backend.exposures.note(rollout, final, query.subject)
    return final
  }
}

export function checkRevision(revision: unknown): void {
  if (!Number.isSafeInteger(revision) || (revision as number) < 0) {
    throw new InvalidArgumentError('minRevision', 'must be the `revision` a write resolved with')
  }
}
