import { createConfigManager, definePrompt } from '../../src/index.js'
import { serveRequests } from '../support/serve-requests.js'

// A worker of ensure.test.ts: seeds the same prompts as its siblings.

const [url, project, names] = process.argv.slice(2) as [string, string, string]
const manager = createConfigManager({ database: url, redis: false, project })
const definitions = names.split(',').map((name) => definePrompt({ name, fallback: `Seed of {name} by ${name}` }))

const handlers = {
  ensure: async () => (await manager.prompts.ensure(definitions, { changedBy: `worker ${process.pid}` })).created,
  finish: () => manager.shutdown(),
}
export type EnsureHandlers = typeof handlers

await manager.ready()
serveRequests(handlers)
