import { type Kysely, type RawBuilder, sql } from 'kysely'
import type { VersionEntry } from '../../entities/document.js'
import { entityScope } from '../../entities/scope.js'
import type { Row } from '../../kinds/row.js'
import type { Tables } from '../postgres/tables.js'
import { labelsFrom, micros, type StoredKind, versionsFrom } from './kind-rows.js'

/** One entity of a kind. */
interface Entity {
  readonly project: string
  readonly name: string
}

export interface VersionState {
  readonly version: number
  readonly id: number
  readonly isActive: boolean
}

/** Whether an entity has any version. */
export async function hasVersions(db: Kysely<Tables>, schema: string, kind: StoredKind, entity: Entity): Promise<boolean> {
  const { rows } = await sql`select 1 from ${versionsFrom(schema, kind)} where ${isEntity(entity)} limit 1`.execute(db)
  return rows.length > 0
}

/** One version's entry as a document would list it, and the last change of its entity that PostgreSQL has. */
export async function readVersionEntry(
  db: Kysely<Tables>,
  schema: string,
  kind: StoredKind,
  entity: Entity,
  version: number,
): Promise<{ readonly entry: VersionEntry | undefined; readonly revision: number }> {
  // As JSON: what a boolean is in JavaScript is up to the host's driver.
  const { rows } = await sql<{ revision: string; row: string | null }>`
    select coalesce(head.revision, 0) as revision, case when entry.id is not null
      then json_build_array(entry.id, entry.is_active, ${micros('entry')})::text end as row
    from (select ${entityScope(kind.kind, entity.project, entity.name)}::text as scope) as wanted
    left join ${sql.id(schema, 'config_heads')} as head on head.scope = wanted.scope
    left join ${versionsFrom(schema, kind)} as entry
      on entry.project = ${entity.project}::text and entry.name = ${entity.name}::text and entry.version = ${version}::integer
  `.execute(db)
  const [found] = rows
  if (!found?.row) return { entry: undefined, revision: Number(found?.revision ?? 0) }
  const [id, isActive, createdAtMicros] = JSON.parse(found.row) as [number, boolean, number]
  return { entry: { version, id, isActive, createdAtMicros }, revision: Number(found.revision) }
}

/** What is known of a version beside its content. */
export interface VersionOutline {
  readonly version: number
  readonly isActive: boolean
  readonly labels: readonly string[]
}

/** Every version of an entity with its labels, newest first. */
export async function readOutlines(
  db: Kysely<Tables>,
  schema: string,
  kind: StoredKind,
  entity: Entity,
): Promise<readonly VersionOutline[]> {
  const { rows } = await sql<{ version: number; is_active: string; labels: string }>`
    select entry.version, to_json(entry.is_active)::text as is_active, coalesce((select json_agg(carried.label order by carried.label)
      from ${labelsFrom(schema, kind)} as carried
      where carried.project = entry.project and carried.name = entry.name and carried.version = entry.version), '[]')::text as labels
    from ${versionsFrom(schema, kind)} as entry where ${isEntity(entity)} order by entry.version desc
  `.execute(db)
  return Object.freeze(
    rows.map(({ version, is_active: isActive, labels }) =>
      Object.freeze({ version: Number(version), isActive: isActive === 'true', labels: Object.freeze(JSON.parse(labels) as string[]) }),
    ),
  )
}

/** One version's row. */
export async function readRow(
  db: Kysely<Tables>,
  schema: string,
  kind: StoredKind,
  entity: Entity,
  version: number,
): Promise<Row | undefined> {
  const { rows } = await sql<{ row: string }>`
    select to_json(entry)::text as row from ${versionsFrom(schema, kind)} as entry
    where ${isEntity(entity)} and version = ${version}::integer
  `.execute(db)
  return rows[0] && (JSON.parse(rows[0].row) as Row)
}

function isEntity({ project, name }: Entity): RawBuilder<unknown> {
  return sql`project = ${project}::text and name = ${name}::text`
}
