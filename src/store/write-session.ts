import { type RawBuilder, sql, type Transaction } from 'kysely'
import type { ConfigChange } from '../entities/config-change.js'
import type { Scope } from '../entities/scope.js'
import type { WriteMeta } from '../entities/written.js'
import type { Row } from '../kinds/row.js'
import { type ChangeRow, toChange } from './changes.js'
import { decodeStates, type EntityState } from './entity-state.js'
import type { Tables } from './tables.js'
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

/** A write that is announced; its transaction has yet to commit. */
export interface Closed {
  readonly scopes: readonly Scope[]
  /** The announcement, as NOTIFY sent it. */
  readonly message: string
  readonly changes: readonly ConfigChange[]
}

/** What the function `apply_write` gives. */
interface Applied {
  readonly rows: readonly Row[]
  readonly scopes: readonly Scope[]
  readonly message: string
  readonly changes: readonly ChangeRow[]
}

/** One write on its way. Opening it takes the revision, which makes configuration writes wait for each other. */
export class WriteSession {
  readonly transaction: Transaction<Tables>
  readonly writeId: string
  readonly #schema: RawBuilder<unknown>
  /** What a step says of its author and reason when it does not say itself. */
  readonly #meta: WriteMeta
  #revision = 0
  #token = ''
  #hasChanges = false

  constructor(transaction: Transaction<Tables>, schema: string, writeId: string, meta: WriteMeta) {
    this.transaction = transaction.withSchema(schema)
    this.#schema = sql.id(schema)
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
   * From here on no other configuration write can commit until this transaction ends.
   *
   * @param timeouts absent: the transaction's own stay
   * @returns the entities asked about, as the write before left them
   */
  async open(asks: readonly EntityQuery[], timeouts?: WriteTimeouts): Promise<readonly EntityState[]> {
    const { rows } = await sql<{ revision: string; token: string; states: string }>`
      select revision, token, states::text as states from ${this.#schema}.open_write(
        ${timeouts?.lockMs ?? null}::integer, ${timeouts?.statementMs ?? null}::integer, ${timeouts?.idleMs ?? null}::integer,
        ${JSON.stringify(asks)}::text::jsonb)
    `.execute(this.transaction)
    const opened = rows[0] as { revision: string; token: string; states: string }
    this.#revision = Number(opened.revision)
    this.#token = opened.token
    return decodeStates(opened.states)
  }

  /** One of several writes of a session that is open. */
  async write<Value>({ asks, decide }: Write<Value>): Promise<Value> {
    const { rows } = await sql<{ states: string }>`
      select ${this.#schema}.entity_states(${JSON.stringify(asks)}::text::jsonb)::text as states
    `.execute(this.transaction)
    const decision = decide(decodeStates((rows[0] as { states: string }).states))
    return decision.answer(decision.steps.length === 0 ? [] : (await this.#apply(decision.steps)).rows)
  }

  /** Carries out the last steps of the session, and announces all of them. */
  async close<Value>({ steps, answer }: Decision<Value>, closing: Closing): Promise<Closed & { readonly value: Value }> {
    const { rows, scopes, message, changes } = await this.#apply(steps, closing)
    return { value: answer(rows), scopes, message, changes: changes.map(toChange) }
  }

  async #apply(steps: readonly WriteStep[], close?: Closing): Promise<Applied> {
    const write = { id: this.writeId, steps: steps.map((step) => this.#signed(step)), ...(close && { close }) }
    const carryOut = sql.id(steps[0]?.do === 'purge' ? 'purge_version' : 'apply_write')
    const { rows } = await sql<{ applied: string }>`
      select ${this.#schema}.${carryOut}(${JSON.stringify(write)}::text::jsonb)::text as applied
    `.execute(this.transaction)
    if (steps.length > 0) this.#hasChanges = true
    return JSON.parse((rows[0] as { applied: string }).applied) as Applied
  }

  #signed({ defaultSummary, ...step }: WriteStep): object {
    return { ...step, by: step.by ?? this.#meta.changedBy, summary: step.summary ?? this.#meta.summary ?? defaultSummary }
  }
}
