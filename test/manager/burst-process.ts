import { setTimeout as sleep } from 'node:timers/promises'
import { createConfigManager } from '../../src/manager/global-manager.js'
import { eventually } from '../support/eventually.js'
import { serveRequests } from '../support/serve-requests.js'

// A worker of bursts.test.ts: reads all the time, and tells what it reads once it has heard of a write.

const [url, redis, namespace, names] = process.argv.slice(2) as [string, string, string, string]
const manager = createConfigManager({
  database: url,
  redis: redis === 'none' ? false : redis,
  listen: redis === 'none',
  namespace,
  pollIntervalMs: 600_000,
})
let isReading = true
let backwards = 0
const reading = (async () => {
  const seen = new Map<string, number>()
  await manager.ready()
  while (isReading) {
    for (const name of names.split(',')) {
      const revision = (await manager.getPrompt(name))?.revision ?? 0
      if (revision < (seen.get(name) ?? 0)) backwards++
      seen.set(name, revision)
    }
    // All processes of the test share the machine: a loop without a pause would be the only one to run.
    await sleep(1)
  }
})()

const handlers = {
  /** Every name's production version, once this process knows of a revision. */
  settled: async (revision: number): Promise<Record<string, number | undefined>> => {
    await eventually(() => (manager.stats().revision ?? -1) >= revision, { everyMs: 1 })
    const versions = await Promise.all(names.split(',').map(async (name) => [name, (await manager.getPrompt(name))?.version] as const))
    return Object.fromEntries(versions)
  },
  finish: async () => {
    isReading = false
    await reading
    const stats = manager.stats()
    await manager.shutdown()
    return { ...stats, backwards }
  },
}
export type BurstHandlers = typeof handlers

await manager.ready()
serveRequests(handlers)
