import { createConfigManager } from '../../src/index.js'
import { serveRequests } from '../support/serve-requests.js'

// A worker of the tests of several processes: reads one prompt for whoever it is told.

const [url, project, redis, namespace] = process.argv.slice(2) as [string, string, string | undefined, string | undefined]
const manager = createConfigManager({
  database: url,
  redis: redis || false,
  project,
  pollIntervalMs: 600_000,
  ...(namespace && { namespace }),
})
const read = async (subject: string) => (await manager.getPrompt('greeting', { subject }))?.selection

const handlers = {
  /** One read each, all at once. */
  versions: (subjects: readonly string[]) => Promise.all(subjects.map(async (subject) => (await read(subject))?.version)),
  /** That many first visits of one subject at once. */
  visits: (subject: string, times: number) => Promise.all(Array.from({ length: times }, async () => (await read(subject))?.arm)),
  /** Reasons of reads once this process knows of a revision; it asks nobody. */
  reasonsAfter: async (revision: number, subjects: readonly string[]) => {
    while ((manager.stats().revision ?? -1) < revision) await new Promise((resolve) => setTimeout(resolve, 1))
    return Promise.all(subjects.map(async (subject) => (await read(subject))?.reason))
  },
  /** Reads all the time until told to stop, and gives the reasons in the order they changed. */
  watch: () => void watching(),
  watched: async () => {
    isWatching = false
    return reasons
  },
  finish: () => manager.shutdown(),
}
export type StickyHandlers = typeof handlers

let isWatching = false
const reasons: (string | undefined)[] = []

async function watching(): Promise<void> {
  isWatching = true
  for (let visit = 0; isWatching; visit++) {
    const reason = (await read(`user-${visit % 50}`))?.reason
    if (reasons.at(-1) !== reason) reasons.push(reason)
    if (visit % 20 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
}

await manager.ready()
serveRequests(handlers)
