import { type Kysely, type RawBuilder, sql } from 'kysely'
import type { Row } from './labelled-kind.js'
import type { Tables } from './tables.js'

/** Where one entity's versions live. */
export interface VersionsOf {
  readonly schema: string
  readonly table: 'prompts' | 'model_configs' | 'embedding_configs' | 'context_rules'
  readonly nameColumn: 'name' | 'context'
  readonly project: string
  readonly name: string
}

export interface VersionState {
  readonly version: number
  readonly id: number
  readonly isActive: boolean
}

/** Every version of an entity, ascending. */
export async function readVersions(db: Kysely<Tables>, of: VersionsOf): Promise<readonly VersionState[]> {
  const { rows } = await sql<{ version: number; id: string; is_active: boolean }>`
    select version, id, is_active from ${tableOf(of)} where ${isEntity(of)} order by version
  `.execute(db)
  return rows.map((row) => ({ version: Number(row.version), id: Number(row.id), isActive: row.is_active }))
}

/** One version's row, by number or the highest. */
export async function readRow(db: Kysely<Tables>, of: VersionsOf, version: number | 'highest'): Promise<Row | undefined> {
  const which = version === 'highest' ? sql`true` : sql`version = ${version}::integer`
  const { rows } = await sql<{ row: string }>`
    select to_json(entry)::text as row from ${tableOf(of)} as entry where ${isEntity(of)} and ${which} order by version desc limit 1
  `.execute(db)
  return rows[0] && (JSON.parse(rows[0].row) as Row)
}

function tableOf(of: VersionsOf): RawBuilder<unknown> {
  return sql.id(of.schema, of.table)
}

function isEntity(of: VersionsOf): RawBuilder<unknown> {
  return sql`project = ${of.project}::text and ${sql.id(of.nameColumn)} = ${of.name}::text`
}
