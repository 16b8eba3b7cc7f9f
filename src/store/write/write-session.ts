import { type RawBuilder, sql, type Transaction } from 'kysely'
import type { ConfigChange } from '../../entities/config-change.js'
import { contextRulesScope, entityScope, type Scope } from '../../entities/scope.js'
import type { WriteMeta } from '../../entities/written.js'
import { CONTEXT_RULES } from '../../kinds/context-rules.js'
import type { KindRegistry } from '../../kinds/registry.js'
import type { Row } from '../../kinds/row.js'
import { ChangedError, InvalidArgumentError, StoreUnavailableError } from '../../shared/errors.js'
import { literal } from '../postgres/literal.js'
import type { Tables } from '../postgres/tables.js'
import { type ChangeRow, toChange } from '../read/changes.js'
import { type AsValue, asParameter } from '../read/kind-rows.js'
import { documentStatements, documentsIn, type LoadedDocument } from '../read/load-documents.js'
import { decodeStates, type EntityState } from './entity-state.js'
import { StatementClock } from './statement-clock.js'
import type { Decision, EntityQuery, Write, WriteStep } from './write.js'

export interface WriteTimeouts {
  readonly lockMs: number
  readonly statementMs: number
  readonly idleMs: number
}

/** How a write is announced. */
export interface Closing {
  /** What the database calls itself, where that is known already. */
  readonly database?: string | undefined
  /** Whether the transaction is the host's, and may hold further writes. */
  readonly joined: boolean
}

/** An announced write whose transaction has not committed yet. */
export interface Closed {
  readonly scopes: readonly Scope[]
  /** The announcement, as NOTIFY sent it. */
  readonly message: string
  readonly changes: readonly ConfigChange[]
  /** The documents after the write, read in its own transaction. */
  readonly documents: readonly LoadedDocument[]
}

/** What the function `apply_write` gives. */
interface Applied {
  readonly rows: readonly Row[]
  readonly scopes: readonly Scope[]
  readonly message: string
  readonly changes: readonly ChangeRow[]
}

/** What a session knows of its store. */
export interface SessionStore {
  readonly schema: string
  readonly kinds: KindRegistry
  /** Whether a text of several statements is answered by the rows of all of them. */
  readonly isBatched: boolean
}

/** When an entity was changed last. */
interface HeadRow {
  readonly scope: Scope
  readonly revision: string
}

/** Documents of one write that are read back for the caches; the rest of a larger write is loaded by its first readers. */
const MAX_DOCUMENTS = 100

/** One write in progress. Opening it takes the next revision, which is also the lock of all configuration writes. */
export class WriteSession {
  readonly transaction: Transaction<Tables>
  readonly writeId: string
  readonly #schema: RawBuilder<unknown>
  /** Author and reason of steps that name none. */
  readonly #meta: WriteMeta
  readonly #value: AsValue
  readonly #isBatched: boolean
  readonly #documentsOf: (scopes: readonly Scope[]) => readonly RawBuilder<unknown>[]
  /** What the write may change. */
  readonly #asked = new Set<Scope>()
  /** The conditions of the first writes to what was written to on condition. */
  readonly #conditions = new Map<Scope, number>()
  readonly #clock = new StatementClock()
  /** The limits of a transaction of this package's own. */
  #timeouts: WriteTimeouts | undefined
  #revision = 0
  #token = ''
  #hasChanges = false

  constructor(transaction: Transaction<Tables>, { schema, kinds, isBatched }: SessionStore, writeId: string, meta: WriteMeta) {
    this.transaction = transaction.withPlugin(this.#clock).withSchema(schema)
    this.#schema = sql.id(schema)
    this.#value = isBatched ? literal : asParameter
    this.#documentsOf = (scopes) => documentStatements(schema, kinds, scopes, this.#value)
    this.#isBatched = isBatched
    this.writeId = writeId
    this.#meta = meta
  }

  /** 0 until `open()`. */
  get revision(): number {
    return this.#revision
  }

  get token(): string {
    return this.#token
  }

  get hasChanges(): boolean {
    return this.#hasChanges
  }

  /**
   * Takes the revision: from here on no other configuration write can commit until this transaction ends.
   *
   * @param timeouts absent: the transaction's own stay
   * @returns the entities asked about, as the write before left them
   */
  async open(asks: readonly EntityQuery[], timeouts?: WriteTimeouts): Promise<readonly EntityState[]> {
    this.#timeouts = timeouts
    const limits = [timeouts?.lockMs, timeouts?.statementMs, timeouts?.idleMs].map((ms) => sql.raw(`${ms ?? 'null'}::integer`))
    const { ifUnchangedSince: since } = this.#meta
    const open = sql`select revision, token, states::text as states
      from ${this.#schema}.open_write(${sql.join(limits)}, ${this.#value(JSON.stringify(asks))}::text::jsonb)`
    // Separate statements: only those that are sent after `open` see what was committed while it waited for the lock.
    const isAskedAlong = this.#isBatched && since !== undefined
    const { rows } = await sql
      .join<unknown>([open, ...(isAskedAlong ? [this.#headsAfter(asks, since)] : [])], sql`; `)
      .execute(this.transaction)
    const opened = rows[0] as { revision: string; token: string; states: string }
    this.#note(asks)
    this.#revision = Number(opened.revision)
    this.#token = opened.token
    // The log ends before this write.
    if (since !== undefined && since >= this.#revision) this.#refuseUnknown(since)
    if (isAskedAlong) this.#refuseChanged(rows.slice(1) as HeadRow[], since)
    else await this.#requireUnchanged(asks, since)
    return decodeStates(opened.states)
  }

  /**
   * Waits for code of the host's that is part of this write. In a transaction of this package's own it stops waiting once the time of a
   * statement and the time that may pass without one are over: by then PostgreSQL has ended the transaction, and the writes of this process
   * that wait for their turn would wait for ever.
   *
   * @param name what the host knows the code by
   */
  waitFor<Value>(work: Promise<Value>, name: string): Promise<Value> {
    if (!this.#timeouts) return work
    const { statementMs, idleMs } = this.#timeouts
    return this.#clock.guard(work, statementMs + idleMs, () => {
      const message = `${name} has sent no statement for ${statementMs + idleMs} ms and has not ended: PostgreSQL ends a transaction that is idle for ${idleMs} ms.`
      return new StoreUnavailableError(message, { reason: 'timeout', retryable: true })
    })
  }

  /**
   * Carries out one of several writes of an open session.
   *
   * @param ifUnchangedSince changes that this session has made itself do not count
   * @throws {InvalidArgumentError} for a condition on an entity that the session has written to without one, or with a later one
   */
  async write<Value>({ asks, decide }: Write<Value>, ifUnchangedSince?: number): Promise<Value> {
    this.#keepCondition(asks, ifUnchangedSince)
    await this.#requireUnchanged(asks, ifUnchangedSince)
    const { rows } = await sql<{ states: string }>`
      select ${this.#schema}.entity_states(${this.#value(JSON.stringify(asks))}::text::jsonb)::text as states
    `.execute(this.transaction)
    this.#note(asks)
    const decision = decide(decodeStates((rows[0] as { states: string }).states))
    return decision.answer(decision.steps.length === 0 ? [] : (await this.#apply(decision.steps)).applied.rows)
  }

  /** Carries out the last steps of the session, announces all of them, and reads the documents that they leave behind. */
  async close<Value>({ steps, answer }: Decision<Value>, closing: Closing): Promise<Closed & { readonly value: Value }> {
    const { applied, documents } = await this.#apply(steps, closing)
    const { rows, scopes, message, changes } = applied
    const value = answer(rows)
    return { value, scopes, message, changes: changes.map(toChange), documents: await this.#complete(documents, scopes, closing) }
  }

  async #apply(steps: readonly WriteStep[], close?: Closing): Promise<{ applied: Applied; documents: readonly LoadedDocument[] }> {
    const write = { id: this.writeId, steps: steps.map((step) => this.#signed(step)), ...(close && { close }) }
    const carryOut = sql.id(steps[0]?.do === 'purge' ? 'purge_version' : 'apply_write')
    const apply = sql`select ${this.#schema}.${carryOut}(${this.#value(JSON.stringify(write))}::text::jsonb)::text as applied`
    // Separate statements, sent after `apply`: within one statement they would not see its changes.
    const reads = close && !close.joined && this.#isBatched && this.#asked.size <= MAX_DOCUMENTS ? this.#documentsOf([...this.#asked]) : []
    const { rows } = await sql.join<unknown>([apply, ...reads], sql`; `).execute(this.transaction)
    if (steps.length > 0) this.#hasChanges = true
    return { applied: JSON.parse((rows[0] as { applied: string }).applied) as Applied, documents: documentsIn(rows) }
  }

  /** The documents of the changed scopes, read along with the write or by one more read. None in a host's transaction, which goes on. */
  async #complete(read: readonly LoadedDocument[], changed: readonly Scope[], { joined }: Closing): Promise<readonly LoadedDocument[]> {
    if (joined || changed.length > MAX_DOCUMENTS) return []
    const documents = read.filter(({ scope }) => changed.includes(scope))
    const missing = changed.filter((scope) => !documents.some((document) => document.scope === scope))
    for (const statement of this.#documentsOf(missing)) documents.push(...documentsIn((await statement.execute(this.transaction)).rows))
    return documents
  }

  /** @throws {ChangedError} when another write has changed one of the entities since that revision */
  async #requireUnchanged(asks: readonly EntityQuery[], since: number | undefined): Promise<void> {
    if (since === undefined) return
    const { rows } = await this.#headsAfter(asks, since).execute(this.transaction)
    this.#refuseChanged(rows as HeadRow[], since)
  }

  #headsAfter(asks: readonly EntityQuery[], since: number): RawBuilder<unknown> {
    return sql`select scope, revision from ${this.#schema}.config_heads
      where scope in (select jsonb_array_elements_text(${this.#value(JSON.stringify(asks.map(scopeOf)))}::text::jsonb))
        and revision > ${this.#value(String(since))}::text::bigint`
  }

  /** The heads of what this session has written to are its own by now: whether others had changed it before, only the first write can tell. */
  #keepCondition(asks: readonly EntityQuery[], since: number | undefined): void {
    if (since !== undefined && since > this.#revision) this.#refuseUnknown(since)
    for (const scope of asks.map(scopeOf)) {
      const first = this.#asked.has(scope) ? (this.#conditions.get(scope) ?? Number.POSITIVE_INFINITY) : undefined
      if (first === undefined && since !== undefined) this.#conditions.set(scope, since)
      if (first === undefined || since === undefined || since >= first) continue
      throw new InvalidArgumentError('ifUnchangedSince', `must be given to the first write of ${scope} within a transaction, too`)
    }
  }

  #refuseUnknown(since: number): never {
    throw new ChangedError({ entity: '', expected: since, actual: this.#revision - 1 })
  }

  /** What this session itself has changed does not count. */
  #refuseChanged(heads: readonly HeadRow[], since: number): void {
    const changed = heads.find(({ revision }) => Number(revision) < this.#revision)
    if (changed) throw new ChangedError({ entity: changed.scope, expected: since, actual: Number(changed.revision) })
  }

  #note(asks: readonly EntityQuery[]): void {
    for (const ask of asks) this.#asked.add(scopeOf(ask))
  }

  #signed({ defaultSummary, ...step }: WriteStep): object {
    return { ...step, by: step.by ?? this.#meta.changedBy, summary: step.summary ?? this.#meta.summary ?? defaultSummary }
  }
}

function scopeOf({ kind, project, name }: EntityQuery): Scope {
  return kind === CONTEXT_RULES.kind ? contextRulesScope(project) : entityScope(kind, project, name)
}
