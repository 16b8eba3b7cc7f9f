import { type Kysely, sql } from 'kysely'
import { MIGRATIONS } from '../../../migrations/index.js'
import { MigrationError } from '../../shared/errors.js'
import type { Tables } from './tables.js'

/** What a schema has been through. */
export interface MigrationStatus {
  readonly schema: string
  /** Names of this version's migrations that have run, in their order. */
  readonly applied: readonly string[]
  /** Those that have not. */
  readonly pending: readonly string[]
  /** Names of migrations that newer code has run. */
  readonly unknown: readonly string[]
}

/** @throws {MigrationError} when newer code has migrated the schema in a way this code cannot work with */
export async function readMigrationStatus(db: Kysely<Tables>, schema: string): Promise<MigrationStatus> {
  const rows = (await hasLedger(db, schema)) ? await readLedger(db, schema) : []
  refuseNewer(rows, schema)
  const ran = new Set(rows.map((row) => row.name))
  const known = Object.keys(MIGRATIONS)
  return {
    schema,
    applied: known.filter((name) => ran.has(name)),
    pending: known.filter((name) => !ran.has(name)),
    unknown: [...ran].filter((name) => !(name in MIGRATIONS)),
  }
}

/** @throws {MigrationError} when the tables are missing, or older or newer than this code can work with */
export async function refuseUnfit(db: Kysely<Tables>, schema: string): Promise<void> {
  const { applied, pending } = await readMigrationStatus(db, schema)
  if (pending.length === 0) return
  throw new MigrationError(
    `${
      applied.length === 0
        ? `The tables of agent-config are not in schema "${schema}"`
        : `Schema "${schema}" is older than this version of agent-config: ${pending.join(', ')} did not run`
    }. Run \`npx agent-config migrate\`, call migrateToLatest(), or set autoMigrate: true.`,
  )
}

/** Asks the catalog: a role may look there that may neither create nor use the schema. */
async function hasLedger(db: Kysely<Tables>, schema: string): Promise<boolean> {
  const { rows } = await sql`
    select 1 from pg_catalog.pg_class as ledger join pg_catalog.pg_namespace as home on home.oid = ledger.relnamespace
    where home.nspname = ${schema}::text and ledger.relname = 'config_migrations'
  `.execute(db)
  return rows.length > 0
}

export async function hasSchema(db: Kysely<Tables>, schema: string): Promise<boolean> {
  return (await sql`select 1 from pg_catalog.pg_namespace where nspname = ${schema}::text`.execute(db)).rows.length > 0
}

interface LedgerRow {
  readonly name: string
  readonly breaking: boolean
}

async function readLedger(db: Kysely<Tables>, schema: string): Promise<readonly LedgerRow[]> {
  const { rows } = await sql<LedgerRow>`select name, breaking from ${sql.id(schema, 'config_migrations')} order by name`.execute(db)
  return rows
}

/** A service must be able to go back to its last release, so newer migrations are refused only where they say they break older code. */
function refuseNewer(rows: readonly LedgerRow[], schema: string): void {
  const unknown = rows.find((row) => row.breaking && !(row.name in MIGRATIONS))
  if (!unknown) return
  throw new MigrationError(
    `Schema "${schema}" was migrated by a newer version of agent-config (${unknown.name}) that this version cannot work with. Update the package.`,
  )
}
