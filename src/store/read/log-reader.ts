import { type Kysely, sql } from 'kysely'
import type { Tables } from '../postgres/tables.js'

interface LogHead {
  readonly scope: string
  readonly revision: number
  readonly token: string
}

export interface LogRead {
  readonly top: number
  readonly topToken: string
  readonly database: string
  readonly tokenAtAfter: string | undefined
  readonly heads: readonly LogHead[]
}

/** The pages read so far of one read. */
interface Progress {
  readonly after: number
  /** What the first page said. */
  readonly tokenAtAfter: string | undefined
  readonly heads: LogHead[]
  /** Where the log ended when the latest page was read. */
  top: number
  topToken: string
}

interface Page {
  readonly top: number
  readonly topToken: string
  readonly database: string
  /** The token of the revision asked about, if the log has it. */
  readonly tokenAt: string | undefined
  readonly heads: readonly LogHead[]
}

/** Heads in one page. PostgreSQL needs a few milliseconds for it, so a page comes within its deadline also when hundreds of workers start at once. */
const PAGE_SIZE = 2_000

/**
 * Reads the log after a revision, in pages. Pages are read one after another and the log moves on meanwhile; a head that changes between
 * two pages comes again on a later one, since its revision then is above all that were read.
 *
 * That holds for any time between two pages. So a read that failed goes on with its next page when it is tried again, and workers that start
 * in a crowd get there page by page.
 */
export class LogReader {
  readonly #db: Kysely<Tables>
  readonly #schema: string
  readonly #guard: <Value>(query: () => Promise<Value>) => Promise<Value>
  #progress: Progress | undefined

  /** @param guard runs the query of one page: a deadline is for a page, since a log can have any number of them */
  constructor(db: Kysely<Tables>, schema: string, guard: <Value>(query: () => Promise<Value>) => Promise<Value> = (query) => query()) {
    this.#db = db
    this.#schema = schema
    this.#guard = guard
  }

  /** One read at a time. */
  async read(after: number): Promise<LogRead> {
    for (;;) {
      const progress = this.#progress?.after === after ? this.#progress : undefined
      const page = await this.#guard(() => this.#page(after, progress))
      // A failover between two pages: the log that the pages before were read from is not this one.
      this.#progress = progress && page.tokenAt !== progress.topToken ? undefined : this.#add(page, after, progress)
      if (this.#progress && page.heads.length < PAGE_SIZE) {
        const { tokenAtAfter, heads } = this.#progress
        this.#progress = undefined
        return { top: page.top, topToken: page.topToken, database: page.database, tokenAtAfter, heads }
      }
    }
  }

  #add({ top, topToken, tokenAt, heads }: Page, after: number, progress: Progress | undefined): Progress {
    const next = progress ?? { after, tokenAtAfter: tokenAt, heads: [], top, topToken }
    for (const head of heads) next.heads.push(head)
    return Object.assign(next, { top, topToken })
  }

  async #page(after: number, progress: Progress | undefined): Promise<Page> {
    const last = progress?.heads.at(-1)
    const rest = last ? sql`(revision, scope) > (${last.revision}::bigint, ${last.scope}::text)` : sql`revision > ${after}::bigint`
    const asked = progress?.top ?? after
    const { rows } = await sql<Record<'top' | 'top_token' | 'database' | 'heads', string> & { readonly token_at: string | null }>`
      select state.revision as top, state.token as top_token, ${sql.id(this.#schema, 'database_identity')}() as database,
        case when state.revision = ${asked}::bigint then state.token
          else (select token from ${sql.id(this.#schema, 'config_changelog')} where revision = ${asked}::bigint limit 1) end as token_at,
        coalesce((select json_agg(json_build_array(page.scope, page.revision, page.token) order by page.revision, page.scope) from (
          select * from ${sql.id(this.#schema, 'config_heads')} where ${rest}
          order by revision, scope limit ${PAGE_SIZE}) as page), '[]')::text as heads
      from ${sql.id(this.#schema, 'config_state')} as state where state.id = 1
    `.execute(this.#db)
    const row = rows[0]!
    const heads = (JSON.parse(row.heads) as [string, number, string][]).map(([scope, revision, token]) => ({ scope, revision, token }))
    return { top: Number(row.top), topToken: row.top_token, database: row.database, tokenAt: row.token_at ?? undefined, heads }
  }
}
