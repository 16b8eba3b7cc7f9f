import type { Kysely } from 'kysely'
import type { LabelledKind } from '../entities/config-kind.js'
import { entityScope, type Scope } from '../entities/scope.js'
import { KINDS } from './kinds.js'
import type { Tables } from './tables.js'

/** The scopes of everything of one kind in a project, by name; `limit` of them at most. */
export async function listScopes(db: Kysely<Tables>, kind: LabelledKind, project: string, limit: number): Promise<readonly Scope[]> {
  // The three tables have these columns in common; one name stands for them.
  const table = KINDS[kind].versions as 'prompts'
  const rows = await db.selectFrom(table).select('name').distinct().where('project', '=', project).orderBy('name').limit(limit).execute()
  return rows.map((row) => entityScope(kind, project, row.name))
}
