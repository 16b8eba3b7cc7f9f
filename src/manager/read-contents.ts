import { BoundedMap } from '../cache/held/bounded-map.js'
import type { Scope } from '../entities/scope.js'

/** Most entities that are remembered; those read longest ago are forgotten first. */
const MAX_ENTITIES = 10_000

/**
 * Which contents of single versions were read for which entity. A content never changes, but a purge deletes it: so when the document
 * of an entity leaves memory, or is replaced, its contents are dropped too, and read again at their next use.
 */
export class ReadContents {
  readonly #drop: (key: Scope) => void
  readonly #keys = new BoundedMap<Set<Scope>>(MAX_ENTITIES)

  /** @param drop deletes a content from memory */
  constructor(drop: (key: Scope) => void) {
    this.#drop = drop
  }

  note(scope: Scope, key: Scope): void {
    const keys = this.#keys.get(scope) ?? new Set()
    keys.add(key)
    this.#keys.set(scope, keys)
  }

  /** The document of an entity has left memory. */
  left(scope: Scope): void {
    const keys = this.#keys.get(scope)
    if (!keys) return
    this.#keys.delete(scope)
    // In a later tick: memory is still removing the document in this one.
    queueMicrotask(() => {
      for (const key of keys) this.#drop(key)
    })
  }
}
