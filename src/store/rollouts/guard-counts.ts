import { type Kysely, type RawBuilder, sql } from 'kysely'
import type { Guard } from '../../entities/guard.js'
import type { Rollout } from '../../entities/rollout.js'
import type { KindRegistry } from '../../kinds/registry.js'
import type { Row } from '../../kinds/row.js'
import type { GuardCounts } from '../../rollout/guard.js'
import type { Tables } from '../postgres/tables.js'
import { labelsFrom } from '../read/kind-rows.js'
import { decodeRollout } from '../read/rollout-rows.js'

/** A guarded rollout with the counts that its guard decides by. */
export interface GuardedRollout {
  readonly rollout: Rollout & { readonly guard: Guard }
  readonly counts: GuardCounts
  /** The version that the label is on, if any. */
  readonly labelVersion: number | undefined
}

interface GuardedRow {
  readonly row: string
  readonly exposed: Readonly<Record<string, number>>
  /** Subjects that do not count have the arm `null`. */
  readonly bad: readonly { readonly metric: string; readonly arm: number | null; readonly subjects: number }[]
}

/**
 * Takes the advisory lock that lets one worker at a time judge. The transaction holds it, so that it ends with the transaction, behind a
 * pooler too.
 *
 * @returns whether it was free
 */
export async function takeJudgesLock(transaction: Kysely<Tables>, schema: string): Promise<boolean> {
  const { rows } = await sql<{ taken: boolean }>`
    select pg_try_advisory_xact_lock(hashtextextended(${`agent_config guards of ${schema}`}::text, 0)) as taken
  `.execute(transaction)
  return rows[0]?.taken === true
}

/** Every guarded rollout that is not concluded. Reads bad outcomes only; subjects by arm are counted as they come. */
export async function readGuarded(db: Kysely<Tables>, schema: string, kinds: KindRegistry): Promise<readonly GuardedRollout[]> {
  const { rows } = await guardedStatement(schema).execute(db)
  const guarded: GuardedRollout[] = []
  for (const { row, exposed, bad } of rows) {
    const rollout = decodeRollout(JSON.parse(row) as Row)
    if (!rollout.guard || !kinds.has(rollout.kind)) continue
    const byMetric: Record<string, number[]> = {}
    for (const { metric, arm, subjects } of bad) {
      // Excluded here: to exclude them in the statement, PostgreSQL would look every subject up twice.
      if (arm === null) continue
      byMetric[metric] ??= rollout.arms.map(() => 0)
      byMetric[metric][arm] = Number(subjects)
    }
    guarded.push({
      rollout: rollout as GuardedRollout['rollout'],
      counts: { exposed: rollout.arms.map((_arm, place) => Number(exposed[place] ?? 0)), bad: byMetric },
      labelVersion: await labelVersionOf(db, schema, kinds, rollout),
    })
  }
  return guarded
}

/**
 * The statement that reads all guarded rollouts. It begins at the bad outcomes and looks up each one's subject, because bad outcomes are few:
 * for a join PostgreSQL would read all exposures, since it does not expect few. One look-up gives the arm, whether there is another one, and when.
 * Two indexes hold every column that it reads; to read another column, change the indexes as well (test/rollouts/guard-plan.test.ts).
 *
 * @see docs/decisions/0081-a-look-is-answered-by-two-indexes.md
 */
export function guardedStatement(schema: string): RawBuilder<GuardedRow> {
  return sql<GuardedRow>`
    with guarded as materialized (
      select rollout.id, to_json(rollout)::text as row, rollout.forced, ${since} as since, ${settledBefore} as settled_before
      from ${sql.id(schema, 'config_rollouts')} as rollout
      where jsonb_typeof(rollout.guard) = 'object' and rollout.status <> 'concluded'
    )
    select guarded.row,
      coalesce((select jsonb_object_agg(arm, subjects) from ${sql.id(schema, 'config_exposure_counts')} where rollout_id = guarded.id), '{}') as exposed,
      coalesce((select jsonb_agg(found) from (
        select metric, arm, count(*) as subjects from (
          select outcome.metric, (
            select case when count(*) = 1 and min(exposure.exposed_at) between guarded.since and least(guarded.settled_before, outcome.at)
              then min(exposure.arm) end
            from ${sql.id(schema, 'config_exposures')} as exposure
            where exposure.rollout_id = outcome.rollout_id and exposure.subject = outcome.subject
          ) as arm
          from ${sql.id(schema, 'config_outcomes')} as outcome
          where outcome.rollout_id = guarded.id and outcome.bad and not coalesce(guarded.forced ? outcome.subject, false)
        ) as counted group by metric, arm) as found), '[]') as bad
    from guarded
  `
}

export async function labelVersionOf(
  db: Kysely<Tables>,
  schema: string,
  kinds: KindRegistry,
  rollout: Rollout,
): Promise<number | undefined> {
  const labels = labelsFrom(schema, kinds.labelledKind('kind', rollout.kind))
  const { rows } = await sql<{ version: number }>`
    select version from ${labels} where project = ${rollout.project}::text and name = ${rollout.name}::text and label = ${rollout.label}::text
  `.execute(db)
  return rows[0] && Number(rows[0].version)
}

/** When the evidence of the row `rollout` began. */
const since = sql`coalesce((rollout.guard ->> 'since')::timestamptz, '-infinity')`

/** Subjects that were exposed later than this have not settled yet. */
const settledBefore = sql`clock_timestamp() - coalesce((rollout.guard ->> 'settleMs')::double precision, 0) * interval '1 millisecond'`

/** Whether the row `exposure` of the row `rollout` counts: settled, of one arm only, not forced, and from after the evidence began. */
export function counting(schema: string): RawBuilder<unknown> {
  return sql`exposure.exposed_at >= ${since} and exposure.exposed_at <= ${settledBefore}
    and not coalesce(rollout.forced ? exposure.subject, false)
    and not exists (select 1 from ${sql.id(schema, 'config_exposures')} as other where other.rollout_id = exposure.rollout_id
      and other.subject = exposure.subject and other.arm <> exposure.arm)`
}

/** Something that a guard concluded without pausing. */
export interface VerdictRow {
  readonly rolloutId: string
  readonly since: string
  /** Empty for the sample ratio, and for the end of a guard. */
  readonly metric: string
  readonly verdict: 'worse' | 'ratio' | 'ended'
  readonly logEvidence: number
  readonly logThreshold: number
  readonly counts: GuardCounts
}

/** @returns whether it was new: of several workers that conclude the same, only one gets `true` */
export async function insertVerdict(db: Kysely<Tables>, schema: string, verdict: VerdictRow): Promise<boolean> {
  const { rows } = await sql`
    insert into ${sql.id(schema, 'config_verdicts')} (rollout_id, since, metric, verdict, log_evidence, log_threshold, counts)
    select ${verdict.rolloutId}::text, ${verdict.since}::text::timestamptz, ${verdict.metric}::text, ${verdict.verdict}::text,
      ${verdict.logEvidence}::double precision, ${verdict.logThreshold}::double precision, ${JSON.stringify(verdict.counts)}::text::jsonb
    on conflict do nothing returning 1
  `.execute(db)
  return rows.length > 0
}
