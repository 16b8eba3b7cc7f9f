#!/usr/bin/env node
import { parseArgs } from 'node:util'
import { rolloutCommand } from './cli/rollout.js'
import { type MigrationStatus, migrateToLatest, migrationSql, migrationStatus } from './migrations.js'
import { runSettingsCommand } from './settings/command.js'
import { isConfigError } from './shared/errors.js'

const USAGE = `agent-config migrate [--sql | --status] [--schema NAME] [--database URL]
agent-config rollout ${rolloutCommand.usage}
agent-config settings list | get KEY | inspect KEY | validate | docs | example

  migrate           brings the database of DATABASE_URL (or --database) to the shape this version works with
  --sql             prints the statements that are left to run there; without a database, those for an empty one
  --status          says which migrations have run and which have not; ends with 2 when some have not
  --schema NAME     the PostgreSQL schema that holds the tables; default DATABASE_SCHEMA, else agent_config

  rollout           says how a rollout does, and pauses, resumes or ramps it

  settings          reads the settings as createConfig() does; \`agent-config settings\` says more
`

const SETTINGS_IO = {
  stdout: (text: string) => void process.stdout.write(text),
  stderr: (text: string) => void process.stderr.write(text),
  cwd: process.cwd(),
  env: process.env,
}

/** @returns the exit code */
async function main(args: readonly string[]): Promise<number> {
  const [command, ...rest] = args
  if (command === 'migrate') return runMigrate(rest)
  if (command === 'rollout') return runRollout(rest)
  if (command === 'settings') return runSettingsCommand(rest, SETTINGS_IO)
  const isHelp = command === undefined || command === 'help' || command === '--help' || command === '-h'
  ;(isHelp ? process.stdout : process.stderr).write(USAGE)
  return isHelp ? 0 : 1
}

function runRollout(rest: readonly string[]): Promise<number> {
  if (!rest.includes('--help')) return rolloutCommand.run(rest, SETTINGS_IO)
  process.stdout.write(`agent-config rollout ${rolloutCommand.usage}\n\n${rolloutCommand.help}\n`)
  return Promise.resolve(0)
}

async function runMigrate(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: { sql: { type: 'boolean' }, status: { type: 'boolean' }, schema: { type: 'string' }, database: { type: 'string' } },
  })
  const schema = values.schema ?? (process.env.DATABASE_SCHEMA || undefined)
  const options = schema === undefined ? {} : { schema }
  const database = values.database ?? process.env.DATABASE_URL
  if (values.sql) {
    const applied = database ? (await migrationStatus(database, options)).applied : []
    process.stdout.write(migrationSql({ ...options, applied }))
    return 0
  }
  if (!database) {
    process.stderr.write('Set DATABASE_URL, or pass --database postgresql://user@host:5432/name\n')
    return 1
  }
  if (values.status) return showStatus(await migrationStatus(database, options))
  const report = await migrateToLatest(database, options)
  const done = report.applied.length > 0 ? `applied ${report.applied.join(', ')}` : 'nothing to do'
  process.stdout.write(`schema "${report.schema}": ${done}\n`)
  return 0
}

function showStatus({ schema: name, applied, pending, unknown }: MigrationStatus): number {
  const lines = [
    ...applied.map((migration) => `${migration}  applied`),
    ...pending.map((migration) => `${migration}  pending`),
    ...unknown.map((migration) => `${migration}  applied by a newer version`),
  ]
  process.stdout.write(`schema "${name}"\n${lines.map((line) => `  ${line}\n`).join('')}`)
  return pending.length === 0 ? 0 : 2
}

/** An option that is unknown or lacks its value. */
function isUsageError(error: unknown): error is Error {
  return error instanceof TypeError && String((error as { code?: unknown }).code).startsWith('ERR_PARSE_ARGS')
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  process.stderr.write(`${isConfigError(error) || isUsageError(error) ? error.message : String(error)}\n`)
  process.exitCode = 1
}
