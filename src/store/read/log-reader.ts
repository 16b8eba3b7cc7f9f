import { type Kysely, type RawBuilder, sql } from 'kysely'
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
  /** The heads of the scopes asked about, as of `top`; revision 0 for one that was never written. */
  readonly asked: readonly LogHead[]
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
  readonly asked: readonly LogHead[]
}

/**
 * Heads in one page. PostgreSQL needs a few milliseconds for it, so a page comes within its deadline also when hundreds of workers start at
 * once.
 */
const PAGE_SIZE = 2_000

/**
 * Reads the log after a revision, in pages. Pages are read one after another and the log moves on meanwhile; a head that changes between
 * two pages comes again on a later one, since its revision then is above all that were read.
 *
 * That holds however long the time between two pages is. So a read that failed goes on with its next page when it is tried again, and of many
 * workers that start together each gets to the end page by page.
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

  /** Where the log ends, and the heads of some scopes: one statement, however many scopes there are. Any number of these at a time. */
  async end(scopes: readonly string[]): Promise<LogRead> {
    const { tokenAt, ...end } = await this.#guard(() => this.#page(sql`false`, 0, scopes))
    return { ...end, tokenAtAfter: tokenAt }
  }

  /**
   * What changed after a revision, and the heads of some scopes besides. One read at a time.
   *
   * @param after `0` reads all heads
   */
  async read(after: number, scopes: readonly string[] = []): Promise<LogRead> {
    for (;;) {
      const progress = this.#progress?.after === after ? this.#progress : undefined
      const page = await this.#guard(() => this.#page(restOf(after, progress), progress?.top ?? after, scopes))
      // A failover between two pages: the log that the pages before were read from is not this one.
      this.#progress = progress && page.tokenAt !== progress.topToken ? undefined : this.#add(page, after, progress)
      if (this.#progress && page.heads.length < PAGE_SIZE) {
        const { tokenAtAfter, heads } = this.#progress
        this.#progress = undefined
        return { top: page.top, topToken: page.topToken, database: page.database, tokenAtAfter, heads, asked: page.asked }
      }
    }
  }

  #add({ top, topToken, tokenAt, heads }: Page, after: number, progress: Progress | undefined): Progress {
    const next = progress ?? { after, tokenAtAfter: tokenAt, heads: [], top, topToken }
    for (const head of heads) next.heads.push(head)
    return Object.assign(next, { top, topToken })
  }

  /** @param tokenAt the revision whose token is wanted */
  async #page(which: RawBuilder<unknown>, tokenAt: number, scopes: readonly string[]): Promise<Page> {
    const { rows } = await sql<Record<'top' | 'top_token' | 'database' | 'heads' | 'asked', string> & { readonly token_at: string | null }>`
      select state.revision as top, state.token as top_token, ${sql.id(this.#schema, 'database_identity')}() as database,
        case when state.revision = ${tokenAt}::bigint then state.token
          else (select token from ${sql.id(this.#schema, 'config_changelog')} where revision = ${tokenAt}::bigint limit 1) end as token_at,
        coalesce((select json_agg(json_build_array(page.scope, page.revision, page.token) order by page.revision, page.scope) from (
          select * from ${sql.id(this.#schema, 'config_heads')} where ${which}
          order by revision, scope limit ${PAGE_SIZE}) as page), '[]')::text as heads,
        ${this.#headsOf(scopes)}::text as asked
      from ${sql.id(this.#schema, 'config_state')} as state where state.id = 1
    `.execute(this.#db)
    const row = rows[0]!
    const [heads, asked] = [toHeads(row.heads), toHeads(row.asked)]
    return { top: Number(row.top), topToken: row.top_token, database: row.database, tokenAt: row.token_at ?? undefined, heads, asked }
  }

  #headsOf(scopes: readonly string[]): RawBuilder<unknown> {
    if (scopes.length === 0) return sql`'[]'`
    return sql`(
      select json_agg(json_build_array(asked.scope, coalesce(head.revision, 0), coalesce(head.token, '')))
      from jsonb_array_elements_text(${JSON.stringify(scopes)}::text::jsonb) as asked (scope)
      left join ${sql.id(this.#schema, 'config_heads')} as head on head.scope = asked.scope)`
  }
}

function restOf(after: number, progress: Progress | undefined): RawBuilder<unknown> {
  const last = progress?.heads.at(-1)
  return last ? sql`(revision, scope) > (${last.revision}::bigint, ${last.scope}::text)` : sql`revision > ${after}::bigint`
}

function toHeads(json: string): readonly LogHead[] {
  return (JSON.parse(json) as [string, number, string][]).map(([scope, revision, token]) => ({ scope, revision, token }))
}
