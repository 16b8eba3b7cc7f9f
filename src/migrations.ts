/** The door `agent-config/migrations`: for deploy scripts. */
export { type MigrationOptions, type MigrationReport, migrateToLatest, migrationSql } from './store/migrate.js'
