import { type Kysely, sql } from 'kysely'
import type { Tables } from '../postgres/tables.js'

/** What became of a subject, for one metric. */
export interface OutcomeRow {
  readonly subject: string
  readonly metric: string
  readonly bad: boolean
  readonly value?: number
  /** Milliseconds since 1970, by the clock of the database. */
  readonly at: number
  /** Absent: every guarded rollout of the project that the subject was exposed to. */
  readonly rolloutId?: string
  readonly kind?: string
  readonly name?: string
}

export interface WrittenOutcomes {
  /** Indexes of outcomes to try again: their subject may still get an exposure, from before the outcome, that is not written yet. */
  readonly early: readonly number[]
  /** Whether one of them counts for a guard. */
  readonly isWatched: boolean
}

/**
 * Writes outcomes, for every rollout that their subject was exposed to before. A subject's first bad one counts, and its first value.
 *
 * Within one batch the first bad one of a subject is picked first: one statement must not change a row twice.
 */
export async function insertOutcomes(
  db: Kysely<Tables>,
  schema: string,
  project: string,
  outcomes: readonly OutcomeRow[],
): Promise<WrittenOutcomes> {
  const { rows } = await sql<{ place: number; isKnown: boolean; isWatched: boolean }>`
    with given as (
      select * from jsonb_to_recordset(${JSON.stringify(outcomes.map((row, place) => ({ ...row, place })))}::text::jsonb)
        as row (place integer, subject text, metric text, bad boolean, value double precision, at double precision,
          "rolloutId" text, kind text, name text)
    ), meant as (
      select given.place, given.subject, given.metric, given.bad, given.value, given.at as said_at, timed.at, rollout.id, rollout.guard is not null as is_guarded,
        exists (select 1 from ${sql.id(schema, 'config_exposures')} as exposure
          where exposure.rollout_id = rollout.id and exposure.subject = given.subject and exposure.exposed_at <= timed.at) as is_exposed
      from given join ${sql.id(schema, 'config_rollouts')} as rollout
        on case when given."rolloutId" is not null then rollout.id = given."rolloutId"
          else rollout.guard is not null and rollout.project = ${project}::text and rollout.status <> 'concluded' end
        and (given.kind is null or rollout.kind = given.kind) and (given.name is null or rollout.name = given.name)
      cross join lateral (select greatest(to_timestamp(given.at / 1000.0), rollout.created_at) as at) as timed
      where rollout.record_exposures
    ), written as (
      insert into ${sql.id(schema, 'config_outcomes')} as known (rollout_id, subject, metric, bad, value, at)
      select id, subject, metric, bool_or(bad), (array_agg(value order by said_at) filter (where value is not null))[1],
        coalesce(min(at) filter (where bad), min(at))
      from meant where is_exposed group by id, subject, metric order by id, subject, metric
      on conflict (rollout_id, subject, metric) do update set bad = known.bad or excluded.bad,
        at = case when excluded.bad and not known.bad then excluded.at else known.at end,
        value = coalesce(known.value, excluded.value)
      where (excluded.bad and not known.bad) or (known.value is null and excluded.value is not null)
    )
    select place, bool_and(is_exposed) as "isKnown", bool_or(is_exposed and is_guarded) as "isWatched" from meant group by place
  `.execute(db)
  return {
    early: rows.filter((row) => !row.isKnown).map((row) => Number(row.place)),
    isWatched: rows.some((row) => row.isWatched),
  }
}

/** Milliseconds since 1970, by the clock of the database. */
export async function serverNow(db: Kysely<Tables>): Promise<number> {
  const { rows } = await sql<{ now: number }>`select extract(epoch from clock_timestamp())::double precision * 1000 as now`.execute(db)
  return Number(rows[0]?.now)
}
