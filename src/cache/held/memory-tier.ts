import { LRUCache } from 'lru-cache'
import type { Scope } from '../../entities/scope.js'
import type { Head } from './head-table.js'

export interface MemoryTierOptions {
  /** Most documents kept; the least recently read leaves first. */
  readonly maxEntries: number
  /** Most bytes kept, counted as two a character of the document's JSON and 1,024 for the rest. */
  readonly maxBytes: number
  /** Told when an entry leaves or is replaced. */
  readonly onRemoved?: (entry: MemoryEntry<unknown>) => void
}

/** One document in memory. It enters through `HeldDocuments` alone. */
export interface MemoryEntry<Value> {
  readonly scope: Scope
  /** What the document's JSON was made into, once: frozen and shared. */
  readonly value: Value
  readonly revision: number
  readonly token: string
  readonly bytes: number
  /** The document's JSON, where snapshots are taken. */
  readonly text: string | undefined
  /** Where a read that is answered from here says it comes from. */
  source: 'memory' | 'snapshot'
  /** The scope's head, shared with the table, so that a hit need not look it up. */
  head: Head | undefined
  asOf: number
  /** On the clock of `performance.now()`; a document past it is served once more and refreshed behind. */
  expiresAt: number
  /** A last good value that must be confirmed before it is served, unless nobody can confirm it. */
  suspect: boolean
  /** Served although its refresh failed. */
  stale: boolean
  /** Taken from Redis or a snapshot before this process ever read the log. */
  unverified: boolean
  refreshing: boolean
  /** Read since the last time something entered memory. */
  isTouched: boolean
}

/** The in-process tier: documents by scope, bounded by number and by bytes. */
export class MemoryTier<Value> {
  readonly #entries: LRUCache<Scope, MemoryEntry<Value>>
  /** Read since the last insertion. Their order only matters when something has to leave, so a hit does not pay for it. */
  #touched: MemoryEntry<Value>[] = []

  constructor(options: MemoryTierOptions) {
    this.#entries = new LRUCache({
      max: options.maxEntries,
      maxSize: options.maxBytes,
      sizeCalculation: (entry) => entry.bytes,
      dispose: (entry) => options.onRemoved?.(entry),
    })
  }

  /** Counts as a use of an entry. */
  touch(entry: MemoryEntry<Value>): void {
    if (entry.isTouched) return
    entry.isTouched = true
    this.#touched.push(entry)
  }

  /** Without counting as a use. */
  peek(scope: Scope): MemoryEntry<Value> | undefined {
    return this.#entries.peek(scope)
  }

  /** @returns whether it was kept: an entry larger than all of memory may be is not */
  set(entry: MemoryEntry<Value>): boolean {
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

  entries(): MemoryEntry<Value>[] {
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
      this.#entries.get(entry.scope)
    }
    this.#touched = []
  }
}
