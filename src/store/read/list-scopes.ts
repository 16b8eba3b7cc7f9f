import { type Kysely, sql } from 'kysely'
import { entityScope, type Scope } from '../../entities/scope.js'
import type { Tables } from '../postgres/tables.js'
import { type StoredKind, versionsFrom } from './kind-rows.js'

/** The scopes of everything of one kind in a project, by name; `limit` of them at most. */
export async function listScopes(
  db: Kysely<Tables>,
  schema: string,
  kind: StoredKind,
  project: string,
  limit: number,
): Promise<readonly Scope[]> {
  const { rows } = await sql<{ name: string }>`
    select distinct name from ${versionsFrom(schema, kind)} where project = ${project}::text order by name limit ${limit}::integer
  `.execute(db)
  return rows.map(({ name }) => entityScope(kind.kind, project, name))
}
