import { type Kysely, type RawBuilder, sql } from 'kysely'
import type { LabelledKind } from '../../entities/config-kind.js'
import type { Guard } from '../../entities/guard.js'
import type { Rollout, RolloutArm, RolloutConditions, RolloutStatus, RolloutStep } from '../../entities/rollout.js'
import { decodeJson, isoDate, type Row } from '../../kinds/row.js'
import { deepFreeze } from '../../shared/json.js'
import type { Tables } from '../postgres/tables.js'

/** Where a rollout stands: one entity's label. */
export interface RolloutTarget {
  readonly kind: LabelledKind
  readonly project: string
  readonly name: string
}

export function decodeRollout(row: Row): Rollout {
  const coverageBasisPoints = Number(row.coverage_basis_points)
  const [forced, when, schedule, guard] = [row.forced, row.conditions, row.schedule, row.guard].map((value) => decodeJson(value ?? null))
  return deepFreeze({
    id: row.id as string,
    kind: row.kind as LabelledKind,
    project: row.project as string,
    name: row.name as string,
    label: row.label as string,
    arms: decodeJson(row.arms) as RolloutArm[],
    coverageBasisPoints,
    coverage: coverageBasisPoints / 100,
    sticky: row.sticky as boolean,
    ...(forced !== null && { forced: forced as Record<string, number> }),
    ...(when !== null && { when: when as RolloutConditions }),
    ...(schedule !== null && { schedule: schedule as RolloutStep[] }),
    status: row.status as RolloutStatus,
    ...(row.winner !== null && { winner: Number(row.winner) }),
    recordExposures: row.record_exposures as boolean,
    ...(isGuard(guard) && { guard: decodeGuard(guard) }),
    ...(row.enrol === false && { enrol: false as const }),
    createdBy: (row.created_by as string | null) ?? null,
    createdAt: isoDate(row.created_at),
  })
}

/** A guard may have been edited in the database: an invalid one is ignored, so that reads go on. */
function isGuard(value: unknown): value is Omit<Guard, 'alphaSpent'> {
  const { metrics, alpha, control, since } = (value ?? {}) as Partial<Guard>
  return Array.isArray(metrics) && typeof alpha === 'number' && (control === 0 || control === 1) && !Number.isNaN(Date.parse(String(since)))
}

function decodeGuard({ since, acknowledged = 0, ...guard }: Omit<Guard, 'alphaSpent'>): Guard {
  return { ...guard, acknowledged, alphaSpent: guard.alpha * (1 + acknowledged), since: isoDate(since) }
}

export async function findRollout(db: Kysely<Tables>, schema: string, id: string): Promise<Rollout | undefined> {
  return (await selectRollouts(db, schema, sql`id = ${id}::text`, 1))[0]
}

/** Newest first. */
export async function selectRollouts(
  db: Kysely<Tables>,
  schema: string,
  condition: RawBuilder<unknown>,
  limit: number,
): Promise<readonly Rollout[]> {
  const { rows } = await sql<{ row: string }>`
    select to_json(entry)::text as row from ${table(schema)} as entry where ${condition}
    order by date_trunc('milliseconds', created_at) desc, id desc limit ${limit}::integer
  `.execute(db)
  return rows.map(({ row }) => decodeRollout(JSON.parse(row) as Row))
}

/** The running and paused rollouts of one entity. */
export function selectOpenRollouts(
  db: Kysely<Tables>,
  schema: string,
  { kind, project, name }: RolloutTarget,
): Promise<readonly Rollout[]> {
  const condition = sql`kind = ${kind}::text and project = ${project}::text and name = ${name}::text and status <> 'concluded'`
  return selectRollouts(db, schema, condition, MAX_OPEN)
}

/** A bound on one answer: an entity has far fewer labels with an open rollout each. */
const MAX_OPEN = 10_000

function table(schema: string): RawBuilder<unknown> {
  return sql.id(schema, 'config_rollouts')
}
