import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { startTestServices } from './services/start-services.js'
import { prepareTemplate } from './services/template-database.js'
import { createTestDatabase } from './test-database.js'

// Runs a command beside a migrated PostgreSQL database and a Redis, found or started as for the tests:
//   tsx test/support/with-services.ts <command> [argument…]
// The command finds their addresses in DATABASE_URL and REDIS_URL; its exit code becomes this one's.

const [command, ...args] = process.argv.slice(2)
if (!command) throw new Error('Usage: tsx test/support/with-services.ts <command> [argument…]')

const services = await startTestServices()
try {
  for (const line of services.summary) console.error(`Using ${line}`)
  const template = await prepareTemplate(services.databaseUrl)
  process.env.AGENT_CONFIG_TEST_DATABASE_URL = services.databaseUrl
  process.env.AGENT_CONFIG_TEST_TEMPLATE = template.name
  process.env.AGENT_CONFIG_TEST_REDIS_URL = services.redisUrl
  try {
    const { url } = await createTestDatabase()
    // Ctrl-C reaches the command as well; when it has ended, the servers follow.
    process.on('SIGINT', () => {})
    const child = spawn(command, args, { stdio: 'inherit', env: { ...process.env, DATABASE_URL: url, REDIS_URL: services.redisUrl } })
    const [code, signal] = await once(child, 'exit')
    process.exitCode = signal ? 1 : code
  } finally {
    await template.drop()
  }
} finally {
  await services.stop()
}
