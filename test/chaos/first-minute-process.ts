import { createConfigManager } from '../../src/manager/global-manager.js'
import { serveRequests } from '../support/serve-requests.js'

// One of the services of first-minute.test.ts, with the options of somebody who has read the first page: two addresses.

const [database, redis, name] = process.argv.slice(2) as [string, string, string]
const manager = createConfigManager({ database, redis, autoMigrate: true })

const handlers = {
  /** Writes one version after another; gives how long each took. */
  write: async (versions: number): Promise<number[]> => {
    const times: number[] = []
    for (let version = 1; version <= versions; version++) {
      const startedAt = performance.now()
      await manager.prompts.createVersion({ name, template: `${name} ${version}`, labels: ['production'] })
      times.push(performance.now() - startedAt)
    }
    return times
  },
  /** Reads names that this process has never read, one after another; gives how long each took and what it was. */
  read: async (names: readonly string[]): Promise<{ ms: number; template: unknown }[]> => {
    const answers = []
    for (const wanted of names) {
      const startedAt = performance.now()
      const template = (await manager.getPrompt(wanted))?.template
      answers.push({ ms: performance.now() - startedAt, template })
    }
    return answers
  },
  finish: () => manager.shutdown(),
}
export type FirstMinuteHandlers = typeof handlers

await manager.ready()
serveRequests(handlers)
