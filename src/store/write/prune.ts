import { type Kysely, type RawBuilder, sql } from 'kysely'
import type { Tables } from '../postgres/tables.js'

/** How many rows were deleted. */
export interface PruneReport {
  readonly changelog: number
  readonly exposures: number
  readonly outcomes: number
  readonly assignments: number
  /** Idempotency keys whose time is over; absent when there were none. */
  readonly idempotencyKeys?: number
}

export interface PruneOptions {
  /** Rows from before this moment are deleted. */
  readonly before: Date
  /** Called after every batch with what was deleted so far. */
  readonly onProgress?: (soFar: PruneReport) => void
}

/** Rows of one statement: some hundredths of a second, so that no other work waits and no statement meets its time limit. */
const BATCH_SIZE = 2_000

/**
 * Deletes what is older than a moment, in batches that are each committed: one that fails leaves what was deleted before it deleted, and
 * a second call goes on.
 */
export async function prune(db: Kysely<Tables>, schema: string, { before, onProgress }: PruneOptions): Promise<PruneReport> {
  const report: { -readonly [Part in keyof PruneReport]: PruneReport[Part] } = { changelog: 0, exposures: 0, outcomes: 0, assignments: 0 }
  const told = (part: keyof PruneReport) => (rows: number) => {
    report[part] = (report[part] ?? 0) + rows
    onProgress?.({ ...report })
  }
  await pruneChangelog(db, schema, before, told('changelog'))
  await pruneTable(db, sql.id(schema, 'config_exposures'), sql`exposed_at < ${momentOf(before)}`, told('exposures'))
  await pruneTable(db, sql.id(schema, 'config_outcomes'), sql`at < ${momentOf(before)}`, told('outcomes'))
  const isConcluded = sql`exists (select 1 from ${sql.id(schema, 'config_rollouts')} as rollout
    where rollout.id = old.rollout_id and rollout.status = 'concluded')`
  await pruneTable(db, sql.id(schema, 'config_assignments'), sql`assigned_at < ${momentOf(before)} and ${isConcluded}`, told('assignments'))
  const isOver = sql`expires_at < clock_timestamp() and claimed_at < ${momentOf(before)}`
  await pruneTable(db, sql.id(schema, 'config_idempotency_keys'), isOver, told('idempotencyKeys'))
  return report
}

async function pruneTable(
  db: Kysely<Tables>,
  table: RawBuilder<unknown>,
  isOld: RawBuilder<unknown>,
  told: (rows: number) => void,
): Promise<void> {
  for (;;) {
    const { rows } = await sql`
      delete from ${table} where ctid = any(array(select old.ctid from ${table} as old where ${isOld} limit ${BATCH_SIZE}::integer))
      returning 1
    `.execute(db)
    if (rows.length > 0) told(rows.length)
    if (rows.length < BATCH_SIZE) return
  }
}

/** Goes through the log from its beginning, page by page. The function in the database keeps the rows that are still needed. */
async function pruneChangelog(db: Kysely<Tables>, schema: string, before: Date, told: (rows: number) => void): Promise<void> {
  let after: string | null = '0'
  while (after !== null) {
    const page: RawBuilder<{ deleted: number; last: string | null }> = sql`
      select deleted, last from ${sql.id(schema, 'prune_changelog')}(${momentOf(before)}, ${after}::text::bigint, ${BATCH_SIZE}::integer)
    `
    const [row] = (await page.execute(db)).rows
    if (row && Number(row.deleted) > 0) told(Number(row.deleted))
    after = row?.last == null ? null : String(row.last)
  }
}

function momentOf(date: Date): RawBuilder<unknown> {
  return sql`${date.toISOString()}::text::timestamptz`
}
