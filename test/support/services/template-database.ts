import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { migrateToLatest } from '../../../src/migrations.js'

/** The database all test databases of one run are copied from. */
export interface TemplateDatabase {
  /** Also the beginning of the name of each database that belongs to this run. */
  readonly name: string
  /** Drops the template and every database a test file of this run left behind. */
  drop(): Promise<void>
}

/** Creates a database, migrates it, and leaves it unconnected, as `create database … template …` asks for. */
export async function prepareTemplate(adminUrl: string): Promise<TemplateDatabase> {
  const name = `agent_config_test_${randomBytes(4).toString('hex')}`
  await runStatement(adminUrl, `create database ${name}`)
  await migrateToLatest(databaseUrl(adminUrl, name))
  return { name, drop: () => dropFamily(adminUrl, name) }
}

/** The address of another database on the same server. */
export function databaseUrl(adminUrl: string, name: string): string {
  const url = new URL(adminUrl)
  url.pathname = `/${name}`
  return url.href
}

/** Runs one statement on a connection of its own. */
export async function runStatement(url: string, statement: string): Promise<readonly Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  try {
    return (await client.query(statement)).rows
  } finally {
    await client.end()
  }
}

async function dropFamily(adminUrl: string, name: string): Promise<void> {
  const rows = await runStatement(adminUrl, `select datname from pg_database where starts_with(datname, '${name}')`)
  for (const { datname } of rows) await runStatement(adminUrl, `drop database if exists "${datname}" with (force)`)
}
