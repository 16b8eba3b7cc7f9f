import { type Kysely, type RawBuilder, sql } from 'kysely'
import type { Tables } from './tables.js'

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
