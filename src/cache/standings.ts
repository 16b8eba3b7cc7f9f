import type { Scope } from '../entities/scope.js'
import { Batcher } from '../shared/batcher.js'
import { withDeadline } from '../shared/deadline.js'
import type { HeldDocuments } from './held/held-documents.js'
import type { StampedDocument } from './held/stamped-document.js'
import type { LogPage, RevisionLog, ScopeHead } from './log/revision-log.js'

export interface StandingsParts {
  readonly log: RevisionLog
  readonly held: Pick<HeldDocuments<unknown>, 'generation' | 'isLast' | 'hasKnown' | 'learn'>
  /** Reads the end of the log of the primary, and of the heads those of `scopes`. */
  readonly readHeads: (scopes: readonly Scope[]) => Promise<LogPage>
  /** Most milliseconds that one question to PostgreSQL may take: a document is at hand that only PostgreSQL can confirm. */
  readonly askMs: number
}

/** What is known of a document that did not come from the primary. */
export interface Standing {
  readonly asOf: number
  /** It could not be confirmed. */
  readonly unverified: boolean
}

/** The last change of a scope, as of a revision. */
interface StampedHead extends ScopeHead {
  readonly asOf: number
}

const BATCH_SIZE = 100

/** Decides by the log whether documents that did not come from the primary may be served, and as of which revision. */
export class Standings {
  readonly #parts: StandingsParts
  readonly #heads: Batcher<StampedHead>

  constructor(parts: StandingsParts) {
    this.#parts = parts
    this.#heads = new Batcher(async (scopes) => {
      const { asked, top } = await parts.readHeads(scopes)
      return new Map(asked.map((head) => [head.scope, { ...head, asOf: top }]))
    }, BATCH_SIZE)
  }

  /**
   * The revision that a document from Redis or from a replica is known to be as of. It must be the scope's last document, by revision and
   * token, as this process knows the log; `undefined` when it is not. A document that is ahead of the log known here is confirmed by the log first.
   *
   * With PostgreSQL away a document is taken as it is when the log was never read, or this process has never known anything of the scope: it is
   * checked when the log can be read.
   */
  async of(document: StampedDocument): Promise<Standing | undefined> {
    const { log, held } = this.#parts
    if (log.applied === undefined) await this.#askInTime(log.catchUp())
    if (log.applied === undefined) {
      log.assume(document.asOf)
      return { asOf: document.asOf, unverified: true }
    }
    if (!(await log.reached(document.revision))) return undefined
    const isLast = held.isLast(document)
    if (isLast === undefined) return this.#confirmed(document)
    // Its own stamp counts no further than this process knows the log: it may have been counted in another history.
    return isLast ? { asOf: Math.min(document.asOf, Math.max(log.applied, document.revision)), unverified: false } : undefined
  }

  /** The same for a scope whose head is not known: PostgreSQL says which change was its last. */
  async #confirmed(document: StampedDocument): Promise<Standing | undefined> {
    const { log, held } = this.#parts
    const { generation } = held
    const head = await this.#askInTime(this.#heads.load(document.scope))
    if (!head) {
      log.confirmSoon()
      return held.hasKnown(document.scope) ? undefined : { asOf: document.asOf, unverified: true }
    }
    if (!(await log.reached(head.revision)) || generation !== held.generation) return undefined
    held.learn(head)
    return held.isLast(document) ? { asOf: head.asOf, unverified: false } : undefined
  }

  /** The answer of PostgreSQL, or `undefined` when there is none within the part of a read's time that this may take. */
  async #askInTime<Answer>(question: Promise<Answer>): Promise<Answer | undefined> {
    return withDeadline(question, this.#parts.askMs, () => new Error()).catch(() => undefined)
  }
}
