import { type RawBuilder, sql } from 'kysely'
import { type AsValue, labelsFrom, type StoredKind, versionsFrom } from './kind-rows.js'

/** Newest versions that a document lists, whatever points at them. */
const NEWEST_LISTED = 100

/**
 * The document of one entity, as JSON. Its size does not grow with the number of versions: of those before the newest hundred only the ones are
 * listed that a label, an arm of an open rollout or `latest` points at.
 *
 * Neither does the work: rows are found by order (`order by version desc limit`), for which only one index will do. With a list, a range or a number in
 * the condition alone, PostgreSQL may take the index of lists and read all versions of the entity, as long as its statistics are older than
 * they are.
 */
export function labelledDocument(schema: string, kind: StoredKind, value: AsValue): RawBuilder<unknown> {
  const versions = versionsFrom(schema, kind, value)
  const labels = labelsFrom(schema, kind, value)
  const rollouts = sql.id(schema, 'config_rollouts')
  const entity = sql`project = wanted.project and name = wanted.name`
  const isOpen = sql`kind = ${value(kind.kind)}::text and ${entity} and status <> 'concluded'`
  const pointed = sql`array(select version from ${labels} where ${entity}
    union (select version from ${versions} where ${entity} and is_active order by version desc limit 1)
    union select (arm ->> 'version')::integer from ${rollouts}, jsonb_array_elements(arms) as arm where ${isOpen})`
  const pointedRows = sql`unnest(${pointed}) as at (version) cross join lateral (
    select * from ${versions} where ${entity} and version <= at.version order by version desc limit 1) as entry where entry.version = at.version`
  return sql`json_build_object(
    'labels', coalesce((select json_object_agg(label, version) from ${labels} where ${entity}), '{}'),
    'since', coalesce((select version from ${versions} where ${entity} order by version desc offset ${sql.lit(NEWEST_LISTED - 1)} limit 1), 1),
    'versions', coalesce((select json_agg(json_build_array(version, id, is_active, ${micros('listed')}) order by version) from (
      (select version, id, is_active, created_at from ${versions} where ${entity} order by version desc limit ${sql.lit(NEWEST_LISTED)})
      union select entry.version, entry.id, entry.is_active, entry.created_at from ${pointedRows}) as listed), '[]'),
    'contents', coalesce((select json_agg(to_json(entry) order by entry.version) from ${pointedRows}), '[]'),
    'rollouts', coalesce((select json_agg(to_json(open)) from ${rollouts} as open where ${isOpen}), '[]'))`
}

/** When a row was written, in microseconds since 1970. */
export function micros(alias: string): RawBuilder<unknown> {
  return sql`(extract(epoch from ${sql.ref(`${alias}.created_at`)}) * 1000000)::bigint`
}
