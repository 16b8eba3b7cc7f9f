import { type Kysely, sql } from 'kysely'
import type { Tables } from './tables.js'

export interface LogRead {
  readonly top: number
  readonly topToken: string
  readonly database: string
  readonly tokenAtAfter: string | undefined
  readonly heads: readonly { readonly scope: string; readonly revision: number; readonly token: string }[]
}

interface Row {
  readonly top: string
  readonly top_token: string
  readonly database: string
  readonly token_at_after: string | null
  readonly heads: string
}

/** A few milliseconds of PostgreSQL's time: where hundreds of workers start at once, each page still comes within its deadline. */
const PAGE_SIZE = 2_000

/**
 * Reads the log after a revision, in pages. Pages are read one after another and the log moves on meanwhile; a head that changes between
 * two pages comes again on a later one, since its revision then is above all that were read.
 *
 * @param guard runs the query of one page: a deadline is for a page, since a log can have any number of them
 */
export async function readLog(
  db: Kysely<Tables>,
  schema: string,
  after: number,
  guard: <Value>(query: () => Promise<Value>) => Promise<Value> = (query) => query(),
): Promise<LogRead> {
  const heads: { scope: string; revision: number; token: string }[] = []
  for (;;) {
    const last = heads.at(-1)
    const rest = last ? sql`(revision, scope) > (${last.revision}::bigint, ${last.scope}::text)` : sql`revision > ${after}::bigint`
    const page = sql<Row>`
      select state.revision as top, state.token as top_token, ${sql.id(schema, 'database_identity')}() as database,
        case when state.revision = ${after}::bigint then state.token
          else (select token from ${sql.id(schema, 'config_changelog')} where revision = ${after}::bigint limit 1) end as token_at_after,
        coalesce((select json_agg(json_build_array(page.scope, page.revision, page.token) order by page.revision, page.scope) from (
          select * from ${sql.id(schema, 'config_heads')} where ${rest}
          order by revision, scope limit ${PAGE_SIZE}) as page), '[]')::text as heads
      from ${sql.id(schema, 'config_state')} as state where state.id = 1
    `
    const { rows } = await guard(() => page.execute(db))
    const row = rows[0] as Row
    const read = JSON.parse(row.heads) as [string, number, string][]
    for (const [scope, revision, token] of read) heads.push({ scope, revision, token })
    if (read.length < PAGE_SIZE) {
      return { top: Number(row.top), topToken: row.top_token, database: row.database, tokenAtAfter: row.token_at_after ?? undefined, heads }
    }
  }
}
