import { CompiledQuery, type Driver, Kysely } from 'kysely'
import { migrate } from './postgres/migrate.js'
import { importPglite } from './postgres/open-database.js'
import { PgliteDriver, pgliteDialect } from './postgres/pglite-dialect.js'
import type { Tables } from './postgres/tables.js'
import { createRepositories, type Repositories } from './repositories/repositories.js'
import { ConfigStore } from './write/config-store.js'

/** An embedded database takes seconds to start: those of one process that are only for tests share one, each in a schema of its own. */
const SHARED = new PgliteDriver(async () => (await importPglite()).PGlite.create())
let start: Promise<void> | undefined

/** A database in memory that is migrated and seeded when it is first asked something. */
export function seededDatabase(schema: string, seed: (repositories: Repositories) => Promise<void>, startMs: number): Kysely<Tables> {
  return new Kysely<Tables>({ dialect: pgliteDialect(() => new SeededDriver(schema, seed, startMs)) })
}

/** Statements after which PostgreSQL's timer has no reason to run. */
const RELEASE_TIMER = ['set statement_timeout = 5', 'select 1', 'reset statement_timeout', 'select pg_stat_force_next_flush()']

/**
 * Lets the process end although nobody closes the shared database. PostgreSQL has one timer for all its timeouts, a timer of this process, and
 * leaves it running for ten seconds after the last statement, to write statistics: these are written now, and a timer of 5 ms takes its place.
 */
export async function releaseTimers(): Promise<void> {
  if (!start) return
  await start
  const connection = await SHARED.acquireConnection()
  for (const statement of RELEASE_TIMER) await connection.executeQuery(CompiledQuery.raw(statement)).catch(() => {})
  await SHARED.releaseConnection(connection)
}

/** The shared database; it is never closed. */
class SharedDriver implements Driver {
  async init(): Promise<void> {
    start ??= SHARED.init()
    await start
  }

  acquireConnection: Driver['acquireConnection'] = () => SHARED.acquireConnection()
  beginTransaction: Driver['beginTransaction'] = (connection, settings) => SHARED.beginTransaction(connection, settings)
  commitTransaction: Driver['commitTransaction'] = (connection) => SHARED.commitTransaction(connection)
  rollbackTransaction: Driver['rollbackTransaction'] = (connection) => SHARED.rollbackTransaction(connection)
  releaseConnection: Driver['releaseConnection'] = (connection) => SHARED.releaseConnection(connection)
  async destroy(): Promise<void> {}
}

class SeededDriver extends SharedDriver {
  readonly #schema: string
  readonly #seed: (repositories: Repositories) => Promise<void>
  readonly #startMs: number

  constructor(schema: string, seed: (repositories: Repositories) => Promise<void>, startMs: number) {
    super()
    this.#schema = schema
    this.#seed = seed
    this.#startMs = startMs
  }

  override async init(): Promise<void> {
    await super.init()
    const db = new Kysely<Tables>({ dialect: pgliteDialect(() => new SharedDriver()) })
    await migrate(db, this.#schema)
    const store = new ConfigStore({ db, schema: this.#schema, databaseMs: this.#startMs })
    await store.transact({ summary: 'Seeded for a test' }, (recorder) => this.#seed(createRepositories(recorder, {})))
  }
}
