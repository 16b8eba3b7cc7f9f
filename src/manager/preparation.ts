import { migrate } from '../store/postgres/migrate.js'
import { refuseUnfit } from '../store/postgres/migration-status.js'
import type { ReadableDatabase } from './connections.js'
import type { ResolvedOptions } from './options.js'

/** Makes sure, once, that the tables fit this version; after a failure the next caller tries again. */
export class Preparation {
  readonly #options: ResolvedOptions
  readonly #primary: ReadableDatabase
  #prepared: Promise<void> | undefined

  constructor(options: ResolvedOptions, primary: ReadableDatabase) {
    this.#options = options
    this.#primary = primary
  }

  /** @throws {ConfigError} at the first use of a manager that was made without a database: what was missing */
  refuseUnconfigured(): void {
    if (this.#options.problem) throw this.#options.problem
  }

  /**
   * Migrates if asked to.
   *
   * @throws {MigrationError} when the tables are missing or too new
   * @throws {StoreUnavailableError} when PostgreSQL cannot be reached
   */
  ensure(): Promise<void> {
    this.#prepared ??= this.#prepare().catch((error: unknown) => {
      this.#prepared = undefined
      throw error
    })
    return this.#prepared
  }

  async #prepare(): Promise<void> {
    this.refuseUnconfigured()
    const { autoMigrate, schema } = this.#options
    const { database, reads } = this.#primary
    if (autoMigrate) await migrate(database.db, schema)
    else await reads.run(() => refuseUnfit(database.db, schema))
  }
}
