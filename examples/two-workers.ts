// One process writes, three others read: how long until each of them serves a change?
//   DATABASE_URL=postgresql://… REDIS_URL=redis://… npx tsx examples/two-workers.ts
// Without servers of your own, in this repository:
//   npx tsx test/support/with-services.ts npx tsx examples/two-workers.ts
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { createConfigManager, type WriteFacts } from '../src/index.js'
import { migrateToLatest } from '../src/migrations.js'
import type { ServedMessage } from './two-workers-reader.js'

const { DATABASE_URL, REDIS_URL } = process.env
if (!DATABASE_URL || !REDIS_URL) {
  console.error('Set DATABASE_URL and REDIS_URL, or run: npx tsx test/support/with-services.ts npx tsx examples/two-workers.ts')
  process.exit(1)
}
const READERS = 3
// A schema of its own, so that a database with other data in it is fine too.
const schema = 'agent_config_two_workers'
const name = `greeting-${process.pid}`

await migrateToLatest(DATABASE_URL, { schema })
const manager = createConfigManager({ database: DATABASE_URL, redis: REDIS_URL, schema })
await manager.prompts.create({ name, template: 'Hello {name}.', labels: ['production'] })
const readers = await Promise.all(Array.from({ length: READERS }, startReader))
console.log(`One writer (process ${process.pid}), readers ${readers.map(({ pid }) => pid).join(', ')}.`)
console.log('Milliseconds from the call of the write, and from its acknowledgement, until each reader served it:\n')

const changes: readonly (readonly [string, () => Promise<WriteFacts>])[] = [
  ['promote a new version', () => manager.prompts.createVersion({ name, template: 'Good to see you, {name}!', labels: ['production'] })],
  ['roll back to v1', () => manager.prompts.rollback({ name })],
  ['promote v2', () => manager.prompts.promote({ name, version: 2 })],
  ['promote v1', () => manager.prompts.promote({ name, version: 1 })],
  ['promote v2 again', () => manager.prompts.promote({ name, version: 2 })],
]
const cell = (text: string) => text.padEnd(24)
console.log(cell('change') + cell('acknowledged') + readers.map((_, index) => cell(`reader ${index + 1}`)).join(''))
for (const [title, write] of changes) {
  const start = now()
  const { revision } = await write()
  const acknowledged = now()
  const served = await Promise.all(readers.map((reader) => servedAt(reader, revision)))
  const cells = served.map((at) => cell(`${(at - start).toFixed(1)}  (${signed(at - acknowledged)})`))
  console.log(cell(title) + cell((acknowledged - start).toFixed(1)) + cells.join(''))
  await sleep(100)
}

for (const reader of readers) reader.disconnect()
await manager.shutdown()

/** Resolves when the reader holds the prompt and listens. */
async function startReader(): Promise<ChildProcess> {
  const reader = fork(fileURLToPath(new URL('./two-workers-reader.ts', import.meta.url)), [schema, name], {
    execArgv: ['--import', pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href],
  })
  await once(reader, 'message')
  return reader
}

/** When the reader served that revision. */
function servedAt(reader: ChildProcess, revision: number): Promise<number> {
  return new Promise((resolve) => {
    const listen = (served: ServedMessage) => {
      if (served.revision !== revision) return
      reader.off('message', listen)
      resolve(served.at)
    }
    reader.on('message', listen)
    reader.send(revision)
  })
}

/** Milliseconds on the clock that all processes of a machine share. */
function now(): number {
  return Number(process.hrtime.bigint()) / 1e6
}

function signed(ms: number): string {
  return `${ms < 0 ? '' : '+'}${ms.toFixed(1)}`
}
