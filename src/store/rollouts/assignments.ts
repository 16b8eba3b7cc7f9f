import { type Kysely, sql } from 'kysely'
import type { Tables } from '../postgres/tables.js'

/** Longest subject, in UTF-16 units: with more bytes than these can have PostgreSQL cannot index it. */
export const MAX_SUBJECT = 512

/** Stores a subject's arm. Of several writers at once the first one's arm is kept, and all of them get that one. */
export async function assignArm(db: Kysely<Tables>, schema: string, rolloutId: string, subject: string, arm: number): Promise<number> {
  const { rows } = await sql<{ arm: number }>`
    insert into ${sql.id(schema, 'config_assignments')} as assigned (rollout_id, subject, arm)
    values (${rolloutId}::text, ${subject}::text, ${arm}::integer)
    on conflict (rollout_id, subject) do update set arm = assigned.arm returning arm
  `.execute(db)
  return Number(rows[0]?.arm)
}

/** One subject that was given one arm. */
export interface ExposureRow {
  readonly rolloutId: string
  readonly subject: string
  readonly arm: number
  readonly version: number
  /** Milliseconds since 1970, by the clock of the database. */
  readonly at: number
}

/**
 * Writes exposures; of several of one subject and arm the earliest stays, and exposures of a deleted rollout are left out. None is dated before its
 * rollout: a process knows the database's clock only to some milliseconds, and a guard would not count an exposure from before the start.
 */
export async function insertExposures(db: Kysely<Tables>, schema: string, exposures: readonly ExposureRow[]): Promise<void> {
  await sql`
    insert into ${sql.id(schema, 'config_exposures')} as known (rollout_id, subject, arm, version, exposed_at)
    select distinct on (new."rolloutId", new.subject, new.arm) new."rolloutId", new.subject, new.arm, new.version,
      greatest(to_timestamp(new.at / 1000.0), rollout.created_at)
    from jsonb_to_recordset(${JSON.stringify(exposures)}::text::jsonb)
      as new ("rolloutId" text, subject text, arm integer, version integer, at double precision)
    join ${sql.id(schema, 'config_rollouts')} as rollout on rollout.id = new."rolloutId"
    order by new."rolloutId", new.subject, new.arm, new.at
    on conflict (rollout_id, subject, arm) do update set exposed_at = excluded.exposed_at where known.exposed_at > excluded.exposed_at
  `.execute(db)
}

/** The stored arm of a subject, in a rollout that takes no new subjects. */
export async function findArm(db: Kysely<Tables>, schema: string, rolloutId: string, subject: string): Promise<number | undefined> {
  const { rows } = await sql<{ arm: number }>`
    select arm from ${sql.id(schema, 'config_assignments')} where rollout_id = ${rolloutId}::text and subject = ${subject}::text
  `.execute(db)
  return rows[0] && Number(rows[0].arm)
}
