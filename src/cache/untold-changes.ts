import type { Scope } from '../entities/scope.js'
import type { StampedDocument } from './held/stamped-document.js'
import type { LogPage } from './log/revision-log.js'

type Head = LogPage['heads'][number]

export interface UntoldChangesParts {
  /** Tells the host. */
  readonly changed: (heads: readonly Head[]) => void
  /** Whether memory has the document of this change, or of a later one, confirmed. */
  readonly isHeld: (head: Head) => boolean
  /** What Redis has of these scopes. */
  readonly inspectRedis: (scopes: readonly Scope[]) => Promise<ReadonlyMap<Scope, StampedDocument> | undefined>
  /** Has the log read before its next poll. */
  readonly confirmSoon: () => void
}

/** Announced changes that nothing has confirmed yet: an announcement may be false. The host gets an event only once a change is confirmed. */
export class UntoldChanges {
  readonly #parts: UntoldChangesParts
  readonly #untold = new Map<Scope, Head>()

  constructor(parts: UntoldChangesParts) {
    this.#parts = parts
  }

  has(scope: Scope): boolean {
    return this.#untold.has(scope)
  }

  add(heads: readonly Head[]): void {
    for (const head of heads) this.#untold.set(head.scope, head)
  }

  clear(): void {
    this.#untold.clear()
  }

  tell(heads: readonly Head[]): void {
    for (const { scope } of heads) this.#untold.delete(scope)
    if (heads.length > 0) this.#parts.changed(heads)
  }

  /** Gives up those that the log, read to its end, does not have. */
  keepOnly(isPending: (revision: number) => boolean): void {
    for (const { scope, revision } of this.#untold.values()) if (!isPending(revision)) this.#untold.delete(scope)
  }

  /** Tells of those that a document confirms: one that was loaded anew, or the one that the writer put into Redis. The others wait for the log. */
  async confirm(heads: readonly Head[]): Promise<void> {
    const untold = () => heads.filter(({ scope, revision }) => this.#untold.get(scope)?.revision === revision)
    this.tell(untold().filter(this.#parts.isHeld))
    if (untold().length === 0) return
    const inRedis = await this.#parts.inspectRedis(untold().map(({ scope }) => scope))
    const isInRedis = ({ scope, revision, token }: Head) => {
      const document = inRedis?.get(scope)
      return document?.revision === revision && document.token === token
    }
    this.tell(untold().filter(isInRedis))
    if (untold().length > 0) this.#parts.confirmSoon()
  }
}
