import { type Kysely, type RawBuilder, sql } from 'kysely'
import type { JsonObject } from '../entities/json.js'
import type { Tables } from './tables.js'
import type { WriteSession } from './write-session.js'

/** The table of one entity's labels. */
export interface LabelsOf {
  readonly schema: string
  readonly table: 'prompt_labels' | 'model_config_labels' | 'embedding_config_labels'
  readonly kind: string
  readonly project: string
  readonly name: string
}

export type LabelMap = ReadonlyMap<string, number>

/** A label's move: `null` stands for nowhere. */
export interface LabelMove {
  readonly label: string
  readonly from: number | null
  readonly to: number | null
}

/** The labels of an entity. */
export async function readLabels(db: Kysely<Tables>, of: LabelsOf): Promise<LabelMap> {
  const { rows } = await sql<{ label: string; version: number }>`
    select label, version from ${tableOf(of)} where project = ${of.project}::text and name = ${of.name}::text order by label
  `.execute(db)
  return new Map(rows.map((row) => [row.label, Number(row.version)]))
}

/** Points labels at versions, or takes them away. */
export async function moveLabels(session: WriteSession, of: LabelsOf, moves: readonly LabelMove[]): Promise<void> {
  const given = moves.filter((move) => move.to !== null)
  const taken = moves.filter((move) => move.to === null)
  if (given.length > 0) {
    const rows = given.map((move) => sql`(${of.project}::text, ${of.name}::text, ${move.label}::text, ${move.to}::integer)`)
    await sql`
      insert into ${tableOf(of)} (project, name, label, version) values ${sql.join(rows)}
      on conflict (project, name, label) do update set version = excluded.version
    `.execute(session.transaction)
  }
  if (taken.length > 0) {
    await sql`
      delete from ${tableOf(of)} where project = ${of.project}::text and name = ${of.name}::text
        and label in (${sql.join(taken.map((move) => move.label))})
    `.execute(session.transaction)
  }
}

/**
 * Where the label was before its last changes, newest first. The changelog is the only memory of that: every row that moved a label says
 * from where to where.
 */
export async function readLabelHistory(session: WriteSession, of: LabelsOf, label: string): Promise<readonly number[]> {
  const { rows } = await sql<{ version: string }>`
    select previous_data -> 'labels' ->> ${label}::text as version from ${sql.id(of.schema, 'config_changelog')}
    where config_type = ${of.kind}::text and project = ${of.project}::text and config_name = ${of.name}::text
      and previous_data -> 'labels' ->> ${label}::text is not null
    order by id desc
  `.execute(session.transaction)
  return rows.map((row) => Number(row.version))
}

/** What the changelog keeps of moves, one side: `{ labels: { production: 3 } }`. */
export function labelsData(moves: readonly LabelMove[], side: 'from' | 'to'): JsonObject {
  return moves.length === 0 ? {} : { labels: Object.fromEntries(moves.map((move) => [move.label, move[side]])) }
}

/** The labels that point at a version once the moves are made. */
export function labelsAfter(labels: LabelMap, moves: readonly LabelMove[], version: number): readonly string[] {
  const after = new Map<string, number | null>(labels)
  for (const move of moves) after.set(move.label, move.to)
  return Object.freeze(
    [...after]
      .filter(([, target]) => target === version)
      .map(([label]) => label)
      .sort(),
  )
}

function tableOf(of: LabelsOf): RawBuilder<unknown> {
  return sql.id(of.schema, of.table)
}
