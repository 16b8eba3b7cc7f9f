/** The door `agent-config/migrations`: for deploy scripts. */
export { type MigrationOptions, type MigrationReport, migrateToLatest, migrationSql, migrationStatus } from './store/migrate.js'
export type { MigrationStatus } from './store/migration-status.js'
