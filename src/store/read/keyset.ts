import { type RawBuilder, sql } from 'kysely'

/** What the first page of a list comes after. */
export const FIRST: [name: string, version: number] = ['', 0]

/**
 * The versions of a project that come after one in a list, by name and then newest first: a comparison of rows, so that the index of that
 * order finds where a page begins.
 *
 * The project is a range in it too. Where nothing was analysed yet PostgreSQL takes `project = …` for one row in 200, and reads and sorts
 * the whole project for every page rather than using the index.
 */
export function isAfter(nameColumn: 'name' | 'context', project: string, name: string, version: number): RawBuilder<unknown> {
  const columns = sql`entry.project, ${sql.ref(`entry.${nameColumn}`)}, -entry.version`
  return sql`(${columns}) > (${project}::text, ${name}::text, -${version}::bigint) and entry.project <= ${project}::text`
}
