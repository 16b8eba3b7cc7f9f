import { type Kysely, type RawBuilder, sql } from 'kysely'
import type { Tables } from './tables.js'

/** How many rows were deleted. */
export interface PruneReport {
  readonly changelog: number
  readonly exposures: number
  readonly assignments: number
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
  const report = { changelog: 0, exposures: 0, assignments: 0 }
  const told = (part: keyof PruneReport) => (rows: number) => {
    report[part] += rows
    onProgress?.({ ...report })
  }
  await pruneChangelog(db, schema, before, told('changelog'))
  await pruneTable(db, sql.id(schema, 'config_exposures'), sql`exposed_at < ${momentOf(before)}`, told('exposures'))
  const isConcluded = sql`exists (select 1 from ${sql.id(schema, 'config_rollouts')} as rollout
    where rollout.id = old.rollout_id and rollout.status = 'concluded')`
  await pruneTable(db, sql.id(schema, 'config_assignments'), sql`assigned_at < ${momentOf(before)} and ${isConcluded}`, told('assignments'))
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

interface Change {
  readonly id: string
  readonly config_type: string
  readonly project: string
  readonly config_name: string
  readonly is_old: boolean
  /** JSON: where each label that moved had been; `null` for nowhere. */
  readonly moves: string | null
}

/**
 * Deletes changelog rows from before a moment, all but those that something still needs. Workers tell by the newest revision they know
 * that the database is still the same one: the newest before the moment stays. And a rollback goes back to where a label was: of the rows
 * that moved a label away from a version, the newest of each version stays, since any of these versions may be deactivated later.
 *
 * Goes through the log entity by entity, newest change first, so that only one entity's moves have to be remembered. Changes written
 * meanwhile never make an older row needed.
 */
async function pruneChangelog(db: Kysely<Tables>, schema: string, before: Date, told: (rows: number) => void): Promise<void> {
  const log = sql.id(schema, 'config_changelog')
  const { rows } = await sql<{
    newest: string | null
  }>`select max(revision) as newest from ${log} where changed_at < ${momentOf(before)}`.execute(db)
  const newest = rows[0]?.newest ?? null
  if (newest === null) return
  const isOld = sql`changed_at < ${momentOf(before)} and revision < ${newest}::bigint`
  const needed = new NeededMoves()
  let last: Change | undefined
  do {
    const page = await readPage(db, log, isOld, last)
    const dispensable = page.filter((change) => !needed.has(change) && change.is_old)
    if (dispensable.length > 0) told(await deleteChanges(db, log, dispensable))
    last = page.length < BATCH_SIZE ? undefined : page.at(-1)
  } while (last)
}

async function readPage(
  db: Kysely<Tables>,
  log: RawBuilder<unknown>,
  isOld: RawBuilder<unknown>,
  last: Change | undefined,
): Promise<readonly Change[]> {
  const rest = last
    ? sql`(config_type, project, config_name, id) < (${last.config_type}::text, ${last.project}::text, ${last.config_name}::text, ${last.id}::bigint)`
    : sql`true`
  const { rows } = await sql<Change>`
    select id, config_type, project, config_name, ${isOld} as is_old, (previous_data -> 'labels')::text as moves from ${log}
    where ${rest} order by config_type desc, project desc, config_name desc, id desc limit ${BATCH_SIZE}::integer
  `.execute(db)
  return rows
}

async function deleteChanges(db: Kysely<Tables>, log: RawBuilder<unknown>, changes: readonly Change[]): Promise<number> {
  const ids = JSON.stringify(changes.map((change) => Number(change.id)))
  return db
    .transaction()
    .setIsolationLevel('read committed')
    .execute(async (transaction) => {
      await sql`select set_config('agent_config.pruning', 'on', true)`.execute(transaction)
      const { rows } = await sql`
        delete from ${log} where id = any(array(select jsonb_array_elements_text(${ids}::text::jsonb)::bigint)) returning id
      `.execute(transaction)
      await sql`select set_config('agent_config.pruning', 'off', true)`.execute(transaction)
      return rows.length
    })
}

/** What a rollback may go back to, of changes that come entity by entity and newest first. */
class NeededMoves {
  #entity = ''
  readonly #seen = new Set<string>()

  /** Whether this is the newest change that moved some label away from some version. */
  has({ config_type, project, config_name, moves }: Change): boolean {
    const entity = JSON.stringify([config_type, project, config_name])
    if (entity !== this.#entity) this.#seen.clear()
    this.#entity = entity
    const before = this.#seen.size
    for (const [label, version] of Object.entries((JSON.parse(moves ?? 'null') ?? {}) as Record<string, unknown>))
      if (version !== null) this.#seen.add(JSON.stringify([label, version]))
    return this.#seen.size > before
  }
}

function momentOf(date: Date): RawBuilder<unknown> {
  return sql`${date.toISOString()}::text::timestamptz`
}
