import { newWorker, type WorkerState } from './worker-state.js'

/** Ways to break the protocol on purpose; the search has to find what each of them does. */
export const BREAKS = [
  'no floor check in accept()',
  'announce before commit',
  'no catchUp after a subscription',
  'serve a document whose head is above applied',
  'let waiting loads go when any read of the log ends',
  'put own documents while earlier revisions are unknown',
  'raise the floors of one revision one by one',
  'confirm an early document by the head it brought itself',
  'leave a document with a head that was pushed out',
  'take the heads that were not read for heads that are not there',
  'take a bound for a head',
  'let what was announced before the first read stand as the head',
] as const
export type Break = (typeof BREAKS)[number]

/** A promise that was not kept. */
export class Violation extends Error {
  readonly promise: 'G1' | 'G2' | 'G5' | 'minRevision'

  constructor(promise: 'G1' | 'G2' | 'G5' | 'minRevision', message: string) {
    super(`${promise}: ${message}`)
    this.promise = promise
  }
}

export const DATABASE = 0
export const REPLICA = 1
export const REDIS = 2
/** Not a document: what the primary says of one that came from elsewhere. */
export const CONFIRMATION = 3

/**
 * One worker's half of the protocol, as src/cache and src/manager/backend.ts do it, over whole numbers: what happens in one tick there is
 * one call here.
 */
export class Protocol {
  readonly scopes: number
  /** Per scope and revision, the last revision that changed the scope. */
  readonly #headAt: readonly (readonly number[])[]
  /** Per revision (0 is none), the scopes it changed. */
  readonly #changed: readonly number[]
  readonly #broken: Break | undefined

  /** @param writes per revision, the scopes it changes, as a mask */
  constructor(writes: readonly number[], scopes: number, broken?: Break) {
    this.scopes = scopes
    this.#changed = [0, ...writes]
    this.#broken = broken
    this.#headAt = Array.from({ length: scopes }, (_, scope) => {
      let last = 0
      return this.#changed.map((mask, revision) => {
        if (mask & (1 << scope)) last = revision
        return last
      })
    })
  }

  isBroken(by: Break): boolean {
    return this.#broken === by
  }

  headAt(scope: number, revision: number): number {
    return this.#headAt[scope]![revision]!
  }

  changes(revision: number, scope: number): boolean {
    return (this.#changed[revision]! & (1 << scope)) !== 0
  }

  floor(worker: WorkerState, scope: number): number {
    return worker.heads[scope]! >= 0 ? worker.heads[scope]! : worker.minFloor
  }

  isKnown(worker: WorkerState, scope: number): boolean {
    if (this.isBroken('take a bound for a head') && worker.heads[scope]! >= 0) return true
    return worker.heads[scope]! >= 0 && !(worker.bounds & (1 << scope))
  }

  /** As of which revision a document is certainly the last. */
  certainFrom(worker: WorkerState, scope: number): number {
    if (this.isKnown(worker, scope)) return worker.heads[scope]!
    const isBlind = this.isBroken('take the heads that were not read for heads that are not there')
    return Math.max(worker.heads[scope]!, worker.minFloor, isBlind ? 0 : worker.unknownBelow)
  }

  isUsable(worker: WorkerState, scope: number): boolean {
    const asOf = worker.memory[scope]!
    const head = worker.detached[scope]! >= 0 ? worker.detached[scope]! : worker.heads[scope]!
    return asOf >= 0 && asOf >= head
  }

  /** Whether the floors that a revision raises are there. */
  knows(worker: WorkerState, revision: number): boolean {
    return worker.heads.every((head, scope) => !this.changes(revision, scope) || (head >= revision && worker.told[scope]! >= revision))
  }

  /** A message of this revision arrives. */
  hear(worker: WorkerState, revision: number): void {
    const oneByOne = this.isBroken('raise the floors of one revision one by one')
    for (let scope = 0; scope < this.scopes; scope++) {
      if (!this.changes(revision, scope)) continue
      // What is known to be in the log already is no news; the head may be a later one.
      if (revision > worker.applied) this.#raise(worker, scope, revision)
      worker.told[scope] = Math.max(worker.told[scope]!, revision)
      if (oneByOne) {
        worker.half |= 1 << revision
        break
      }
    }
    if (revision > worker.applied) {
      worker.ahead |= 1 << revision
      this.#advance(worker)
    }
  }

  /** Only when the floors of one revision are raised one by one: the rest of them. */
  hearRest(worker: WorkerState, revision: number): void {
    worker.half &= ~(1 << revision)
    for (let scope = 0; scope < this.scopes; scope++) if (this.changes(revision, scope)) this.#raise(worker, scope, revision)
  }

  /** The primary answers a read of the log. */
  readLog(worker: WorkerState, top: number): void {
    worker.page = top
    worker.pageAfter = Math.max(0, worker.applied)
    worker.pageAsked = worker.unverified
    if (worker.applied < 0) for (let scope = 0; scope < this.scopes; scope++) if (worker.heads[scope]! >= 0) worker.pageAsked |= 1 << scope
    if (worker.mustCatchUp === 1) worker.mustCatchUp = 2
    worker.pageHeard = (worker.ahead >> (top + 1)) << (top + 1)
  }

  /** The answer arrives. */
  takeLog(worker: WorkerState): void {
    const { page, pageAfter, pageAsked, pageHeard } = worker
    worker.page = -1
    worker.pageAsked = 0
    worker.pageHeard = 0
    if (worker.mustCatchUp === 2) worker.mustCatchUp = 0
    if (page < pageAfter) {
      this.#startOver(worker, page)
      return
    }
    const isFirstRead = worker.applied < 0
    worker.applied = Math.max(worker.applied, page)
    if (isFirstRead) worker.unknownBelow = page
    for (let scope = 0; scope < this.scopes; scope++) {
      const head = this.headAt(scope, page)
      const isAsked = (pageAsked & (1 << scope)) !== 0
      if (isFirstRead) this.#settleFirst(worker, scope, page, isAsked)
      else if (head > pageAfter) this.#raise(worker, scope, head)
      if (isAsked) this.#settleUnverified(worker, scope, page)
      worker.told[scope] = Math.max(worker.told[scope]!, head)
    }
    worker.ahead &= ~pageHeard
    this.#advance(worker)
  }

  /** Whether a document that was read may go on, or waits until this worker knows the log up to its head. */
  isReached(worker: WorkerState, scope: number, asOf: number): boolean {
    const head = this.headAt(scope, asOf)
    if (head <= worker.applied || this.isBroken('serve a document whose head is above applied')) return true
    return this.isBroken('let waiting loads go when any read of the log ends') && (worker.ahead & (1 << head)) !== 0
  }

  /** As of which revision a document from Redis is known to be right; -1 when it is not. */
  currentAsOf(worker: WorkerState, scope: number, asOf: number): number {
    const revision = this.headAt(scope, asOf)
    return this.isKnown(worker, scope) && worker.heads[scope] === revision ? Math.min(asOf, Math.max(0, worker.applied, revision)) : -1
  }

  /** The primary says, as of a revision, which change of a scope is the last, and so whether a document from elsewhere is. */
  takeConfirmation(worker: WorkerState, scope: number, asOf: number, isLast: boolean): void {
    this.#learn(worker, scope, asOf)
    if (isLast && worker.heads[scope] === this.headAt(scope, asOf)) this.accept(worker, scope, asOf)
  }

  /** A document from the primary, asked for under the floor `claimed`. */
  takeLoad(worker: WorkerState, scope: number, asOf: number, claimed: number): void {
    if (asOf < claimed) this.#distrust(worker, scope, claimed, asOf)
    this.#learn(worker, scope, asOf)
    this.accept(worker, scope, asOf)
  }

  /** What the primary itself says of a scope's head. */
  #learn(worker: WorkerState, scope: number, asOf: number): void {
    const bit = 1 << scope
    if (worker.heads[scope]! < 0 && asOf < worker.minFloor) {
      worker.heads[scope] = worker.minFloor
      worker.bounds |= bit
    } else if (asOf >= this.certainFrom(worker, scope)) {
      worker.heads[scope] = this.headAt(scope, asOf)
      worker.bounds &= ~bit
    }
    if (!this.isBroken('leave a document with a head that was pushed out')) worker.detached[scope] = -1
  }

  /** The primary does not know a change that was announced. */
  #distrust(worker: WorkerState, scope: number, claimed: number, asOf: number): void {
    if (worker.heads[scope] === claimed) {
      worker.heads[scope] = asOf
      worker.bounds |= 1 << scope
    }
    if (worker.minFloor === claimed) worker.minFloor = asOf
  }

  /** The only writer of memory; what it keeps, it also returns to the reader who waits. */
  accept(worker: WorkerState, scope: number, asOf: number, isUnverified = false): boolean {
    if (asOf < (isUnverified ? this.floor(worker, scope) : this.certainFrom(worker, scope))) {
      if (!this.isBroken('no floor check in accept()')) return false
      this.#returns(worker, scope, asOf)
    }
    if (worker.memory[scope]! > asOf && this.isUsable(worker, scope)) return true
    const bringsHead = !isUnverified || this.isBroken('confirm an early document by the head it brought itself')
    if (worker.heads[scope]! < 0 && bringsHead) this.#learn(worker, scope, asOf)
    worker.memory[scope] = asOf
    worker.detached[scope] = -1
    const bit = 1 << scope
    worker.unverified = isUnverified ? worker.unverified | bit : worker.unverified & ~bit
    return true
  }

  /** An own write is committed: tell the others, and take it over here. */
  announce(worker: WorkerState, revision: number): void {
    if (worker.applied >= revision - 1 || this.isBroken('put own documents while earlier revisions are unknown'))
      this.keep(worker, revision)
    this.hear(worker, revision)
    if (worker.applied < revision) worker.waiting |= 1 << revision
  }

  keep(worker: WorkerState, revision: number): void {
    worker.waiting &= ~(1 << revision)
    for (let scope = 0; scope < this.scopes; scope++) if (this.changes(revision, scope)) this.accept(worker, scope, revision)
  }

  evictHead(worker: WorkerState, scope: number): void {
    worker.minFloor = Math.max(worker.minFloor, worker.heads[scope]!)
    if (worker.memory[scope]! >= 0 && worker.detached[scope]! < 0) worker.detached[scope] = worker.heads[scope]!
    worker.heads[scope] = -1
    worker.bounds &= ~(1 << scope)
  }

  forget(worker: WorkerState, scope: number): void {
    worker.memory[scope] = -1
    worker.detached[scope] = -1
    worker.unverified &= ~(1 << scope)
  }

  /**
   * A reader reads everything that memory would serve, in every order. Reading changes nothing but what the reader may ask for afterwards,
   * so to read always is to look for every violation.
   *
   * @throws {Violation}
   */
  observe(worker: WorkerState): void {
    for (let scope = 0; scope < this.scopes; scope++) {
      if (this.#isRead(worker, scope)) this.#note(worker, scope, worker.memory[scope]!)
    }
    for (let scope = 0; scope < this.scopes; scope++) {
      if (this.#isRead(worker, scope)) this.#returns(worker, scope, worker.memory[scope]!)
    }
  }

  /**
   * Without anything further lost, one read of the log and one load show the newest of everything.
   *
   * @throws {Violation}
   */
  recovers(worker: WorkerState, top: number): void {
    this.readLog(worker, top)
    this.takeLog(worker)
    for (let scope = 0; scope < this.scopes; scope++) {
      if (!this.isUsable(worker, scope)) this.takeLoad(worker, scope, top, this.floor(worker, scope))
      const shown = this.isUsable(worker, scope) ? this.headAt(scope, worker.memory[scope]!) : -1
      if (shown !== this.headAt(scope, top))
        throw new Violation('G2', `scope ${scope} is at ${shown} after a catchUp and a load, the log at ${top}`)
    }
  }

  /** What nobody could confirm has no promise but G1. */
  #isRead(worker: WorkerState, scope: number): boolean {
    return this.isUsable(worker, scope) && !(worker.unverified & (1 << scope))
  }

  #note(worker: WorkerState, scope: number, asOf: number): void {
    const shown = this.headAt(scope, asOf)
    for (let revision = 1; revision <= shown; revision++) {
      if (!this.changes(revision, scope)) continue
      for (let other = 0; other < this.scopes; other++) {
        if (other !== scope && this.changes(revision, other)) worker.whole[other] = Math.max(worker.whole[other]!, revision)
      }
    }
  }

  #returns(worker: WorkerState, scope: number, asOf: number): void {
    const shown = this.headAt(scope, asOf)
    if (shown < worker.told[scope]!) throw new Violation('G1', `scope ${scope} is shown at ${shown}, after ${worker.told[scope]}`)
    if (shown < worker.whole[scope]!)
      throw new Violation('G5', `scope ${scope} is shown at ${shown}, beside a change of ${worker.whole[scope]}`)
    if (worker.applied >= 0 && shown < this.headAt(scope, worker.applied))
      throw new Violation('minRevision', `scope ${scope} is shown at ${shown}, and counts as being as of ${worker.applied}`)
    worker.told[scope] = Math.max(worker.told[scope]!, shown)
  }

  #raise(worker: WorkerState, scope: number, revision: number): void {
    const head = worker.heads[scope]!
    const isNews = head < revision
    const bit = 1 << scope
    if (isNews) {
      worker.heads[scope] = head < 0 ? Math.max(revision, worker.minFloor) : revision
      worker.bounds = head < 0 && revision < worker.minFloor ? worker.bounds | bit : worker.bounds & ~bit
    }
    if (isNews || !this.isBroken('leave a document with a head that was pushed out')) worker.detached[scope] = -1
  }

  #advance(worker: WorkerState): void {
    if (worker.applied < 0) return
    worker.ahead = (worker.ahead >> (worker.applied + 1)) << (worker.applied + 1)
    while (worker.ahead & (1 << (worker.applied + 1))) worker.ahead &= ~(1 << ++worker.applied)
  }

  /** The first read lists no heads. Of what was announced while it was under way it says nothing, so that is a bound. */
  #settleFirst(worker: WorkerState, scope: number, top: number, isAsked: boolean): void {
    if (isAsked) this.#learn(worker, scope, top)
    else if (worker.heads[scope]! >= 0 && worker.heads[scope]! <= top) {
      if (!this.isBroken('let what was announced before the first read stand as the head')) worker.bounds |= 1 << scope
    }
  }

  /** A document that nobody could confirm, once the log was asked about it. */
  #settleUnverified(worker: WorkerState, scope: number, top: number): void {
    if (!(worker.unverified & (1 << scope))) return
    this.#learn(worker, scope, top)
    const revision = this.headAt(scope, worker.memory[scope]!)
    const isOwnWitness = this.isBroken('confirm an early document by the head it brought itself')
    if (isOwnWitness || (revision <= top && this.isKnown(worker, scope) && worker.heads[scope] === revision)) {
      worker.memory[scope] = isOwnWitness ? worker.memory[scope]! : top
      worker.unverified &= ~(1 << scope)
    } else this.forget(worker, scope)
  }

  #startOver(worker: WorkerState, top: number): void {
    const { told, whole, own, waiting } = worker
    Object.assign(worker, newWorker(this.scopes), { applied: top, told, whole, own, waiting })
    for (let scope = 0; scope < this.scopes; scope++) if (this.headAt(scope, top) > 0) worker.heads[scope] = this.headAt(scope, top)
  }
}
