import { type RawBuilder, sql } from 'kysely'

/**
 * A text as part of the statement itself, for statements that are sent without parameters. With a backslash in it, it is written so that it
 * means the same whatever `standard_conforming_strings` says.
 */
export function literal(text: string): RawBuilder<unknown> {
  const quoted = `'${text.replaceAll("'", "''")}'`
  return sql.raw(text.includes('\\') ? ` E${quoted.replaceAll('\\', '\\\\')}` : quoted)
}
