import type { ConfigKind } from '../entities/config-kind.js'
import { contextRulesScope, entityScope, type Scope } from '../entities/scope.js'
import { CONTEXT_RULES } from '../kinds/context-rules.js'
import type { AnyKind } from '../kinds/kind.js'
import { checkProject, checkText } from '../shared/arguments.js'
import { ManagerClosedError } from '../shared/errors.js'
import { listScopes } from '../store/read/list-scopes.js'
import type { Backend } from './backend.js'

/** What to load before it is asked for. */
export interface PrefetchScope {
  readonly kind: ConfigKind
  /** Absent: everything of that kind in the project. */
  readonly name?: string
  readonly project?: string
}

/** Documents under way at once: one statement to PostgreSQL, so that other reads find its other connections free. */
const BATCH_SIZE = 100

/**
 * Loads documents into memory, batch after batch, each with a read's own deadline. Those that are named come before those of a whole kind;
 * what does not fit into memory is left out, since it would only push the others out again.
 *
 * @throws {InvalidArgumentError} when a scope is not acceptable; it names the scope
 * @throws {StoreUnavailableError} when a document is not in memory and cannot be loaded; those before it are loaded
 */
export async function prefetch(backend: Backend, scopes: readonly PrefetchScope[]): Promise<void> {
  const { maxEntries } = backend.options.memory
  const wanted = await scopesOf(backend, scopes)
  const isCut = wanted.length > maxEntries
  if (isCut) backend.reporter.prefetchIsCut(maxEntries)
  const total = Math.min(wanted.length, maxEntries)
  for (let loaded = 0; loaded < total; ) {
    const batch = wanted.slice(loaded, Math.min(loaded + BATCH_SIZE, total))
    // After shutdown() a failed load reports the shutdown, not an unreachable PostgreSQL.
    const failure = await Promise.all(batch.map((scope) => backend.cache.document(scope))).then(
      () => undefined,
      (error: unknown) => ({ error }),
    )
    if (backend.isClosed) throw new ManagerClosedError()
    if (failure) throw failure.error
    loaded += batch.length
    backend.reporter.events.emit('prefetch:progress', { loaded, total, isCut })
  }
}

/** Removes duplicates, and stops reading the list once it is clear that it does not fit into memory. */
async function scopesOf(backend: Backend, wanted: readonly PrefetchScope[]): Promise<readonly Scope[]> {
  const { schema } = backend.options
  const checked = wanted.map((scope, place) => check(backend, scope, place))
  const single = checked.flatMap((scope) => (typeof scope === 'string' ? [scope] : []))
  const scopes = new Set(single)
  for (const list of checked) {
    if (typeof list === 'string' || scopes.size > backend.options.memory.maxEntries) continue
    // One more than fits into memory, plus those that are in it already, since the list may name them too.
    const limit = backend.options.memory.maxEntries + 1
    for (const scope of await backend.store.read((db) => listScopes(db, schema, list.kind, list.project, limit))) scopes.add(scope)
  }
  return [...scopes]
}

function check({ store, options }: Backend, { kind, name, project }: PrefetchScope, place: number) {
  store.kinds.checkKind(`scopes[${place}].kind`, kind)
  const checked = checkProject(project ?? options.project)
  if (kind === CONTEXT_RULES.kind) return contextRulesScope(checked)
  const labelled = store.kinds.find(kind) as AnyKind
  if (name === undefined) return { kind: labelled, project: checked }
  return entityScope(kind, checked, checkText(`scopes[${place}].name`, name, labelled.maxNameLength))
}
