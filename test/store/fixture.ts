import pg from 'pg'
import { afterAll, beforeAll } from 'vitest'
import { ChangelogRepository } from '../../src/store/repositories/changelog-repository.js'
import { ContextRuleRepository } from '../../src/store/repositories/context-rule-repository.js'
import { EmbeddingConfigRepository } from '../../src/store/repositories/embedding-config-repository.js'
import { ModelConfigRepository } from '../../src/store/repositories/model-config-repository.js'
import { PromptRepository } from '../../src/store/repositories/prompt-repository.js'
import type { RepositoryOptions } from '../../src/store/write/open-recorder.js'
import { createTestDatabase, type TestDatabase } from '../support/test-database.js'

/** A migrated database for one test file, with repositories on a pool of the test's own. */
export interface StoreFixture {
  readonly url: string
  readonly pool: pg.Pool
  /** Repositories of a project that no other test uses. */
  repositories(options?: RepositoryOptions): ReturnType<typeof repositoriesOn>
  /** One plain statement, as psql would send it. */
  sql<Row = Record<string, unknown>>(statement: string, parameters?: readonly unknown[]): Promise<Row[]>
}

let lastProject = 0

/** Call it at the top of a test file. */
export function useStore(): StoreFixture {
  let database: TestDatabase
  let pool: pg.Pool
  beforeAll(async () => {
    database = await createTestDatabase()
    pool = new pg.Pool({ connectionString: database.url, max: 10 })
    pool.on('error', () => {})
  })
  afterAll(async () => {
    await pool.end()
    await database.drop()
  })
  return {
    get url() {
      return database.url
    },
    get pool() {
      return pool
    },
    repositories: (options) => repositoriesOn(pool, options),
    async sql(statement, parameters = []) {
      const { rows } = await pool.query(statement, [...parameters])
      return rows
    },
  }
}

export function repositoriesOn(database: ConstructorParameters<typeof PromptRepository>[0], options: RepositoryOptions = {}) {
  const project = options.project ?? `p${++lastProject}`
  const own = { ...options, project }
  return {
    project,
    prompts: new PromptRepository(database, own),
    models: new ModelConfigRepository(database, own),
    embeddings: new EmbeddingConfigRepository(database, own),
    contextRules: new ContextRuleRepository(database, own),
    changelog: new ChangelogRepository(database, own),
  }
}

/** What a call throws or rejects with; fails when it does neither. */
export async function caught(call: () => unknown): Promise<Error & Record<string, unknown>> {
  try {
    await call()
  } catch (error) {
    return error as Error & Record<string, unknown>
  }
  throw new Error('Nothing was thrown.')
}
