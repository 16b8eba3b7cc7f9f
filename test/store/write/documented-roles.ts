import { readFileSync } from 'node:fs'
import pg from 'pg'
import { afterAll, beforeAll } from 'vitest'
import { type ConfigurationManager, createConfigManager } from '../../../src/index.js'
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js'

/** The grants that docs/migrations.md tells people to give, and nothing else. */
const GRANTS = /```sql\n(create role config_reader;[^`]+)```/.exec(readFileSync('docs/migrations.md', 'utf8'))![1]!

export type DocumentedRole = 'config_reader' | 'config_service' | 'config_editor' | 'config_maintenance'

export interface DocumentedRoles {
  /** Runs statements on one connection, and gives the rows of the last. */
  as(role: DocumentedRole | 'owner', ...statements: readonly string[]): Promise<Record<string, unknown>[]>
  manager(role: DocumentedRole | 'owner'): ConfigurationManager
}

/** A migrated database of the file's own, with the documented roles. Roles belong to the whole server, so each file has its own. */
export function useDocumentedRoles(file: string): DocumentedRoles {
  const suffix = `_${file}_${process.pid}`
  const roles = ['config_reader', 'config_service', 'config_editor', 'config_maintenance'].map((role) => role + suffix)
  const managers: ConfigurationManager[] = []
  let database: TestDatabase

  beforeAll(async () => {
    database = await createTestDatabase()
    await as('owner', GRANTS.replace(/config_(reader|service|editor|maintenance)\b/g, `$&${suffix}`))
    await as('owner', roles.map((role) => `alter role ${role} login password 'secret'`).join(';'))
  })
  afterAll(async () => {
    await Promise.all(managers.map((one) => one.shutdown()))
    await as('owner', roles.map((role) => `drop owned by ${role}; drop role ${role}`).join(';'))
    await database.drop()
  })

  function urlOf(role: DocumentedRole | 'owner'): string {
    if (role === 'owner') return database.url
    const url = new URL(database.url)
    url.username = role + suffix
    url.password = 'secret'
    return url.href
  }

  async function as(role: DocumentedRole | 'owner', ...statements: readonly string[]): Promise<Record<string, unknown>[]> {
    const client = new pg.Client({ connectionString: urlOf(role) })
    await client.connect()
    try {
      let rows: Record<string, unknown>[] = []
      for (const statement of statements) rows = (await client.query(statement)).rows
      return rows
    } finally {
      await client.end()
    }
  }

  return {
    as,
    manager(role) {
      const made = createConfigManager({ database: urlOf(role), redis: false, pollIntervalMs: 60_000 })
      managers.push(made)
      return made
    },
  }
}
