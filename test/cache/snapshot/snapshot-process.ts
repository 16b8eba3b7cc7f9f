import { setImmediate } from 'node:timers/promises'
import { writeSnapshot } from '../../../src/cache/snapshot/snapshot-file.js'
import { serveRequests } from '../../support/serve-requests.js'

// Writes snapshots one after another until it is killed.
const file = process.argv[2] as string
let revision = 0

const handlers = {
  /** Resolves when so many were written. */
  written: async (count: number): Promise<void> => {
    while (revision < count) await setImmediate()
  },
}
export type SnapshotHandlers = typeof handlers
serveRequests(handlers)

for (;;) {
  const documents = Array.from({ length: 200 }, (_, place) => ({
    scope: `prompt:default:${place}`,
    revision: 1,
    token: 't',
    asOf: 1,
    text: JSON.stringify('x'.repeat(2_000)),
  }))
  await writeSnapshot(file, { database: 'db', schema: 'agent_config', revision: revision + 1, documents })
  revision++
}
