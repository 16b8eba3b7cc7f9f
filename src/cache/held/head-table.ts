import { LRUCache } from 'lru-cache'
import type { Scope } from '../../entities/scope.js'

/** The last change of a scope that this process has heard of. Nothing read before `revision` may be served. */
export interface Head {
  revision: number
  token: string
}

/**
 * What this process was told about each scope. Bounded: what is pushed out lives on in `minFloor`, the highest revision pushed out, which
 * then holds for every scope that is not in the table.
 */
export class HeadTable {
  readonly #heads: LRUCache<Scope, Head>
  #minFloor = 0

  constructor(maxHeads: number) {
    this.#heads = new LRUCache({
      max: maxHeads,
      dispose: (head, _scope, reason) => {
        if (reason === 'evict') this.#minFloor = Math.max(this.#minFloor, head.revision)
      },
    })
  }

  /** Whether every scope that was ever written is in the table, so that one that is not was never written. */
  get isComplete(): boolean {
    return this.#minFloor === 0
  }

  get(scope: Scope): Head | undefined {
    return this.#heads.get(scope)
  }

  /** The revision that a document of this scope has to be as of. */
  floor(scope: Scope): number {
    return this.#heads.get(scope)?.revision ?? this.#minFloor
  }

  /**
   * Notes a change.
   *
   * @returns the head if the change was new here, `undefined` if it was known
   */
  raise(scope: Scope, revision: number, token: string): Head | undefined {
    const head = this.#heads.get(scope)
    if (head) {
      if (head.revision > revision || (head.revision === revision && head.token === token)) return undefined
      head.revision = revision
      head.token = token
      return head
    }
    // A late message about a scope that was pushed out: its own last change is not known any more, only that it is not above the floor.
    return revision >= this.#minFloor ? this.#create(scope, revision, token) : this.#create(scope, this.#minFloor, '')
  }

  /** Whether a message about a revision at or below `applied` contradicts what the table says of a scope. */
  contradicts(scope: Scope, revision: number, token: string): boolean {
    // Messages can be forged: they must not decide which heads are pushed out.
    const head = this.#heads.peek(scope)
    if (!head) return this.isComplete
    return head.revision < revision || (head.revision === revision && head.token !== '' && head.token !== token)
  }

  /**
   * Takes over what the primary itself says, as of `asOf`: where the table claims a change up to `asOf` that the primary does not know,
   * that change never happened (a forged message, a lost history).
   */
  learn(scope: Scope, revision: number, token: string, asOf: number): Head {
    const head = this.#heads.get(scope)
    // Its head may have been pushed out while this answer was on its way: then nothing is known beyond the floor.
    if (!head) return asOf < this.#minFloor ? this.#create(scope, this.#minFloor, '') : this.#create(scope, revision, token)
    if (asOf >= head.revision) {
      head.revision = revision
      head.token = token
    }
    return head
  }

  /**
   * Takes back a claim that the primary, asked after it was heard, does not know; what was heard since then stays.
   *
   * @returns whether it was the claim of this scope
   */
  distrust(scope: Scope, claimed: number, asOf: number): boolean {
    const head = this.#heads.get(scope)
    const isItsClaim = head?.revision === claimed
    if (isItsClaim) Object.assign(head, { revision: asOf, token: '' })
    if (this.#minFloor === claimed) this.#minFloor = asOf
    return isItsClaim
  }

  /** Forgets a scope of which nothing is known but a claim that was not true. */
  forget(scope: Scope): void {
    this.#heads.delete(scope)
  }

  clear(): void {
    this.#heads.clear()
    this.#minFloor = 0
  }

  #create(scope: Scope, revision: number, token: string): Head {
    const head = { revision, token }
    this.#heads.set(scope, head)
    return head
  }
}
