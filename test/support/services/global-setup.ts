import { startTestServices } from './start-services.js'
import { prepareTemplate } from './template-database.js'

/**
 * Vitest's global setup: the shared servers and the migrated template database, before the first test file.
 *
 * Their addresses travel to the test processes, and to what those start, by environment; test-database.ts and
 * test-redis.ts read them.
 */
export default async function setup(): Promise<() => Promise<void>> {
  // Vitest calls this once for each project of its configuration, one after the other.
  if (process.env.AGENT_CONFIG_TEST_OWNER === String(process.pid)) return async () => {}
  const services = await startTestServices()
  try {
    for (const line of services.summary) console.log(`Tests use ${line}`)
    const template = await prepareTemplate(services.databaseUrl)
    process.env.AGENT_CONFIG_TEST_DATABASE_URL = services.databaseUrl
    process.env.AGENT_CONFIG_TEST_TEMPLATE = template.name
    process.env.AGENT_CONFIG_TEST_REDIS_URL = services.redisUrl
    process.env.AGENT_CONFIG_TEST_OWNER = String(process.pid)
    return async () => {
      await template.drop()
      await services.stop()
    }
  } catch (error) {
    await services.stop()
    throw error
  }
}
