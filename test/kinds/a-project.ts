import { afterAll, beforeAll, beforeEach } from 'vitest'
import type { ConfigManagerOptions, ConfigurationManager } from '../../src/index.js'
import { NO_POLL, useManagers } from '../manager/managers.js'
import { createTestDatabase, type TestDatabase } from '../support/test-database.js'
import { testRedisUrl, uniqueNamespace } from '../support/test-redis.js'

let count = 0

/** Managers over real servers, that share a project and a Redis namespace of their own in each test. */
export function useProject(prefix: string) {
  const start = useManagers()
  let database: TestDatabase
  let shared: ConfigManagerOptions
  beforeAll(async () => {
    database = await createTestDatabase()
  })
  beforeEach(() => {
    const project = `${prefix}-${++count}`
    shared = { database: database.url, redis: testRedisUrl(), namespace: uniqueNamespace(), project, ...NO_POLL }
  })
  afterAll(() => database.drop())
  return {
    start: (more: ConfigManagerOptions = {}): Promise<ConfigurationManager> => start({ ...shared, ...more }),
    url: () => database.url,
    project: () => shared.project as string,
  }
}
