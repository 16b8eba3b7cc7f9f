import { startTestServices } from '../support/services/start-services.js'
import { prepareTemplate } from '../support/services/template-database.js'
import { type BenchRow, markdownTable } from './support/row.js'

// Measures this package beside what one would use instead, and prints the table of docs/benchmarks.md:
//   npm run bench               all groups
//   npm run bench -- cache      one or more of them
// Other packages are installed below test/bench/peers/ at the first run. Nothing else is written.

interface Group {
  readonly needsServices: boolean
  readonly run: () => Promise<readonly BenchRow[]>
}

const GROUPS: Readonly<Record<string, Group>> = {
  cache: { needsServices: true, run: async () => (await import('./cache.js')).cacheBench() },
  settings: { needsServices: false, run: async () => (await import('./settings.js')).benchSettings() },
  llm: { needsServices: false, run: async () => (await import('./llm.js')).llmBench() },
  agent: { needsServices: false, run: async () => (await import('./agent.js')).agentBench() },
  rollout: { needsServices: true, run: async () => (await import('./rollout.js')).rolloutBench() },
  guard: { needsServices: true, run: async () => (await import('./guard.js')).guardBench() },
  host: { needsServices: true, run: async () => (await import('./host.js')).hostBench() },
  page: { needsServices: true, run: async () => (await import('./page.js')).pageBench() },
  template: { needsServices: false, run: async () => (await import('./template.js')).templateBench() },
}

const chosen = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(GROUPS)
const unknown = chosen.filter((name) => !Object.hasOwn(GROUPS, name))
if (unknown.length > 0) throw new Error(`There is no group ${unknown.join(', ')}. Groups: ${Object.keys(GROUPS).join(', ')}.`)

const groups = chosen.map((name) => GROUPS[name]!)
const rows = await (groups.some((group) => group.needsServices) ? withServices(() => runAll(groups)) : runAll(groups))
console.log(markdownTable(rows))
// What the peers leave open is none of this run's business.
process.exit()

async function runAll(groups: readonly Group[]): Promise<readonly BenchRow[]> {
  const rows: BenchRow[] = []
  for (const group of groups) rows.push(...(await group.run()))
  return rows
}

async function withServices<Value>(work: () => Promise<Value>): Promise<Value> {
  // As it is installed: commits wait for the disk.
  const services = await startTestServices({ fsync: true })
  try {
    for (const line of services.summary) console.error(`Using ${line}`)
    const template = await prepareTemplate(services.databaseUrl)
    process.env.AGENT_CONFIG_TEST_DATABASE_URL = services.databaseUrl
    process.env.AGENT_CONFIG_TEST_TEMPLATE = template.name
    process.env.AGENT_CONFIG_TEST_REDIS_URL = services.redisUrl
    try {
      return await work()
    } finally {
      await template.drop()
    }
  } finally {
    await services.stop()
  }
}
