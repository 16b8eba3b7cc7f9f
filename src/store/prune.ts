import { type Kysely, type RawBuilder, sql } from 'kysely'
import type { Tables } from './tables.js'

export interface PruneReport {
  readonly changelog: number
  readonly exposures: number
  readonly assignments: number
}

export async function prune(db: Kysely<Tables>, schema: string, before: Date): Promise<PruneReport> {
  return {
    changelog: await pruneChangelog(db, schema, before),
    exposures: await deleted(db, sql`delete from ${sql.id(schema, 'config_exposures')} where exposed_at < ${before} returning 1`),
    assignments: await deleted(
      db,
      sql`delete from ${sql.id(schema, 'config_assignments')} as assigned using ${sql.id(schema, 'config_rollouts')} as rollout
        where rollout.id = assigned.rollout_id and rollout.status = 'concluded' and assigned_at < ${before} returning 1`,
    ),
  }
}

async function deleted(db: Kysely<Tables>, statement: RawBuilder<unknown>): Promise<number> {
  return (await statement.execute(db)).rows.length
}

/**
 * Deletes changelog rows from before a moment, all but those that something still needs. Workers tell by the newest revision they know
 * that the database is still the same one: the newest before the moment stays. And a rollback goes back to where a label was: of the rows
 * that moved a label away from a version, the newest of each version stays, since any of these versions may be deactivated later.
 *
 * @returns how many rows were deleted
 */
async function pruneChangelog(db: Kysely<Tables>, schema: string, before: Date): Promise<number> {
  const log = sql.id(schema, 'config_changelog')
  return db
    .transaction()
    .setIsolationLevel('read committed')
    .execute(async (transaction) => {
      await sql`select set_config('agent_config.pruning', 'on', true)`.execute(transaction)
      const { rows } = await sql`
        delete from ${log} where changed_at < ${before} and revision < (select max(revision) from ${log} where changed_at < ${before})
          and id not in (select max(change.id) from ${log} as change cross join jsonb_each_text(change.previous_data -> 'labels') as moved
            where moved.value is not null group by change.config_type, change.project, change.config_name, moved.key, moved.value)
        returning id
      `.execute(transaction)
      await sql`select set_config('agent_config.pruning', 'off', true)`.execute(transaction)
      return rows.length
    })
}
