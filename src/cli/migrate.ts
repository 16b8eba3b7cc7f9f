import { migrateToLatest, migrationSql, migrationStatus } from '../store/postgres/migrate.js'
import type { MigrationStatus } from '../store/postgres/migration-status.js'
import { type CliIo, type Command, parseCommandLine, UsageError } from './command.js'

export const migrateCommand: Command = {
  name: 'migrate',
  usage: '[--sql | --status] [--schema NAME] [--database URL] [--json]',
  summary: 'Brings the database to the shape that this version works with.',
  help: `  --sql             prints the statements that are left to run there; without a database, those for an empty one
  --status          says which migrations have run and which have not; ends with 2 when some have not
  --schema NAME     the PostgreSQL schema that holds the tables; default DATABASE_SCHEMA, else agent_config`,
  afterStop: 'Migrations run in one transaction: either all of them were applied or none was; migrate --status tells.',
  run: runMigrate,
}

async function runMigrate(args: readonly string[], io: CliIo): Promise<number> {
  const { values, positionals } = parseCommandLine(args, {
    sql: { type: 'boolean' },
    status: { type: 'boolean' },
    json: { type: 'boolean' },
    schema: { type: 'string' },
    database: { type: 'string' },
  })
  if (positionals.length > 0) throw new UsageError(`migrate takes options only, got "${positionals[0]}"`)
  const schema = values.schema ?? (io.env.DATABASE_SCHEMA || undefined)
  const options = schema === undefined ? {} : { schema }
  const database = values.database ?? io.env.DATABASE_URL
  if (values.sql) {
    const applied = database ? (await migrationStatus(database, options)).applied : []
    io.stdout(migrationSql({ ...options, applied }))
    return 0
  }
  if (!database) throw new UsageError('Set DATABASE_URL, or pass --database postgresql://user@host:5432/name')
  if (values.status) return showStatus(await migrationStatus(database, options), values.json === true, io)
  const report = await migrateToLatest(database, options)
  const done = report.applied.length > 0 ? `applied ${report.applied.join(', ')}` : 'nothing to do'
  io.stdout(values.json ? `${JSON.stringify(report)}\n` : `schema "${report.schema}": ${done}\n`)
  return 0
}

function showStatus(status: MigrationStatus, asJson: boolean, io: CliIo): number {
  const lines = [
    ...status.applied.map((migration) => `${migration}  applied`),
    ...status.pending.map((migration) => `${migration}  pending`),
    ...status.unknown.map((migration) => `${migration}  applied by a newer version`),
  ]
  io.stdout(asJson ? `${JSON.stringify(status)}\n` : `schema "${status.schema}"\n${lines.map((line) => `  ${line}\n`).join('')}`)
  return status.pending.length === 0 ? 0 : 2
}
