import { type Kysely, sql } from 'kysely'
import type { ChangeType, ConfigChange } from '../../entities/config-change.js'
import type { JsonObject } from '../../entities/json.js'
import { isoDate } from '../../kinds/row.js'
import { checkInteger, LIMITS } from '../../shared/arguments.js'
import type { ChangelogTable, Tables } from '../postgres/tables.js'

interface ChangesFilter {
  readonly kind?: string | undefined
  readonly name?: string | undefined
  readonly project?: string | undefined
  readonly changedBy?: string | undefined
  readonly since?: Date | undefined
  /** Only rows with a smaller id. */
  readonly before?: number | undefined
  readonly limit?: number | undefined
}

/**
 * What a history is asked for besides a name.
 *
 * @throws {InvalidArgumentError} naming the field
 */
export function checkPage({ limit, before }: Pick<ChangesFilter, 'limit' | 'before'>): Pick<ChangesFilter, 'limit' | 'before'> {
  return {
    ...(limit !== undefined && { limit: checkInteger('limit', limit, { min: 1, max: LIMITS.listLimit }) }),
    ...(before !== undefined && { before: checkInteger('before', before, { min: 1, max: Number.MAX_SAFE_INTEGER }) }),
  }
}

/** Changes that match, newest first. */
export async function listChanges(db: Kysely<Tables>, filter: ChangesFilter): Promise<ConfigChange[]> {
  let query = db.selectFrom('config_changelog').select(sql<string>`to_json(config_changelog)::text`.as('row')).orderBy('id', 'desc')
  if (filter.kind !== undefined) query = query.where('config_type', '=', filter.kind)
  if (filter.name !== undefined) query = query.where('config_name', '=', filter.name)
  if (filter.project !== undefined) query = query.where('project', '=', filter.project)
  if (filter.changedBy !== undefined) query = query.where('changed_by', '=', filter.changedBy)
  if (filter.since !== undefined) query = query.where('changed_at', '>=', sql<Date>`${filter.since.toISOString()}::text::timestamptz`)
  if (filter.before !== undefined) query = query.where(sql<boolean>`id < ${filter.before}::bigint`)
  if (filter.limit !== undefined) query = query.limit(filter.limit)
  return (await query.execute()).map(({ row }) => toChange(JSON.parse(row) as ChangeRow))
}

/** A row as JSON: drivers read a timestamp's own text by the DateStyle that they expect, not by the one that the role has. */
export type ChangeRow = Readonly<Omit<ChangelogTable, 'id' | 'revision' | 'changed_at'>> & {
  readonly id: number
  readonly revision: number
  readonly changed_at: string
}

export function toChange(row: ChangeRow): ConfigChange {
  return Object.freeze({
    id: Number(row.id),
    revision: Number(row.revision),
    configType: row.config_type as ConfigChange['configType'],
    configId: row.config_id === null ? null : Number(row.config_id),
    configName: row.config_name,
    project: row.project,
    previousVersion: row.previous_version,
    newVersion: row.new_version,
    changeType: row.change_type as ChangeType,
    changeSummary: row.change_summary,
    previousData: row.previous_data as JsonObject | null,
    newData: row.new_data as JsonObject | null,
    changedBy: row.changed_by,
    changedAt: isoDate(row.changed_at),
  })
}
