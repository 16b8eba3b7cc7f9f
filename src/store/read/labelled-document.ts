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
  const most = sql.lit(NEWEST_LISTED)
  return sql`(
    with newest as materialized (select * from ${versions} where ${entity} order by version desc limit ${most}),
    known as materialized (select
      coalesce((select case count(*) when ${most} then min(version) end from newest), 1) as since,
      array(select version from ${labels} where ${entity}
        union (select version from ${versions} where ${entity} and is_active order by version desc limit 1)
        union select (arm ->> 'version')::integer from ${rollouts}, jsonb_array_elements(arms) as arm where ${isOpen}) as pointed),
    listed as (select * from newest union all (
      select older.* from known cross join unnest(known.pointed) as at (version) cross join lateral (
        select * from ${versions} where ${entity} and version <= at.version order by version desc limit 1) as older
      where older.version = at.version and older.version < known.since))
    select json_build_object(
      'labels', coalesce((select json_object_agg(label, version) from ${labels} where ${entity}), '{}'),
      'since', (select since from known),
      'versions', coalesce(json_agg(json_build_array(version, id, is_active, ${micros('listed')}) order by version), '[]'),
      'contents', coalesce(json_agg(to_json(listed) order by version) filter (where version = any((select pointed from known)::integer[])), '[]'),
      'rollouts', coalesce((select json_agg(to_json(open)) from ${rollouts} as open where ${isOpen}), '[]'))
    from listed)`
}

/** When a row was written, in microseconds since 1970. */
export function micros(alias: string): RawBuilder<unknown> {
  return sql`(extract(epoch from ${sql.ref(`${alias}.created_at`)}) * 1000000)::bigint`
}
