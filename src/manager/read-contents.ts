import { BoundedMap } from '../cache/held/bounded-map.js'
import type { Scope } from '../entities/scope.js'

/** Entities of which single versions were read; of more, those read longest ago are forgotten. */
const MAX_ENTITIES = 10_000

/**
 * Which contents of single versions were read for which entity. They never change, except that a purge takes them away: so when the document
 * of an entity leaves memory, or is replaced, they leave as well, and are read again at their next use.
 */
export class ReadContents {
  readonly #drop: (key: Scope) => void
  readonly #keys = new BoundedMap<Set<Scope>>(MAX_ENTITIES)

  /** @param drop takes a content out of memory */
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
