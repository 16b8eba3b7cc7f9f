// A reader of two-workers.ts: an ordinary worker that has the prompt in memory and notes when it serves a new one.
import { createConfigManager } from '../src/index.js'

/** What a reader tells the writer's process: when it served a revision, in milliseconds on the machine's clock. */
export interface ServedMessage {
  readonly revision: number
  readonly at: number
}

const [schema, name] = process.argv.slice(2) as [string, string]
// Addresses come from DATABASE_URL and REDIS_URL.
const manager = createConfigManager({ schema })
const served = new Map<number, number>()
const asked = new Set<number>()

await manager.ready()
await manager.getPrompt(name)

manager.on('change', async (change) => {
  if (change.name !== name) return
  const prompt = await manager.getPrompt(name)
  if (!prompt || served.has(prompt.revision)) return
  served.set(prompt.revision, Number(process.hrtime.bigint()) / 1e6)
  if (asked.has(prompt.revision)) tell(prompt.revision)
})

process.on('message', (revision: number) => {
  asked.add(revision)
  if (served.has(revision)) tell(revision)
})
process.on('disconnect', () => void manager.shutdown())
process.send?.('ready')

function tell(revision: number): void {
  process.send?.({ revision, at: served.get(revision)! } satisfies ServedMessage)
}
