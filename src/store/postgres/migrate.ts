import { CompiledQuery, type Kysely, sql, type Transaction } from 'kysely'
import { MIGRATIONS } from '../../../migrations/index.js'
import { InvalidArgumentError, isConfigError, MigrationError } from '../../shared/errors.js'
import { hasSchema, type MigrationStatus, readMigrationStatus } from './migration-status.js'
import { type KyselyLike, openDatabase } from './open-database.js'
import { isDatabaseError, type PoolLike } from './pool.js'
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
 * Where nothing is left to do it only reads.
 *
 * @param database `postgresql://…`, `pglite:<folder>`, a pg Pool or a Kysely instance; the last two stay open
 * @throws {MigrationError} when the database was migrated by newer code in a way this code cannot work with
 * @throws {StoreUnavailableError} when the database cannot be reached
 */
export function migrateToLatest(database: string | PoolLike | KyselyLike, options: MigrationOptions = {}): Promise<MigrationReport> {
  return withDatabase(database, options, migrate)
}

/**
 * Which migrations have run and which have not. Changes nothing.
 *
 * @param database as for `migrateToLatest`
 * @throws {MigrationError} when the database was migrated by newer code in a way this code cannot work with
 * @throws {StoreUnavailableError} when the database cannot be reached
 */
export function migrationStatus(database: string | PoolLike | KyselyLike, options: MigrationOptions = {}): Promise<MigrationStatus> {
  return withDatabase(database, options, readMigrationStatus)
}

/**
 * The statements that `migrateToLatest` runs, for people who do not run DDL from an application.
 *
 * @param options `applied`: the migrations that have run, as `migrationStatus` lists them; absent for an empty database
 */
export function migrationSql(options: MigrationOptions & { readonly applied?: readonly string[] } = {}): string {
  const { schema = DEFAULT_SCHEMA, applied = [] } = options
  const stranger = applied.find((name) => !(name in MIGRATIONS))
  if (stranger !== undefined) throw new InvalidArgumentError('applied', `must hold names of migrations: there is no "${stranger}"`)
  const steps = Object.keys(MIGRATIONS).filter((name) => !applied.includes(name))
  if (steps.length === 0) return '-- nothing to do\n'
  const beginning = applied.length === 0 ? [createSchema(schema), createLedger(schema)] : []
  return ['begin;', ...beginning, ...steps.map((name) => step(name, schema)), 'commit;', ''].join('\n\n')
}

/** The same on a database that is open already. */
export async function migrate(db: Kysely<Tables>, schema: string): Promise<MigrationReport> {
  schemaName(schema)
  try {
    // Reads what has run before it creates anything: the role of a service may often read and not create.
    const { pending, applied } = await readMigrationStatus(db, schema)
    if (pending.length === 0) return { schema, applied: [], already: applied }
    return await db
      .transaction()
      .setIsolationLevel('read committed')
      .execute((transaction) => migrateInTurn(transaction, schema))
  } catch (error) {
    if (isConfigError(error)) throw error
    const isDenied = isDatabaseError(error) && error.code === '42501'
    throw new MigrationError(
      `The migration of schema "${schema}" failed and changed nothing: ${(error as Error).message}.${
        isDenied ? ' Its role may not create what is missing: `npx agent-config migrate --sql` prints the statements for one that may.' : ''
      }`,
      { cause: error },
    )
  }
}

async function migrateInTurn(transaction: Transaction<Tables>, schema: string): Promise<MigrationReport> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`agent-config:migrate:${schema}`}, 0))`.execute(transaction)
  // Another process may have done it while this one waited.
  const { pending, applied } = await readMigrationStatus(transaction, schema)
  if (pending.length > 0 && applied.length === 0) {
    if (!(await hasSchema(transaction, schema))) await run(transaction, createSchema(schema))
    await run(transaction, createLedger(schema))
  }
  for (const name of pending) await run(transaction, step(name, schema))
  return { schema, applied: pending, already: applied }
}

async function withDatabase<Result>(
  database: string | PoolLike | KyselyLike,
  { schema = DEFAULT_SCHEMA }: MigrationOptions,
  work: (db: Kysely<Tables>, schema: string) => Promise<Result>,
): Promise<Result> {
  schemaName(schema)
  const open = openDatabase(database, MIGRATION_MS)
  try {
    return await work(open.db, schema)
  } finally {
    await open.close()
  }
}

function createSchema(schema: string): string {
  return `create schema if not exists ${schemaName(schema).identifier};`
}

function createLedger(schema: string): string {
  return `create table if not exists ${schemaName(schema).identifier}.config_migrations (
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
