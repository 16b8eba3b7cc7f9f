import { CompiledQuery, type Kysely, sql, type Transaction } from 'kysely'
import { MIGRATIONS } from '../../migrations/index.js'
import { isConfigError, MigrationError } from '../shared/errors.js'
import { type KyselyLike, openDatabase } from './open-database.js'
import type { PoolLike } from './pool.js'
import { DEFAULT_SCHEMA, schemaName } from './schema-name.js'
import type { Tables } from './tables.js'

export interface MigrationOptions {
  /** The PostgreSQL schema that holds the tables. @default 'agent_config' */
  readonly schema?: string
}

/** What a run of the migrations did. */
export interface MigrationReport {
  readonly schema: string
  /** Names of the migrations that ran now, in their order. */
  readonly applied: readonly string[]
  /** Names of those that had run before. */
  readonly already: readonly string[]
}

/** Migrations may have to wait for others that run at the same time, and rewrite tables: most milliseconds one statement may take. */
const MIGRATION_MS = 60_000

/**
 * Brings a database to the shape this version of the package works with, in one transaction. Safe to call from many processes at once.
 *
 * @param database `postgresql://…`, `pglite:<folder>`, a pg Pool or a Kysely instance; the last two stay open
 * @throws {MigrationError} when the database was migrated by newer code in a way this code cannot work with
 * @throws {StoreUnavailableError} when the database cannot be reached
 */
export async function migrateToLatest(database: string | PoolLike | KyselyLike, options: MigrationOptions = {}): Promise<MigrationReport> {
  const open = openDatabase(database, MIGRATION_MS)
  try {
    return await migrate(open.db, options.schema ?? DEFAULT_SCHEMA)
  } finally {
    await open.close()
  }
}

/** The statements that `migrateToLatest` runs on an empty database, for people who do not run DDL from an application. */
export function migrationSql(options: MigrationOptions = {}): string {
  const schema = options.schema ?? DEFAULT_SCHEMA
  return ['begin;', ledger(schema), ...Object.keys(MIGRATIONS).map((name) => step(name, schema)), 'commit;', ''].join('\n\n')
}

/** The same on a database that is open already. */
export async function migrate(db: Kysely<Tables>, schema: string): Promise<MigrationReport> {
  const { identifier } = schemaName(schema)
  try {
    return await db
      .transaction()
      .setIsolationLevel('read committed')
      .execute(async (transaction) => {
        await sql`select pg_advisory_xact_lock(hashtextextended(${`agent-config:migrate:${schema}`}, 0))`.execute(transaction)
        await run(transaction, ledger(schema))
        const { rows } = await sql<{
          name: string
          breaking: boolean
        }>`select name, breaking from ${sql.raw(identifier)}.config_migrations`.execute(transaction)
        refuseNewer(rows, schema)
        const already = new Set(rows.map((row) => row.name))
        const applied = Object.keys(MIGRATIONS).filter((name) => !already.has(name))
        for (const name of applied) await run(transaction, step(name, schema))
        return { schema, applied, already: Object.keys(MIGRATIONS).filter((name) => already.has(name)) }
      })
  } catch (error) {
    if (isConfigError(error)) throw error
    throw new MigrationError(`The migration of schema "${schema}" failed and changed nothing: ${(error as Error).message}`, {
      cause: error,
    })
  }
}

/** @throws {MigrationError} when newer code has migrated the database in a way this code cannot work with, or nobody has */
export async function refuseNewerDatabase(db: Kysely<Tables>, schema: string): Promise<void> {
  const { rows } = await sql<{
    name: string
    breaking: boolean
  }>`select name, breaking from ${sql.id(schema, 'config_migrations')}`.execute(db)
  refuseNewer(rows, schema)
}

/** A service must be able to go back to its last release, so newer migrations are refused only where they say they break older code. */
function refuseNewer(rows: readonly { readonly name: string; readonly breaking: boolean }[], schema: string): void {
  const unknown = rows.find((row) => row.breaking && !(row.name in MIGRATIONS))
  if (!unknown) return
  throw new MigrationError(
    `Schema "${schema}" was migrated by a newer version of agent-config (${unknown.name}) that this version cannot work with. Update the package.`,
  )
}

function ledger(schema: string): string {
  const { identifier } = schemaName(schema)
  return `create schema if not exists ${identifier};
create table if not exists ${identifier}.config_migrations (
  name text primary key,
  breaking boolean not null,
  applied_at timestamptz not null default clock_timestamp()
);`
}

function step(name: string, schema: string): string {
  const migration = MIGRATIONS[name]
  if (!migration) throw new MigrationError(`There is no migration "${name}".`)
  const quoted = schemaName(schema)
  return `-- ${name}${migration.sql(quoted)}
insert into ${quoted.identifier}.config_migrations (name, breaking) values ('${name}', ${migration.breaking});`
}

/** A script of several statements goes in one round trip, since it holds no parameters. */
async function run(transaction: Transaction<Tables>, script: string): Promise<void> {
  await transaction.executeQuery(CompiledQuery.raw(script))
}
