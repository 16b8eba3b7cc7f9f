import type { Scope } from '../../entities/scope.js'
import type { LogPage } from '../log/revision-log.js'
import { isContent } from './content-key.js'
import { type Head, HeadTable } from './head-table.js'
import { type EntryState, isUnverified, type MemoryEntry, type MutableEntry, NewEntry, updateFlags } from './memory-entry.js'
import { MemoryTier } from './memory-tier.js'
import type { StampedDocument } from './stamped-document.js'

export interface HeldDocumentsParts<Value> {
  readonly maxEntries: number
  readonly maxBytes: number
  /** Milliseconds until a document is read again even when no change was announced. */
  readonly ttlMs: number
  /** Whether documents are kept as text too, so that snapshots can be taken. */
  readonly keepsText: boolean
  /**
   * Makes the served object from a document's JSON, once, when it enters memory. JSON that did not come from PostgreSQL may be anything: it throws
   * when it is not a document of this scope.
   */
  readonly materialize: (document: StampedDocument, isForeign: boolean) => Value
  /** Called for every document, after it entered memory. */
  readonly onKept: (entry: MemoryEntry<Value>) => void
  readonly onRemoved: (entry: MemoryEntry<unknown>) => void
}

/** Where a document that is about to enter memory comes from. */
export interface Arrival {
  /** The history it was read in. */
  readonly generation: number
  /** It never changes (the content of one version): its age does not matter. */
  readonly isImmutable?: boolean
  /** It could not be confirmed, since the log was never read. */
  readonly unverified?: boolean
  /** It comes from Redis, where others may write. */
  readonly isForeign?: boolean
}

/** Most entries of `#arrived`; beyond that only documents that are still in memory are compared. */
const MAX_ARRIVED = 1_000

/** Heads kept for each document that may be kept: a head takes a hundred bytes, and one that is missing costs a query later. */
export const HEADS_PER_ENTRY = 10

/**
 * The documents in memory, and the heads that say how old each may be. One that was read enters through `accept()`, and never if it is
 * older than what this process was told of; one of an earlier process enters through `adopt()`, as one to be confirmed.
 */
export class HeldDocuments<Value> {
  readonly #parts: HeldDocumentsParts<Value>
  readonly #heads: HeadTable
  readonly #memory: MemoryTier<Value>
  /** Scopes that were announced since the log was read, each with the head it had before. */
  readonly #claims = new Map<Scope, Readonly<Head> | undefined>()
  /** The changes of documents that came in since the log was read; memory may have dropped the documents again. */
  readonly #arrived = new Map<Scope, Readonly<Head>>()
  #generation = 0
  /** Whether the log was read. */
  #hasBegun = false
  #hasStartedOver = false
  #isClosed = false
  #refusedFills = 0

  constructor(parts: HeldDocumentsParts<Value>) {
    const { maxEntries, maxBytes, onRemoved } = parts
    this.#parts = parts
    this.#heads = new HeadTable(maxEntries * HEADS_PER_ENTRY)
    this.#memory = new MemoryTier({ maxEntries, maxBytes, onRemoved })
  }

  get size(): number {
    return this.#memory.size
  }

  get bytes(): number {
    return this.#memory.bytes
  }

  /** Counts up when the database turns out to have another history; what was loaded before is dropped. */
  get generation(): number {
    return this.#generation
  }

  /**
   * Whether this process may have heard of a scope, or served a confirmed document of it. A document in Redis that nobody can confirm may lack that, however it looks:
   * in a history that was lost before this process began, numbers and stamps were counted that are higher than the present ones.
   */
  hasKnown(scope: Scope): boolean {
    return this.#hasStartedOver || this.#heads.hasForgotten || this.#heads.get(scope) !== undefined
  }

  /** How many documents were refused on arrival, because something newer was announced while they were loaded. */
  get refusedFills(): number {
    return this.#refusedFills
  }

  peek(scope: Scope): MemoryEntry<Value> | undefined {
    return this.#memory.peek(scope)
  }

  /** Counts as a use. */
  touch(entry: MemoryEntry<Value>): void {
    this.#memory.touch(entry as MutableEntry<Value>)
  }

  /** Moves the clock: documents that have expired by then are read again at their next use. */
  tick(now: number): void {
    for (const entry of this.#memory.entries()) if (entry.state === 'fresh' && entry.expiresAt <= now) this.#enter(entry, 'expired')
  }

  /** A document that has expired is being read again, until `refreshed` or `refreshFailed`. */
  refreshing(entry: MemoryEntry<Value>): void {
    const own = entry as MutableEntry<Value>
    own.expiresAt = Number.POSITIVE_INFINITY
    if (entry.state === 'expired') this.#enter(own, 'refreshing')
  }

  /** It was read again. If that did not put another entry in its place, it is read once more at `expiresAt`. */
  refreshed(entry: MemoryEntry<Value>, expiresAt: number): void {
    const own = entry as MutableEntry<Value>
    own.expiresAt = expiresAt
    if (entry.state === 'refreshing') this.#enter(own, 'expired')
  }

  /** It could not be read again; that is tried once more at `expiresAt`. */
  refreshFailed(entry: MemoryEntry<Value>, expiresAt: number): void {
    const own = entry as MutableEntry<Value>
    own.expiresAt = expiresAt
    if (entry.state === 'fresh' || entry.state === 'refreshing') this.#enter(own, 'stale')
  }

  /** A message without a revision said that it changed. */
  suspect(entry: MemoryEntry<Value>): void {
    this.#enter(entry as MutableEntry<Value>, isUnverified(entry) ? 'adopted' : 'suspect')
  }

  entries(): readonly MemoryEntry<Value>[] {
    return this.#memory.entries()
  }

  /** The documents that would be served now, without contents of single versions, which never change. */
  served(): readonly MemoryEntry<Value>[] {
    return this.#memory.entries().filter((entry) => entry.isUsable && !isContent(entry.scope))
  }

  /** The revision that a document of this scope has to be as of. */
  floor(scope: Scope): number {
    return this.#heads.floor(scope)
  }

  /** Whether a message about a known revision contradicts what is known of a scope. */
  contradicts(scope: Scope, revision: number, token: string): boolean {
    return this.#heads.contradicts(scope, revision, token)
  }

  /** Whether a document of this scope that is as of this revision is the last one, as far as this process has heard. */
  certainFrom(scope: Scope): number {
    return this.#heads.certainFrom(scope)
  }

  /** Whether a document is its scope's last one, as far as is known here; `undefined` where its head is not known. */
  isLast({ scope, revision, token, asOf }: Omit<StampedDocument, 'text'>): boolean | undefined {
    const head = this.#heads.known(scope)
    if (head) return head.revision === revision && head.token === token
    return asOf < (this.#heads.get(scope)?.revision ?? 0) ? false : undefined
  }

  /** Scopes of which something is held or was announced that only their heads can confirm. */
  unconfirmed(): readonly Scope[] {
    const held = this.#memory.entries().filter((entry) => isUnverified(entry) && !isContent(entry.scope))
    return [...new Set([...held.map(({ scope }) => scope), ...(this.#hasBegun ? [] : this.#claims.keys())])]
  }

  /**
   * Takes a document into memory. Drops it when something newer was announced while it was on its way, and when it is older than what
   * is there.
   *
   * @returns what is in memory now, if it may be served
   */
  accept(document: StampedDocument, arrival: Arrival): MemoryEntry<Value> | undefined {
    const { scope } = document
    const { generation, isImmutable = false, unverified = false, isForeign = false } = arrival
    const floor = isImmutable ? 0 : unverified ? this.#heads.floor(scope) : this.#heads.certainFrom(scope)
    // A stamp that nobody has confirmed may have been counted in a history that is lost: its last change alone says how old it is.
    const since = unverified ? document.revision : document.asOf
    if (this.#isClosed || generation !== this.#generation || since < floor) {
      this.#refusedFills++
      return undefined
    }
    const held = this.#memory.peek(scope)
    if (held && held.asOf > document.asOf) {
      if (held.isUsable) return held
      // Of two unverified documents the later one stays.
      if (isUnverified(held) && unverified) return undefined
    }
    const value = this.#parts.materialize(document, isForeign)
    // Learn no head from an unverified document: nothing has confirmed its stamp.
    const head = isImmutable || unverified ? undefined : this.#headOf(document)
    if (head && this.#arrived.size < MAX_ARRIVED) this.#arrived.set(scope, { revision: document.revision, token: document.token })
    return this.#keep(document, value, { head, state: unverified ? 'unverified' : 'fresh' })
  }

  /** Takes the last good document of an earlier process, which is served when no server answers. */
  adopt(document: StampedDocument): void {
    this.#keep(document, this.#parts.materialize(document, true), { state: 'adopted', source: 'snapshot' })
  }

  /** Takes a document out of memory; its head stays. */
  forget(scope: Scope): void {
    this.#memory.delete(scope)
  }

  /** Takes over which change of a scope the primary itself says was the last. */
  learn({ scope, revision, token, asOf }: Omit<StampedDocument, 'text'>): void {
    const head = this.#heads.learn(scope, revision, token, asOf)
    const held = this.#memory.peek(scope)
    if (!held) return
    this.#follow(held, head)
    // In one history, a document that contains the last change up to `asOf` is the document of that change, or of a later one.
    const isOther = held.revision !== revision || held.token !== token
    if (isOther && held.revision <= asOf && held.asOf >= revision) this.#memory.delete(scope)
  }

  /** Takes back a claim that a later load from the primary contradicts. */
  distrust({ scope, asOf }: StampedDocument, claimed: number): void {
    if (!this.#heads.distrust(scope, claimed, asOf)) return
    const held = this.#memory.peek(scope)
    if (!held) return
    // Nothing entered memory while the claim stood: in one history, what is there cannot be newer than what the primary said since.
    if (held.asOf > asOf) this.#memory.delete(scope)
    else updateFlags(held)
  }

  /**
   * Takes changes that were announced: from here on no document that was read before them is served. The next read of the log says whether
   * they are true.
   *
   * @returns the changes that were new here
   */
  claim(heads: LogPage['heads']): LogPage['heads'] {
    return heads.filter((head) => {
      const { scope } = head
      const known = this.#heads.get(scope)
      const before = known && { ...known }
      if (!this.#raise(head)) return false
      if (!this.#claims.has(scope)) this.#claims.set(scope, before)
      this.#lowerStamp(head)
      return true
    })
  }

  /**
   * A document that lacks a change at or below its own stamp had the stamp counted in another history. The stamp
   * proves nothing from that change on, so it is lowered to just below it; if the change was forged, the lower stamp is still enough.
   */
  #lowerStamp({ scope, revision }: LogPage['heads'][number]): void {
    const held = this.#memory.peek(scope)
    if (!held || held.revision >= revision || held.asOf < revision) return
    held.asOf = revision - 1
    updateFlags(held)
  }

  /**
   * Takes the changes since the log was read before, and takes back every announcement that they do not confirm: its scope has the head
   * that it had before, so that its document is served again.
   *
   * The first read does not list what changed up to now, so it cannot confirm what was announced while it was under way: that stays as a bound.
   *
   * @param isPending whether a revision was announced too late to be in this read
   */
  settle(
    { heads, asked, top }: Pick<LogPage, 'heads' | 'asked' | 'top'>,
    isPending: (revision: number) => boolean,
  ): { readonly news: LogPage['heads']; readonly wasFalse: boolean } {
    const isFirst = !this.#hasBegun
    if (isFirst) this.#begin(top)
    const inLog = new Map([...heads, ...asked].map((head) => [head.scope, head]))
    let wasFalse = false
    for (const [scope, before] of this.#claims) {
      const head = this.#heads.get(scope)
      const right = inLog.get(scope) ?? before
      if (head && isPending(head.revision)) {
        this.#claims.set(scope, right && { revision: right.revision, token: right.token })
        continue
      }
      this.#claims.delete(scope)
      if (head && !right && isFirst && head.revision <= top) {
        head.token = ''
        continue
      }
      if (!head || (right && !isOver(head, right))) continue
      wasFalse = true
      if (right) this.#correct(scope, head, right)
      else this.#forgetScope(scope)
    }
    const news = heads.filter((head) => {
      const known = this.#heads.get(head.scope)
      if (known && isOver(known, head) && !isPending(known.revision)) this.#correct(head.scope, known, head)
      return this.#raise(head)
    })
    for (const head of asked) this.#heads.learn(head.scope, head.revision, head.token, top)
    this.#arrived.clear()
    if (wasFalse) this.#generation++
    if (wasFalse || heads.length > 0) this.#dropLost(isPending)
    return { news, wasFalse }
  }

  /**
   * Whether a document that was read contains a change after `after` that the log does not have: the database has lost it. Messages bring
   * no documents, so this cannot be forged on the channel.
   */
  hasLost(heads: LogPage['heads'], after: number, isPending: (revision: number) => boolean): boolean {
    const inLog = new Map(heads.map((head) => [head.scope, head]))
    const isLost = (scope: Scope, change: Readonly<Head>) => {
      if (change.revision <= after || isPending(change.revision)) return false
      const right = inLog.get(scope)
      return right === undefined || isOver(change, right)
    }
    if ([...this.#arrived].some(([scope, change]) => isLost(scope, change))) return true
    return this.#memory.entries().some((entry) => !isUnverified(entry) && !isContent(entry.scope) && isLost(entry.scope, entry))
  }

  /** Forgets documents and heads of a history that the database has lost, and drops loads of it that are still under way. */
  loseScopes(scopes: readonly Scope[]): void {
    this.#generation++
    for (const scope of scopes) this.#forgetScope(scope)
  }

  #raise({ scope, revision, token }: LogPage['heads'][number]): boolean {
    const head = this.#heads.raise(scope, revision, token)
    const held = this.#memory.peek(scope)
    // Also for a head that is not new: it may have been pushed out of the table after the document was read, and come back now.
    if (held) this.#follow(held, this.#heads.get(scope))
    if (head && held?.revision === revision && held.token !== token) this.#memory.delete(scope)
    return head !== undefined
  }

  /** Whether the log contradicts the head of a scope. */
  #correct(scope: Scope, head: Head, { revision, token }: Readonly<Head>): void {
    Object.assign(head, { revision, token })
    const held = this.#memory.peek(scope)
    if (held) updateFlags(held)
  }

  #follow(held: MutableEntry<Value>, head: Head | undefined): void {
    held.head = head
    updateFlags(held)
  }

  #enter(entry: MutableEntry<Value>, state: EntryState): void {
    entry.state = state
    updateFlags(entry)
  }

  #forgetScope(scope: Scope): void {
    this.#heads.forget(scope)
    this.#memory.delete(scope)
  }

  /**
   * A document whose stamp is at or above its scope's head, and that is not the head's, was read in a history that the database has lost:
   * its stamp was counted there.
   */
  #dropLost(isPending: (revision: number) => boolean): void {
    for (const entry of this.#memory.entries()) {
      const { head, scope, revision, token, asOf } = entry
      if (!head || head.token === '' || isUnverified(entry) || isContent(scope) || isPending(head.revision)) continue
      if (asOf >= head.revision && (revision !== head.revision || token !== head.token)) this.#memory.delete(scope)
    }
  }

  /**
   * Unverified documents become `fresh` if the log, which was asked about them, says that they are the last of their scopes. Those it has
   * a newer change for are superseded and wait to be read again; those of another history are dropped.
   *
   * @param top as of which revision the log was asked
   * @returns the scopes whose readers got something different until now
   */
  settleUnverified(asked: Pick<ReadonlySet<Scope>, 'has'>, top: number, isSuspected: (scope: Scope) => boolean): ReadonlySet<Scope> {
    const turned = new Set<Scope>()
    for (const entry of this.#memory.entries()) {
      const { scope } = entry
      if (!isUnverified(entry) || !(asked.has(scope) || isContent(scope))) continue
      entry.head = this.#heads.get(scope)
      if (isContent(scope) || (this.isLast(entry) && entry.revision <= top)) {
        entry.source = 'memory'
        entry.asOf = top
        this.#enter(entry, isSuspected(scope) ? 'suspect' : 'fresh')
        continue
      }
      turned.add(scope)
      if (entry.head && entry.asOf < entry.head.revision) this.#enter(entry, entry.state === 'adopted' ? 'suspect' : 'stale')
      else this.#memory.delete(scope)
    }
    return turned
  }

  /** Drops everything, and takes the heads of another history. */
  startOver(heads: LogPage['heads']): void {
    this.#hasBegun = true
    this.#hasStartedOver = true
    this.#generation++
    this.#heads.clear()
    this.#claims.clear()
    this.#arrived.clear()
    this.#memory.clear()
    for (const { scope, revision, token } of heads) this.#heads.raise(scope, revision, token)
  }

  close(): void {
    this.#isClosed = true
    this.#memory.clear()
    this.#heads.clear()
    this.#claims.clear()
  }

  #keep(
    document: StampedDocument,
    value: Value,
    { head, state, source = 'memory' }: Pick<Partial<MemoryEntry<Value>>, 'head' | 'source'> & Pick<MemoryEntry<Value>, 'state'>,
  ): MemoryEntry<Value> {
    const { keepsText, ttlMs, onKept } = this.#parts
    const expiresAt = performance.now() + ttlMs * (0.9 + Math.random() * 0.2)
    const entry = new NewEntry(document, value, state, head ?? this.#heads.get(document.scope), expiresAt)
    entry.source = source
    if (keepsText) entry.text = document.text
    updateFlags(entry)
    // A document that is larger than all of memory may be is served, and not kept.
    if (this.#memory.set(entry)) onKept(entry)
    return entry
  }

  #begin(top: number): void {
    this.#hasBegun = true
    this.#heads.beginAt(top)
  }

  #headOf({ scope, revision, token, asOf }: StampedDocument): Head | undefined {
    return this.#heads.get(scope) ?? this.#heads.learn(scope, revision, token, asOf)
  }
}

/** Whether one head is above another, or contradicts it: the same revision with another token. */
function isOver(head: Readonly<Head>, other: Readonly<Head>): boolean {
  return head.revision > other.revision || (head.revision === other.revision && head.token !== other.token)
}
