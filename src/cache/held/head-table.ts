import { LRUCache } from 'lru-cache'
import type { Scope } from '../../entities/scope.js'

/** The last change of a scope that this process has heard of. Nothing read before `revision` may be served. */
export interface Head {
  revision: number
  token: string
}

/**
 * What this process was told about each scope. A head with a token, or of revision 0, is known; one without is only a bound: the scope's last
 * change is not below it.
 *
 * Two bounds hold for the scopes that are not in the table. `minFloor` is the highest revision that was pushed out: nothing older may be
 * served. `unknownBelow` is where the log ended when it was first read, without heads: up to there a scope may have changed or not. A
 * document that is older than that may be right, and has to be confirmed.
 */
export class HeadTable {
  readonly #heads: LRUCache<Scope, Head>
  #minFloor = 0
  #hasForgotten = false
  #unknownBelow = 0

  constructor(maxHeads: number) {
    this.#heads = new LRUCache({
      max: maxHeads,
      dispose: (head, _scope, reason) => {
        if (reason !== 'evict') return
        this.#hasForgotten = true
        this.#minFloor = Math.max(this.#minFloor, head.revision)
      },
    })
  }

  /** The log ends at `top`, and its heads up to there were not read. */
  beginAt(top: number): void {
    this.#unknownBelow = top
  }

  /** Whether a head was pushed out. */
  get hasForgotten(): boolean {
    return this.#hasForgotten
  }

  get(scope: Scope): Head | undefined {
    return this.#heads.get(scope)
  }

  /** The last change of a scope; `undefined` where it is not known. */
  known(scope: Scope): Head | undefined {
    const head = this.#heads.get(scope)
    return head && isKnown(head) ? head : undefined
  }

  /** A document of this scope that is older must not be served. */
  floor(scope: Scope): number {
    return this.#heads.get(scope)?.revision ?? this.#minFloor
  }

  /** A document of this scope that is as of this revision is the last one, as far as this process has heard. */
  certainFrom(scope: Scope): number {
    return this.#certainFrom(this.#heads.get(scope))
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
    // A late message about a scope that was pushed out: its last change is no longer known, only that it is not above the floor.
    return revision >= this.#minFloor ? this.#create(scope, revision, token) : this.#create(scope, this.#minFloor, '')
  }

  /** Whether a message about a revision at or below `applied` contradicts what the table says of a scope. */
  contradicts(scope: Scope, revision: number, token: string): boolean {
    // Messages can be forged: they must not decide which heads are pushed out.
    const head = this.#heads.peek(scope)
    if (!head || !isKnown(head)) return revision > this.#certainFrom(head)
    return head.revision < revision || (head.revision === revision && head.token !== token)
  }

  /**
   * Takes over what the primary itself says, as of `asOf`: where the table claims a change up to `asOf` that the primary does not know,
   * that change never happened (a forged message, a lost history).
   *
   * @returns the head now; `undefined` when it is still not known
   */
  learn(scope: Scope, revision: number, token: string, asOf: number): Head | undefined {
    const head = this.#heads.get(scope)
    // Its head may have been pushed out while this answer was on its way: then only the floor is known.
    if (!head && asOf < this.#minFloor) return this.#create(scope, this.#minFloor, '')
    if (!(head && isKnown(head)) && asOf < this.#certainFrom(head)) return head
    if (!head) return this.#create(scope, revision, token)
    if (asOf >= head.revision) {
      head.revision = revision
      head.token = token
    }
    return head
  }

  /**
   * Takes back a claim that the primary, asked after the claim arrived, does not know; what was heard since then stays.
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

  /** Forgets a scope of which only a false claim was known. */
  forget(scope: Scope): void {
    this.#heads.delete(scope)
  }

  clear(): void {
    this.#heads.clear()
    this.#minFloor = 0
    this.#hasForgotten = false
    this.#unknownBelow = 0
  }

  #certainFrom(head: Readonly<Head> | undefined): number {
    if (head && isKnown(head)) return head.revision
    return Math.max(head?.revision ?? 0, this.#minFloor, this.#unknownBelow)
  }

  #create(scope: Scope, revision: number, token: string): Head {
    const head = { revision, token }
    this.#heads.set(scope, head)
    return head
  }
}

function isKnown({ revision, token }: Readonly<Head>): boolean {
  return token !== '' || revision === 0
}
