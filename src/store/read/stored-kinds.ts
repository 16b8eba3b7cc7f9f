import { sql } from 'kysely'
import { openDatabase } from '../postgres/open-database.js'
import { DEFAULT_SCHEMA } from '../postgres/schema-name.js'
import { storeError } from '../postgres/store-errors.js'

/** Longest wait for the answer, in milliseconds. */
const ANSWER_MS = 10_000

/**
 * The kinds that entries without tables of their own are of, `flag` among them: for programs that do not have the host's declarations.
 *
 * @throws {StoreUnavailableError} when PostgreSQL cannot be reached
 * @throws {MigrationError} when the tables are missing
 */
export async function storedKinds(database: string, schema: string = DEFAULT_SCHEMA): Promise<readonly string[]> {
  const opened = openDatabase(database, ANSWER_MS)
  try {
    const { rows } = await sql<{ kind: string }>`select distinct kind from ${sql.id(schema, 'config_entries')} order by kind`.execute(
      opened.db,
    )
    return rows.map(({ kind }) => kind)
  } catch (error) {
    throw storeError(error, schema)
  } finally {
    await opened.close()
  }
}
