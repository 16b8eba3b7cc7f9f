import { sql } from 'kysely'
import type { Rollout } from '../entities/rollout.js'
import type { Row } from './labelled-kind.js'
import type { LabelMap, LabelsOf } from './labels.js'
import { decodeRollout } from './rollout-rows.js'
import type { VersionState, VersionsOf } from './version-rows.js'
import type { WriteSession } from './write-session.js'

/** An entity as the write that holds the revision sees it: nobody else can change it meanwhile. */
export interface EntityState {
  readonly versions: readonly VersionState[]
  readonly labels: LabelMap
  /** Running and paused ones. */
  readonly rollouts: readonly Rollout[]
  /** The row that was asked for. */
  readonly row: Row | undefined
}

/** Reads versions, labels and one version's row in one round trip. */
export async function readEntityState(
  session: WriteSession,
  versions: VersionsOf,
  labels: LabelsOf,
  wanted: number | 'highest',
): Promise<EntityState> {
  const entity = sql`project = ${versions.project}::text and name = ${versions.name}::text`
  const table = sql.id(versions.schema, versions.table)
  const { rows } = await sql<{ versions: string; labels: string; rollouts: string; row: string | null }>`select
    coalesce((select json_agg(json_build_array(version, id, is_active) order by version) from ${table} where ${entity}), '[]')::text as versions,
    coalesce((select json_object_agg(label, version) from ${sql.id(labels.schema, labels.table)} where ${entity}), '{}')::text as labels,
    coalesce((select json_agg(to_json(open)) from ${sql.id(versions.schema, 'config_rollouts')} as open
      where kind = ${labels.kind}::text and ${entity} and status <> 'concluded'), '[]')::text as rollouts,
    (select to_json(entry)::text from ${table} as entry where ${entity}
      and ${wanted === 'highest' ? sql`true` : sql`version = ${wanted}::integer`} order by version desc limit 1) as row
  `.execute(session.transaction)
  const found = rows[0] as { versions: string; labels: string; rollouts: string; row: string | null }
  return {
    versions: (JSON.parse(found.versions) as [number, number, boolean][]).map(([version, id, isActive]) => ({ version, id, isActive })),
    labels: new Map(Object.entries(JSON.parse(found.labels) as Record<string, number>)),
    rollouts: (JSON.parse(found.rollouts) as Row[]).map(decodeRollout),
    row: found.row === null ? undefined : (JSON.parse(found.row) as Row),
  }
}
