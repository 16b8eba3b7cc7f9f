import { BoundedMap } from '../cache/bounded-map.js'
import type { Scope } from '../entities/scope.js'

/** Entities of which single versions were read; of more, those read longest ago keep theirs until memory runs short. */
const MAX_ENTITIES = 10_000

/**
 * Which contents of single versions are in memory for which entity. They never change, but for a purge, which takes them away: so when an
 * entity changes they are dropped, and read again when somebody asks.
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

  changed(scopes: readonly Scope[]): void {
    for (const scope of scopes) {
      for (const key of this.#keys.get(scope) ?? []) this.#drop(key)
      this.#keys.delete(scope)
    }
  }
}
