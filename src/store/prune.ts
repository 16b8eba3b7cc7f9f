import { type Kysely, sql } from 'kysely'
import { KINDS } from './kinds.js'
import type { Tables } from './tables.js'

/**
 * Deletes changelog rows from before a moment, all but those that something still needs: the newest revision, by which workers tell that
 * the database is still the one they know, and for each label the row that a rollback would go back by.
 *
 * @returns how many rows were deleted
 */
export async function pruneChangelog(db: Kysely<Tables>, schema: string, before: Date): Promise<number> {
  const log = sql.id(schema, 'config_changelog')
  const rollbackRows = Object.values(KINDS).map(
    (kind) => sql`
      select max(change.id) from ${sql.id(schema, kind.labels)} as label
      join ${log} as change on change.config_type = ${kind.kind}::text and change.project = label.project and change.config_name = label.name
        and (change.previous_data -> 'labels' ->> label.label)::integer <> label.version
      join ${sql.id(schema, kind.versions)} as version on version.project = label.project and version.name = label.name
        and version.version = (change.previous_data -> 'labels' ->> label.label)::integer and version.is_active
      group by label.project, label.name, label.label`,
  )
  // A label that was removed can be brought back too: the last row that moved each one stays.
  const lastMoves = sql`
    select max(change.id) from ${log} as change cross join jsonb_object_keys(change.previous_data -> 'labels') as moved (label)
    group by change.config_type, change.project, change.config_name, moved.label`
  return db.transaction().execute(async (transaction) => {
    await sql`select set_config('agent_config.pruning', 'on', true)`.execute(transaction)
    const { rows } = await sql`
      delete from ${log} where changed_at < ${before} and revision < (select revision from ${sql.id(schema, 'config_state')} where id = 1)
        and id not in (${sql.join([...rollbackRows, lastMoves], sql` union `)}) returning id
    `.execute(transaction)
    await sql`select set_config('agent_config.pruning', 'off', true)`.execute(transaction)
    return rows.length
  })
}
