import { sql } from 'kysely'
import type { ConfigKind } from '../entities/config-kind.js'
import type { WriteSession } from './write-session.js'

/** Raises the heads of a kind without changing anything, so that every worker reads it again. */
export async function recordRefresh(session: WriteSession, schema: string, type: ConfigKind | 'all'): Promise<void> {
  const ofType = type === 'all' ? sql`true` : sql`starts_with(scope, ${`${type}:`}::text)`
  const { rows } = await sql<{ scope: string }>`select scope from ${sql.id(schema, 'config_heads')} where ${ofType}`.execute(
    session.transaction,
  )
  session.touch(rows.map((row) => row.scope))
  session.log(
    {
      configType: type,
      configId: null,
      configName: '*',
      project: '*',
      previousVersion: null,
      newVersion: null,
      changeType: 'refresh',
      changeSummary: type === 'all' ? 'Refreshed everything' : `Refreshed ${type}`,
      previousData: null,
      newData: null,
    },
    {},
  )
}
