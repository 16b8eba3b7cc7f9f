import { startTestServices } from '../support/services/start-services.js'
import { prepareTemplate } from '../support/services/template-database.js'
import { complaintsOf, enduranceText, FULL, runEndurance } from './endurance.js'

// A day of a worker in little, in its full size; npm test has a shorter one:
//   npm run endurance
// Fails when heap or resources in the middle and at the end differ.

const services = await startTestServices()
try {
  for (const line of services.summary) console.error(`Using ${line}`)
  const template = await prepareTemplate(services.databaseUrl)
  process.env.AGENT_CONFIG_TEST_DATABASE_URL = services.databaseUrl
  process.env.AGENT_CONFIG_TEST_TEMPLATE = template.name
  process.env.AGENT_CONFIG_TEST_REDIS_URL = services.redisUrl
  try {
    const report = await runEndurance(FULL)
    console.log(enduranceText(report))
    const complaints = complaintsOf(report)
    for (const complaint of complaints) console.error(`NOT as it should be: ${complaint}`)
    process.exitCode = complaints.length === 0 ? 0 : 1
  } finally {
    await template.drop()
  }
} finally {
  await services.stop()
}
