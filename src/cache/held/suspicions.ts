import type { Scope } from '../../entities/scope.js'

/** Scopes whose document in Redis is not to be trusted until PostgreSQL was asked once. */
export class Suspicions {
  /** Each with a number of its own, so that a load can tell whether its scope was suspected again meanwhile. */
  readonly #numbers = new Map<Scope, number>()
  readonly #max: number
  #latest = 0

  /** @param max most suspicions kept, since any publisher can raise them; the oldest is forgotten first */
  constructor(max: number) {
    this.#max = max
  }

  raise(scope: Scope): void {
    this.#numbers.delete(scope)
    this.#numbers.set(scope, ++this.#latest)
    if (this.#numbers.size <= this.#max) return
    for (const oldest of this.#numbers.keys()) {
      this.#numbers.delete(oldest)
      break
    }
  }

  has(scope: Scope): boolean {
    return this.#numbers.has(scope)
  }

  /** The number of the suspicion of this scope; `undefined` when it is not suspected. */
  numberOf(scope: Scope): number | undefined {
    return this.#numbers.get(scope)
  }

  settle(scope: Scope): void {
    this.#numbers.delete(scope)
  }
}
