import type { StampedDocument } from '../../src/cache/held/stamped-document.js'
import type { LogPage } from '../../src/cache/log/revision-log.js'
import type { Scope } from '../../src/entities/scope.js'

interface Change {
  readonly revision: number
  readonly token: string
  readonly scopes: readonly Scope[]
}

/** A database in memory: numbers writes without gaps, and gives documents with honest stamps. */
export class FakeHistory {
  readonly database: string
  #changes: Change[] = []
  #texts = new Map<Scope, string>()
  #tokens = 0
  /** What was asked of it. */
  readonly loads: Scope[] = []
  logReads = 0
  /** Waited for between reading and answering. */
  gate: Promise<void> | undefined
  /** The same for reads of the log. */
  logGate: Promise<void> | undefined
  failure: Error | undefined
  /** Of reads of the log alone. */
  logFailure: Error | undefined

  constructor(database = 'db') {
    this.database = database
  }

  get top(): number {
    return this.#changes.length
  }

  /** Commits one write; every scope gets a text that names the revision, or the one given. */
  commit(scopes: readonly Scope[], text?: string): Change {
    const change = { revision: this.top + 1, token: `${this.database}-${++this.#tokens}`, scopes }
    this.#changes.push(change)
    for (const scope of scopes) this.#texts.set(scope, JSON.stringify(text ?? `${scope}@${change.revision}`))
    return change
  }

  /** Another database that shares everything up to now, and nothing from here on. */
  fork(database: string): FakeHistory {
    const copy = new FakeHistory(database)
    copy.#changes = [...this.#changes]
    copy.#texts = new Map(this.#texts)
    return copy
  }

  /** Takes back every write after `revision`, as a failover to a standby that was behind does. */
  loseAfter(revision: number): void {
    this.#changes = this.#changes.slice(0, revision)
    const known = new Set(this.#changes.flatMap((change) => change.scopes))
    for (const scope of this.#texts.keys()) if (!known.has(scope)) this.#texts.delete(scope)
  }

  /** Texts are not kept by revision: what a scope said before its last write was lost is given again. */
  restoreText(scope: Scope, text: string): void {
    this.#texts.set(scope, JSON.stringify(text))
  }

  /** The last revision up to `revision` that touched a scope; 0 when none did. */
  lastChangeOf(scope: Scope, revision: number): number {
    return this.#changes.findLast((change) => change.revision <= revision && change.scopes.includes(scope))?.revision ?? 0
  }

  document(scope: Scope): StampedDocument {
    const last = this.#changes.findLast((change) => change.scopes.includes(scope))
    return {
      scope,
      revision: last?.revision ?? 0,
      token: last?.token ?? '',
      asOf: this.top,
      text: last ? (this.#texts.get(scope) ?? 'null') : 'null',
    }
  }

  readonly load = async (scopes: readonly Scope[]): Promise<ReadonlyMap<Scope, StampedDocument>> => {
    this.loads.push(...scopes)
    if (this.failure) throw this.failure
    const found = new Map(scopes.map((scope) => [scope, this.document(scope)]))
    await this.gate
    return found
  }

  readonly readLog = async (after: number | undefined, scopes: readonly Scope[] = []): Promise<LogPage> => {
    this.logReads++
    const failure = this.failure ?? this.logFailure
    if (failure) throw failure
    const heads = new Map<Scope, { scope: Scope; revision: number; token: string }>()
    for (const { revision, token, scopes } of this.#changes) for (const scope of scopes) heads.set(scope, { scope, revision, token })
    const page = {
      database: this.database,
      top: this.top,
      topToken: this.#changes.at(-1)?.token ?? '',
      tokenAtAfter: after ? this.#changes[after - 1]?.token : '',
      heads: [...heads.values()].filter((head) => after !== undefined && head.revision > after),
      asked: scopes.map((scope) => heads.get(scope) ?? { scope, revision: 0, token: '' }),
    }
    await this.logGate
    return page
  }
}
