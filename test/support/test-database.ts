import { randomBytes } from 'node:crypto'
import { databaseUrl, runStatement } from './services/template-database.js'

/** A database of one's own on the shared server. */
export interface TestDatabase {
  readonly url: string
  /** Drops it, whoever is still connected. What a test file forgets is dropped at the end of the run. */
  drop(): Promise<void>
}

/**
 * A migrated database of one's own, copied from the run's template in about 50 ms: one for each test file, in `beforeAll`.
 *
 * Migrated means: every migration of this package, in the default schema.
 */
export function createTestDatabase(): Promise<TestDatabase> {
  return createDatabase(shared('AGENT_CONFIG_TEST_TEMPLATE'))
}

/** A database of one's own with nothing in it, for tests of migrations and odd schema names. */
export function createEmptyDatabase(): Promise<TestDatabase> {
  return createDatabase('template0')
}

/** A superuser's address of the shared server's maintenance database. Tests change nothing there. */
export function testAdminUrl(): string {
  return shared('AGENT_CONFIG_TEST_DATABASE_URL')
}

async function createDatabase(template: string): Promise<TestDatabase> {
  const adminUrl = testAdminUrl()
  const name = `${shared('AGENT_CONFIG_TEST_TEMPLATE')}_${randomBytes(6).toString('hex')}`
  await runPatiently(adminUrl, `create database ${name} template ${template}`)
  return {
    url: databaseUrl(adminUrl, name),
    drop: async () => void (await runStatement(adminUrl, `drop database if exists ${name} with (force)`)),
  }
}

/** `create database` is refused with 55006 while autovacuum looks at the template. */
async function runPatiently(url: string, statement: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await runStatement(url, statement)
      return
    } catch (error) {
      if ((error as { code?: string }).code !== '55006' || attempt === 5) throw error
    }
  }
}

function shared(variable: string): string {
  const value = process.env[variable]
  if (!value) throw new Error(`${variable} is not set: run this by vitest with test/vitest.config.ts, or by test/support/with-services.ts.`)
  return value
}
