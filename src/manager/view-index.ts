import { BoundedMap } from '../cache/held/bounded-map.js'
import { isContent } from '../cache/held/content-key.js'
import type { MemoryEntry } from '../cache/held/memory-entry.js'
import type { ConfigKind } from '../entities/config-kind.js'
import { parseScope } from '../entities/scope.js'
import { intern } from '../shared/intern.js'

/**
 * Where a document in memory stands in a map. A map that takes and loses names all the time leaves tables behind, which keep what they had alive
 * until the next full garbage collection: they are to keep this, emptied, and not the document.
 */
export interface Cell<View> {
  entry: MemoryEntry<View> | undefined
}

/** What is in memory of one kind and project, by name. */
export type HeldByName<View> = Map<string, Cell<View>>
const MAX_COPIES = 10_000

/** What is in memory of one kind: by project, then by name. */
export type HeldOfKind<View> = Map<string, HeldByName<View>>

/**
 * Finds a document in memory by kind, project and name. Building a scope for each hit would cost more than the rest of the hit, so what
 * is in memory stands here under its parts.
 */
export class ViewIndex<View> {
  readonly #kinds = new Map<ConfigKind, HeldOfKind<View>>()
  /** Maps that readers hold, and that therefore stay in the index while they are empty. */
  readonly #pinned = new Set<HeldByName<View>>()
  /** The engine's own copies of names. */
  readonly #copies = new BoundedMap<string>(MAX_COPIES)

  /** Of one kind: always the same map, so that readers can keep it. */
  of(kind: ConfigKind): HeldOfKind<View> {
    const known = this.#kinds.get(kind)
    if (known) return known
    const projects: HeldOfKind<View> = new Map()
    this.#kinds.set(kind, projects)
    return projects
  }

  /** Of one kind and project: always the same map, so that readers of that project need not look for it. */
  pin(kind: ConfigKind, project: string): HeldByName<View> {
    const names = namesOf(this.of(kind), project)
    this.#pinned.add(names)
    return names
  }

  add(entry: MemoryEntry<View>): void {
    const parts = isContent(entry.scope) ? undefined : parseScope(entry.scope)
    if (!parts) return
    const names = namesOf(this.of(parts.kind), parts.project)
    const cell = names.get(parts.name)
    if (cell) cell.entry = entry
    // A copy: a substring of the scope would be compared character by character at each hit.
    else names.set(this.#ownCopy(parts.name), { entry })
  }

  remove(entry: MemoryEntry<unknown>): void {
    const parts = isContent(entry.scope) ? undefined : parseScope(entry.scope)
    if (!parts) return
    const projects = this.of(parts.kind)
    const names = projects.get(parts.project)
    const cell = names?.get(parts.name)
    if (!names || !cell) return
    cell.entry = undefined
    names.delete(parts.name)
    if (names.size === 0 && !this.#pinned.has(names)) projects.delete(parts.project)
  }

  /** Documents come and go more often than names, and making such a copy takes as long as making the document. */
  #ownCopy(name: string): string {
    const known = this.#copies.get(name)
    if (known !== undefined) return known
    const copy = intern(name)
    this.#copies.set(copy, copy)
    return copy
  }
}

function namesOf<View>(projects: HeldOfKind<View>, project: string): HeldByName<View> {
  const known = projects.get(project)
  if (known) return known
  const names: HeldByName<View> = new Map()
  projects.set(project, names)
  return names
}
