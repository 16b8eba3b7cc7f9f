import { createConfigManager } from '../../../src/manager/global-manager.js'
import { serveRequests } from '../../support/serve-requests.js'
import { type VerbName, verbOf } from './verbs.js'

// The process that killed-writers.test.ts kills around each message of a write.

const [database, redis, namespace, project] = process.argv.slice(2) as [string, string, string, string]
// A machine that others use needs seconds for what takes milliseconds, and no write here may be given up for that.
const timeouts = { databaseMs: 30_000, readMs: 40_000 }
const manager = createConfigManager({ database, redis, namespace, project, listen: false, pollIntervalMs: 600_000, timeouts })

const handlers = {
  write: async (verb: VerbName, rollout: string): Promise<void> => {
    await verbOf(verb).write(manager, rollout)
  },
}
export type KilledHandlers = typeof handlers

await manager.ready()
// Connections are open and plans are kept, as in a worker that has written before.
await manager.prompts.create({ name: 'warm', template: 'x' })
serveRequests(handlers)
