import { LRUCache } from 'lru-cache'
import type { Scope } from '../../entities/scope.js'
import { type MutableEntry, updateFlags } from './memory-entry.js'

export interface MemoryTierOptions {
  /** Most documents kept; the least recently read leaves first. */
  readonly maxEntries: number
  /** Most bytes kept, counted as two a character of the document's JSON and 1,024 for the rest. */
  readonly maxBytes: number
  /** Told when an entry leaves or is replaced. */
  readonly onRemoved?: (entry: MutableEntry<unknown>) => void
}

/** The in-process tier: documents by scope, bounded by number and by bytes. */
export class MemoryTier<Value> {
  readonly #entries: LRUCache<Scope, MutableEntry<Value>>
  /** Read since the last insertion. Their order only matters when something has to leave, so a hit does not pay for it. */
  #touched: MutableEntry<Value>[] = []

  constructor(options: MemoryTierOptions) {
    this.#entries = new LRUCache({
      max: options.maxEntries,
      maxSize: options.maxBytes,
      sizeCalculation: (entry) => entry.bytes,
      dispose: (entry) => options.onRemoved?.(entry),
    })
  }

  /** Counts as a use of an entry. */
  touch(entry: MutableEntry<Value>): void {
    if (entry.isTouched) return
    entry.isTouched = true
    updateFlags(entry)
    this.#touched.push(entry)
  }

  /** Without counting as a use. */
  peek(scope: Scope): MutableEntry<Value> | undefined {
    return this.#entries.peek(scope)
  }

  /** @returns whether it was kept: an entry larger than all of memory may be is not */
  set(entry: MutableEntry<Value>): boolean {
    this.#moveTouched()
    this.#entries.set(entry.scope, entry)
    return this.#entries.peek(entry.scope) === entry
  }

  delete(scope: Scope): void {
    this.#entries.delete(scope)
  }

  clear(): void {
    this.#touched = []
    this.#entries.clear()
  }

  entries(): MutableEntry<Value>[] {
    return [...this.#entries.values()]
  }

  get size(): number {
    return this.#entries.size
  }

  get bytes(): number {
    return this.#entries.calculatedSize
  }

  #moveTouched(): void {
    for (const entry of this.#touched) {
      entry.isTouched = false
      entry.isHot = false
      this.#entries.get(entry.scope)
    }
    this.#touched = []
  }
}
