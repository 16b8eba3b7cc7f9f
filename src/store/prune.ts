import { type Kysely, type RawBuilder, sql } from 'kysely'
import type { Tables } from './tables.js'

export interface PruneReport {
  readonly changelog: number
  readonly exposures: number
  readonly assignments: number
}

export interface PruneOptions {
  /** Told of every batch: what has been deleted so far. */
  readonly onProgress?: ((deleted: PruneReport) => void) | undefined
}

/** Rows of one statement: it ends well within a statement's deadline, and holds its locks for a moment only. */
export const PRUNE_BATCH = 5_000

/**
 * Deletes, batch by batch, what is from before a moment: changelog rows, all but those that catching up or a rollback still needs; exposures;
 * assignments of concluded rollouts. A failure leaves what the batches before have deleted.
 */
export async function prune(db: Kysely<Tables>, schema: string, before: Date, { onProgress }: PruneOptions = {}): Promise<PruneReport> {
  const report = { changelog: 0, exposures: 0, assignments: 0 }
  for (const part of ['changelog', 'exposures', 'assignments'] as const) {
    for (;;) {
      const deleted = await countOf(db, STATEMENTS[part](schema, before.toISOString()))
      report[part] += deleted
      if (deleted > 0) onProgress?.({ ...report })
      if (deleted < PRUNE_BATCH) break
    }
  }
  return report
}

type Statement = (schema: string, before: string) => RawBuilder<unknown>

const STATEMENTS: Record<keyof PruneReport, Statement> = {
  changelog: (schema, before) =>
    sql`select ${sql.id(schema, 'prune_changelog')}(${before}::text::timestamptz, ${PRUNE_BATCH}::integer) as deleted`,
  exposures: (schema, before) =>
    deletion(
      sql`delete from ${sql.id(schema, 'config_exposures')} where ctid = any(array(
      select ctid from ${sql.id(schema, 'config_exposures')} where exposed_at < ${before}::text::timestamptz limit ${PRUNE_BATCH}::integer))`,
    ),
  assignments: (schema, before) =>
    deletion(
      sql`delete from ${sql.id(schema, 'config_assignments')} where ctid = any(array(
      select assigned.ctid from ${sql.id(schema, 'config_assignments')} as assigned
      join ${sql.id(schema, 'config_rollouts')} as rollout on rollout.id = assigned.rollout_id
      where rollout.status = 'concluded' and assigned_at < ${before}::text::timestamptz limit ${PRUNE_BATCH}::integer))`,
    ),
}

function deletion(statement: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`with gone as (${statement} returning 1) select count(*)::integer as deleted from gone`
}

async function countOf(db: Kysely<Tables>, statement: RawBuilder<unknown>): Promise<number> {
  const { rows } = await (statement as RawBuilder<{ deleted: number }>).execute(db)
  return Number(rows[0]?.deleted)
}
