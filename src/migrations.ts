/** The door `agent-config/migrations`: for deploy scripts. */
export { type MigrationOptions, type MigrationReport, migrateToLatest, migrationSql, migrationStatus } from './store/postgres/migrate.js'
export type { MigrationStatus } from './store/postgres/migration-status.js'
