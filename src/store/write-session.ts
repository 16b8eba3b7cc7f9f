import { type RawBuilder, sql, type Transaction } from 'kysely'
import type { ConfigChange, PendingChange } from '../entities/config-change.js'
import { contextRulesScope, entityScope, type Scope } from '../entities/scope.js'
import type { Tables } from './tables.js'
import type { WriteMeta } from './written.js'

export interface WriteTimeouts {
  readonly lockMs: number
  readonly statementMs: number
  readonly idleMs: number
}

/**
 * One write on its way: takes the revision (which makes configuration writes wait for each other), collects what changes, and records it.
 */
export class WriteSession {
  readonly transaction: Transaction<Tables>
  readonly writeId: string
  readonly #schema: RawBuilder<unknown>
  /** What a change says of its author and reason when it does not say itself. */
  readonly #meta: WriteMeta
  readonly #scopes = new Set<Scope>()
  readonly #changes: (PendingChange & { changedBy: string | null })[] = []
  #revision = 0
  #token = ''

  constructor(transaction: Transaction<Tables>, schema: string, writeId: string, meta: WriteMeta) {
    this.transaction = transaction.withSchema(schema)
    this.#schema = sql.id(schema)
    this.writeId = writeId
    this.#meta = meta
  }

  /** 0 until `begin()`. */
  get revision(): number {
    return this.#revision
  }

  get token(): string {
    return this.#token
  }

  get scopes(): readonly Scope[] {
    return [...this.#scopes]
  }

  get hasChanges(): boolean {
    return this.#changes.length > 0
  }

  /** From here on no other configuration write can commit until this transaction ends. `timeouts` absent: the transaction's own stay. */
  async begin(timeouts?: WriteTimeouts): Promise<void> {
    if (this.#revision > 0) return
    const { rows } = await sql<{ revision: string; token: string }>`
      select revision, token from ${this.#schema}.begin_write(
        ${timeouts?.lockMs ?? null}::integer, ${timeouts?.statementMs ?? null}::integer, ${timeouts?.idleMs ?? null}::integer)
    `.execute(this.transaction)
    this.#revision = Number(rows[0]?.revision)
    this.#token = rows[0]?.token ?? ''
  }

  authorOf(meta: WriteMeta): string | null {
    return meta.changedBy ?? this.#meta.changedBy ?? null
  }

  log(change: PendingChange, meta: WriteMeta): void {
    const changeSummary = meta.summary ?? this.#meta.summary ?? change.changeSummary
    this.#changes.push({ ...change, changeSummary, changedBy: this.authorOf(meta) })
    if (change.configType === 'context_rules') this.#scopes.add(contextRulesScope(change.project))
    else if (change.configType !== 'all' && change.changeType !== 'refresh')
      this.#scopes.add(entityScope(change.configType, change.project, change.configName))
  }

  /** Adds scopes that no logged change names. */
  touch(scopes: readonly Scope[]): void {
    for (const scope of scopes) this.#scopes.add(scope)
  }

  /**
   * Raises the heads, writes the changelog and notifies.
   *
   * @param options `message` is what is notified; without one, receivers are told to read the log. `joined` says that the transaction is the
   *   host's and may hold further writes
   */
  async finish({ message, joined }: { readonly message?: string | undefined; readonly joined: boolean }): Promise<readonly ConfigChange[]> {
    const { rows } = await sql<{ id: string; changed_at: string }>`
      select id, to_json(changed_at) #>> '{}' as changed_at from ${this.#schema}.finish_write(
        ${this.writeId}::uuid, array(select jsonb_array_elements_text(${JSON.stringify(this.scopes)}::text::jsonb)),
        ${JSON.stringify(this.#changes.map(toColumns))}::text::jsonb, ${this.#revision}::bigint, ${this.#token}::text, ${message ?? null}::text,
        ${joined}::boolean)
      order by id
    `.execute(this.transaction)
    return this.#changes.map((change, place) => ({
      ...change,
      id: Number(rows[place]?.id),
      revision: this.#revision,
      changedAt: new Date(rows[place]?.changed_at as string).toISOString(),
    }))
  }
}

function toColumns(change: PendingChange & { readonly changedBy: string | null }, place: number) {
  return {
    place,
    config_type: change.configType,
    config_id: change.configId,
    config_name: change.configName,
    project: change.project,
    previous_version: change.previousVersion,
    new_version: change.newVersion,
    change_type: change.changeType,
    change_summary: change.changeSummary,
    previous_data: change.previousData,
    new_data: change.newData,
    changed_by: change.changedBy,
  }
}
