import pg from 'pg'
import { afterAll, afterEach, beforeAll } from 'vitest'
import { type ConfigManagerOptions, type ConfigurationManager, createConfigManager, type Rollout } from '../../src/index.js'
import { createTestDatabase, type TestDatabase } from '../support/test-database.js'

export interface RolloutFixture {
  readonly url: string
  /** A manager of a project of this test's own, shut down after it; the same project for every manager of one test. */
  manager(options?: ConfigManagerOptions): ConfigurationManager
  /** A manager without shutdown, for tests that do it themselves. */
  readonly project: string
  /** One statement as psql would send it. */
  sql<Row = Record<string, unknown>>(statement: string, parameters?: readonly unknown[]): Promise<Row[]>
}

let tests = 0

/** A migrated database for one test file. Call it at the top. */
export function useRollouts(): RolloutFixture {
  let database: TestDatabase
  let pool: pg.Pool
  let project = `p${tests}`
  const open: ConfigurationManager[] = []
  beforeAll(async () => {
    database = await createTestDatabase()
    pool = new pg.Pool({ connectionString: database.url, max: 4 })
    pool.on('error', () => {})
  })
  afterEach(async () => {
    await Promise.all(open.splice(0).map((manager) => manager.shutdown()))
    project = `p${++tests}`
  })
  afterAll(async () => {
    await pool.end()
    await database.drop()
  })
  return {
    get url() {
      return database.url
    },
    get project() {
      return project
    },
    manager(options = {}) {
      const manager = createConfigManager({ database: database.url, redis: false, project, ...options })
      open.push(manager)
      return manager
    },
    async sql(statement, parameters = []) {
      return (await pool.query(statement, [...parameters])).rows
    },
  }
}

/** A prompt with that many versions, `production` on the first. */
export async function aPrompt(manager: ConfigurationManager, name = 'greeting', versions = 3): Promise<void> {
  await manager.prompts.create({ name, template: 'v1', labels: ['production'] })
  for (let version = 2; version <= versions; version++) await manager.prompts.createVersion({ name, template: `v${version}`, labels: [] })
}

/** Half and half of versions 2 and 3. */
export const HALVES = [
  { version: 2, weight: 1 },
  { version: 3, weight: 1 },
] as const

export const SUBJECTS: readonly string[] = Array.from({ length: 200 }, (_, index) => `user-${index}`)

/** The version each subject gets. */
export async function versionsOf(
  manager: ConfigurationManager,
  subjects: readonly string[] = SUBJECTS,
  name = 'greeting',
): Promise<(number | undefined)[]> {
  return Promise.all(subjects.map(async (subject) => (await manager.getPrompt(name, { subject }))?.version))
}

/** What stands in the changelog of a prompt, oldest first: change type, labels before and after, and whatever else was asked for. */
export async function historyOf(manager: ConfigurationManager, name = 'greeting') {
  return [...(await manager.prompts.history({ name }))].reverse()
}

/** A rollout without what a write adds to it. */
export function bare({
  revision: _r,
  propagated: _p,
  ...rollout
}: Rollout & { revision?: number; propagated?: boolean | undefined }): Rollout {
  return rollout
}

/** What a promise rejects with; fails when it does not. */
export async function refusal(work: Promise<unknown>): Promise<Error & Record<string, unknown>> {
  const value = await work.then(
    (given) => ({ given }),
    (error: unknown) => error,
  )
  if (value instanceof Error) return value as Error & Record<string, unknown>
  throw new Error(`It was not refused: ${JSON.stringify(value)}`)
}
