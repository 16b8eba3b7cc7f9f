import type { Scope } from '../../entities/scope.js'
import type { Head } from './head-table.js'
import type { StampedDocument } from './stamped-document.js'

/**
 * What is known of a document in memory. `HeldDocuments` alone changes it.
 *
 * | state | what it says | served | becomes |
 * | --- | --- | --- | --- |
 * | `fresh` | it was confirmed | yes | `expired` by time, `suspect` by a message without a revision |
 * | `expired` | it was not read for `ttlMs` | yes | `refreshing` by the next read of it, `suspect` |
 * | `refreshing` | it has expired and is being read again in the background | yes | `stale` when that fails, `suspect` |
 * | `stale` | it could not be read again | yes, as stale, and tried again | `suspect` |
 * | `unverified` | it came from Redis before this process ever read the log | yes, as stale | by the first read of the log: `fresh` or `suspect`, or it leaves; `adopted` by a message without a revision |
 * | `suspect` | a message without a revision said that it changed | when no server answers, as stale | |
 * | `adopted` | it is of an earlier process, or unverified and suspect | when no server answers, as stale | as `unverified` |
 *
 * Every state ends when the document is read again: the new entry is `fresh`. Besides its state, an entry is superseded as long
 * as its head, the last change of its scope that was announced, is above its `asOf`. Then it is not served, whatever its state, and keeps
 * it if the announcement is taken back.
 */
export type EntryState = 'fresh' | 'expired' | 'refreshing' | 'stale' | 'unverified' | 'suspect' | 'adopted'

/** One document in memory. */
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
  readonly source: 'memory' | 'snapshot'
  /** The last change of its scope that was announced. */
  readonly head: Head | undefined
  /** It contains every change up to this revision. */
  readonly asOf: number
  /** When it is read again, on the clock of `performance.now()`; never as long as it is being read again. */
  readonly expiresAt: number
  readonly state: EntryState
  /** Whether nothing newer was announced. */
  readonly isCurrent: boolean
  /** Whether a read may be answered with it without asking a server. */
  readonly isUsable: boolean
  /** Whether an answer says that it could not be confirmed (`stale`). */
  readonly stale: boolean
  /** Read since the last time something entered memory. */
  readonly isTouched: boolean
  /** Usable, fresh or being read again, and touched: a hit checks and records nothing else. */
  readonly isHot: boolean
}

/** An entry that may be changed: by `HeldDocuments`, and by `MemoryTier`, which sets `isTouched`. */
export type MutableEntry<Value> = { -readonly [Key in keyof MemoryEntry<Value>]: MemoryEntry<Value>[Key] }

const WAITS_FOR_AN_ANSWER: ReadonlySet<EntryState> = new Set<EntryState>(['suspect', 'adopted'])
const NEEDS_NOTHING: ReadonlySet<EntryState> = new Set<EntryState>(['fresh', 'refreshing'])
const SERVED_AS_STALE: ReadonlySet<EntryState> = new Set<EntryState>(['stale', 'unverified', 'suspect', 'adopted'])

/** Whether it was never confirmed. */
export function isUnverified({ state }: MemoryEntry<unknown>): boolean {
  return state === 'unverified' || state === 'adopted'
}

/** Sets `isCurrent`, `isUsable`, `stale` and `isHot` from the entry's state, stamp and head. Call it after each change of one of these. */
export function updateFlags(entry: MutableEntry<unknown>): void {
  const { state, head, asOf } = entry
  entry.isCurrent = head === undefined || asOf >= head.revision
  entry.isUsable = entry.isCurrent && !WAITS_FOR_AN_ANSWER.has(state)
  entry.stale = SERVED_AS_STALE.has(state)
  entry.isHot = entry.isUsable && entry.isTouched && NEEDS_NOTHING.has(state)
}

/**
 * A new entry. An instance of a class, and not an object literal: literals of which many were still there at the first garbage collections are
 * placed by V8 among the long-lived objects from then on, and these, once dropped, keep all that hangs from them until a full collection.
 */
export class NewEntry<Value> implements MutableEntry<Value> {
  scope: Scope
  value: Value
  revision: number
  token: string
  bytes: number
  text: string | undefined
  source: 'memory' | 'snapshot'
  head: Head | undefined
  asOf: number
  expiresAt: number
  state: EntryState
  isCurrent = true
  isUsable = true
  stale = false
  isTouched = false
  isHot = false

  constructor(document: StampedDocument, value: Value, state: EntryState, head: Head | undefined, expiresAt: number) {
    this.scope = document.scope
    this.value = value
    this.revision = document.revision
    this.token = document.token
    this.bytes = document.text.length * 2 + 1_024
    this.text = undefined
    this.source = 'memory'
    this.head = head
    this.asOf = document.asOf
    this.expiresAt = expiresAt
    this.state = state
  }
}
