import { isContent } from '../cache/held/content-key.js'
import type { MemoryEntry } from '../cache/held/memory-tier.js'
import type { ConfigKind } from '../entities/config-kind.js'
import { parseScope } from '../entities/scope.js'
import { intern } from '../shared/intern.js'

/** What is in memory of one kind: by project, then by name. */
export type HeldOfKind<View> = Map<string, Map<string, MemoryEntry<View>>>

/**
 * Finds a document in memory by kind, project and name. Building a scope for each hit would cost more than the rest of the hit, so what
 * is in memory stands here under its parts.
 */
export class ViewIndex<View> {
  readonly #kinds = new Map<ConfigKind, HeldOfKind<View>>()

  /** Of one kind: always the same map, so that readers can keep it. */
  of(kind: ConfigKind): HeldOfKind<View> {
    const known = this.#kinds.get(kind)
    if (known) return known
    const projects: HeldOfKind<View> = new Map()
    this.#kinds.set(kind, projects)
    return projects
  }

  add(entry: MemoryEntry<View>): void {
    const parts = isContent(entry.scope) ? undefined : parseScope(entry.scope)
    if (!parts) return
    const projects = this.of(parts.kind)
    let names = projects.get(parts.project)
    if (!names) {
      names = new Map()
      projects.set(parts.project, names)
    }
    // What was cut out of a scope would be compared letter by letter at each hit.
    names.set(intern(parts.name), entry)
  }

  remove(entry: MemoryEntry<unknown>): void {
    const parts = isContent(entry.scope) ? undefined : parseScope(entry.scope)
    if (!parts) return
    const projects = this.of(parts.kind)
    const names = projects.get(parts.project)
    names?.delete(parts.name)
    if (names?.size === 0) projects.delete(parts.project)
  }
}
