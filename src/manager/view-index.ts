import { isContent } from '../cache/content-key.js'
import type { MemoryEntry } from '../cache/memory-tier.js'
import type { ConfigKind } from '../entities/config-kind.js'
import { parseScope } from '../entities/scope.js'
import { intern } from '../shared/intern.js'

type ByName<View> = Map<string, MemoryEntry<View>>

/**
 * Finds a document in memory by kind, project and name. Building a scope for each hit would cost more than the rest of the hit, so what
 * is in memory stands here under its parts.
 */
export class ViewIndex<View> {
  readonly #kinds: Record<ConfigKind, Map<string, ByName<View>>> = {
    prompt: new Map(),
    model: new Map(),
    embedding: new Map(),
    context_rules: new Map(),
  }

  get(kind: ConfigKind, project: string, name: string): MemoryEntry<View> | undefined {
    return this.#kinds[kind].get(project)?.get(name)
  }

  add(entry: MemoryEntry<View>): void {
    const parts = isContent(entry.scope) ? undefined : parseScope(entry.scope)
    if (!parts) return
    const projects = this.#kinds[parts.kind]
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
    const projects = this.#kinds[parts.kind]
    const names = projects.get(parts.project)
    names?.delete(parts.name)
    if (names?.size === 0) projects.delete(parts.project)
  }
}
