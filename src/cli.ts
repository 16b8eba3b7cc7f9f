#!/usr/bin/env node
import { migrateToLatest, migrationSql } from './migrations.js'
import { isConfigError } from './shared/errors.js'

const USAGE = `agent-config migrate [--sql] [--schema NAME] [--database URL]

  migrate           brings the database of DATABASE_URL (or --database) to the shape this version works with
  --sql             prints the statements for an empty database instead of running them
  --schema NAME     the PostgreSQL schema that holds the tables; default DATABASE_SCHEMA, else agent_config
`

/** @returns the exit code */
async function main(args: readonly string[]): Promise<number> {
  const [command, ...rest] = args
  if (command === 'migrate') return runMigrate(rest)
  const isHelp = command === undefined || command === 'help' || command === '--help' || command === '-h'
  ;(isHelp ? process.stdout : process.stderr).write(USAGE)
  return isHelp ? 0 : 1
}

async function runMigrate(args: readonly string[]): Promise<number> {
  const schema = optionOf(args, '--schema') ?? process.env.DATABASE_SCHEMA
  const options = schema === undefined ? {} : { schema }
  if (args.includes('--sql')) {
    process.stdout.write(migrationSql(options))
    return 0
  }
  const database = optionOf(args, '--database') ?? process.env.DATABASE_URL
  if (!database) {
    process.stderr.write('Set DATABASE_URL, or pass --database postgresql://user@host:5432/name\n')
    return 1
  }
  const report = await migrateToLatest(database, options)
  const done = report.applied.length > 0 ? `applied ${report.applied.join(', ')}` : 'nothing to do'
  process.stdout.write(`schema "${report.schema}": ${done}\n`)
  return 0
}

function optionOf(args: readonly string[], name: string): string | undefined {
  const place = args.indexOf(name)
  return place < 0 ? undefined : args[place + 1]
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  process.stderr.write(`${isConfigError(error) ? error.message : String(error)}\n`)
  process.exitCode = 1
}
