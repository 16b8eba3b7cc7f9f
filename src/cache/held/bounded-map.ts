import { LRUCache } from 'lru-cache'

/** A map that remembers the entries used last, and no more than `max` of them. */
export class BoundedMap<Value extends NonNullable<unknown>> {
  readonly #entries: LRUCache<string, Value>

  constructor(max: number) {
    this.#entries = new LRUCache({ max })
  }

  get(key: string): Value | undefined {
    return this.#entries.get(key)
  }

  set(key: string, value: Value): void {
    this.#entries.set(key, value)
  }

  delete(key: string): void {
    this.#entries.delete(key)
  }
}
