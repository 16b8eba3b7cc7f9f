import { type Kysely, sql } from 'kysely'
import type { Tables } from '../postgres/tables.js'
import { labelsFrom, type StoredKind } from './kind-rows.js'

export type LabelMap = ReadonlyMap<string, number>

/** A label's move: `null` stands for nowhere. */
export interface LabelMove {
  readonly label: string
  readonly from: number | null
  readonly to: number | null
}

/** The labels of an entity. */
export async function readLabels(
  db: Kysely<Tables>,
  schema: string,
  kind: StoredKind,
  { project, name }: { readonly project: string; readonly name: string },
): Promise<LabelMap> {
  const { rows } = await sql<{ label: string; version: number }>`
    select label, version from ${labelsFrom(schema, kind)} where project = ${project}::text and name = ${name}::text order by label
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
