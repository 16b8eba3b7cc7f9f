import { type RawBuilder, sql } from 'kysely'
import type { KindTables } from '../../kinds/kind.js'

/** What a statement says of a kind. */
export interface StoredKind {
  readonly kind: string
  readonly tables: KindTables
}

/** How a text goes into a statement: as a parameter, or as part of it. */
export type AsValue = (text: string) => RawBuilder<unknown>

export const asParameter: AsValue = (text) => sql`${text}`

/** The table that has the versions of a kind; `undefined` for no kind. */
export function versionsTable(kind: StoredKind | undefined): string | undefined {
  return kind && (kind.tables.isShared ? 'config_entries' : kind.tables.versions)
}

/** What follows `from` for the versions of a kind. */
export function versionsFrom(schema: string, { kind, tables }: StoredKind, value: AsValue = asParameter): RawBuilder<unknown> {
  return tables.isShared ? sql`${sql.id(schema, 'config_entries_of')}(${value(kind)}::text)` : sql.id(schema, tables.versions)
}

/** What follows `from` for the labels of a kind. */
export function labelsFrom(schema: string, { kind, tables }: StoredKind, value: AsValue = asParameter): RawBuilder<unknown> {
  return tables.isShared ? sql`${sql.id(schema, 'config_entry_labels_of')}(${value(kind)}::text)` : sql.id(schema, tables.labels)
}

/** When a row was written, in microseconds since 1970. */
export function micros(alias: string): RawBuilder<unknown> {
  return sql`(extract(epoch from ${sql.ref(`${alias}.created_at`)}) * 1000000)::bigint`
}
