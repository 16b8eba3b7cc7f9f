import { createHash } from 'node:crypto'
import { type Kysely, sql } from 'kysely'
import type { IdempotencyClaim, IdempotencyKey, IdempotencyKeys, KeptAnswer } from '../../entities/idempotency.js'
import type { Tables } from '../postgres/tables.js'

/** No request takes this long: after it, the process that claimed the key is taken to have ended. */
const LOST_AFTER_SECONDS = 300
/** Expired answers that each claim deletes, so that they do not pile up when `prune()` is never called. */
const TIDIED = 20

interface Row {
  readonly isNew: boolean
  readonly fingerprint: string
  readonly isAnswered: boolean
  readonly isLost: boolean
  readonly status: number | null
  readonly headers: string | null
  readonly body: string | null
}

/** Idempotency keys of all workers. Times are those of the database. */
export class StoredIdempotencyKeys implements IdempotencyKeys {
  readonly #read: <Value>(query: (db: Kysely<Tables>) => Promise<Value>) => Promise<Value>
  readonly #schema: string

  constructor(read: <Value>(query: (db: Kysely<Tables>) => Promise<Value>) => Promise<Value>, schema: string) {
    this.#read = read
    this.#schema = schema
  }

  async claim(claim: IdempotencyKey & { readonly fingerprint: string; readonly ttlMs: number }): Promise<IdempotencyClaim> {
    const id = idOf(claim)
    for (;;) {
      const row = await this.#claim(id, claim.fingerprint, claim.ttlMs)
      // Claimed by another request since the statement began, which does not see that row yet: the next one does.
      if (row) return claimOf(row)
    }
  }

  async keep(key: IdempotencyKey, { status, headers, body }: KeptAnswer): Promise<void> {
    await this.#read((db) =>
      sql`
        update ${this.#table} set is_answered = true, status = ${status}::integer, headers = ${JSON.stringify(headers)}::text::jsonb,
          body = ${body}::text
        where id = ${idOf(key)}::text and not is_answered
      `.execute(db),
    )
  }

  async release(key: IdempotencyKey): Promise<void> {
    await this.#read((db) =>
      sql`update ${this.#table} set expires_at = clock_timestamp() where id = ${idOf(key)}::text and not is_answered`.execute(db),
    )
  }

  /** In one statement, so that of two requests at once one is first. */
  async #claim(id: string, fingerprint: string, ttlMs: number): Promise<Row | undefined> {
    const { rows } = await this.#read((db) =>
      sql<Row>`
        with tidied as (
          update ${this.#table} set status = null, headers = null, body = null
          where id = any(array(select id from ${this.#table}
            where expires_at <= clock_timestamp() and status is not null and id <> ${id}::text
            limit ${TIDIED}::integer for update skip locked))
        ), mine as (
          insert into ${this.#table} as known (id, fingerprint, expires_at)
          values (${id}::text, ${fingerprint}::text, clock_timestamp() + ${ttlMs}::double precision * interval '1 millisecond')
          on conflict (id) do update set fingerprint = excluded.fingerprint, expires_at = excluded.expires_at,
            claimed_at = clock_timestamp(), is_answered = false, status = null, headers = null, body = null
          where known.expires_at <= clock_timestamp()
          returning 1
        )
        select true as "isNew", '' as fingerprint, false as "isAnswered", false as "isLost", null::integer as status, null::text as headers,
          null::text as body from mine
        union all
        select false, fingerprint, is_answered, not is_answered and claimed_at < clock_timestamp() - ${LOST_AFTER_SECONDS}::integer * interval '1 second',
          status, headers::text, body from ${this.#table} where id = ${id}::text and not exists (select from mine)
      `.execute(db),
    )
    return rows[0]
  }

  get #table() {
    return sql.id(this.#schema, 'config_idempotency_keys')
  }
}

function claimOf({ isNew, fingerprint, isAnswered, isLost, status, headers, body }: Row): IdempotencyClaim {
  if (isNew) return { state: 'new' }
  if (isLost) return { state: 'lost', fingerprint }
  if (!isAnswered) return { state: 'running', fingerprint }
  if (status === null || headers === null || body === null) return { state: 'forgotten', fingerprint }
  return { state: 'kept', fingerprint, answer: { status: Number(status), headers: JSON.parse(headers) as KeptAnswer['headers'], body } }
}

function idOf({ actor, key }: IdempotencyKey): string {
  return createHash('sha256')
    .update(JSON.stringify([actor, key]))
    .digest('base64url')
}
