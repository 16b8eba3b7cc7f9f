import type { ConfigurationManager } from '../../../src/index.js'
import { NAMES, templateOf } from '../support/bench-prompts.js'
import { createConfigManager } from '../support/built.js'

// Prints the bytes of heap that one cached prompt takes, and that its template alone takes. Run with --expose-gc.

const [databaseUrl, redisUrl, namespace] = process.argv.slice(2) as [string, string, string]
const collectGarbage = globalThis.gc!
const held: unknown[] = []
// First, while nothing runs in the background that could give memory back. Ten of each, since what the collector leaves varies by some
// hundred kilobytes. Through a Buffer, so that each is one flat text of its own.
const texts = Array.from({ length: 10 }, () => NAMES).flat()
const bare = await bytesEach(texts, async (names) => {
  for (const name of names) held.push(Buffer.from(templateOf(name)).toString())
})
// Code is compiled before anything is counted: V8 adds to it for as long as it gets to know it better, some 400 kB. Under other keys, once from
// PostgreSQL and once from Redis.
for (let pass = 0; pass < 2; pass++) {
  const other = createConfigManager({ database: databaseUrl, redis: redisUrl, namespace: `${namespace}-before` })
  await readAll(other, NAMES)
  await other.shutdown()
}
const manager = createConfigManager({ database: databaseUrl, redis: redisUrl, namespace })
// Pools and buffers.
await readAll(manager, NAMES.slice(0, 51))
const cached = await bytesEach(NAMES.slice(51), (names) => readAll(manager, names))
console.log(JSON.stringify({ cached, bare, sources: { Redis: manager.stats().redis.hits, PostgreSQL: manager.stats().database.loads } }))
await manager.shutdown()

/** As a worker that was told of a change or was restarted: a hundred at once, from Redis or PostgreSQL, then a memory hit. */
async function readAll(reader: ConfigurationManager, names: readonly string[]): Promise<void> {
  for (let start = 0; start < names.length; start += 100) {
    await Promise.all(names.slice(start, start + 100).map((name) => reader.getPrompt(name)))
  }
  for (const name of names) if (reader.peekPrompt(name)?.name !== name) throw new Error(`"${name}" is not in memory.`)
}

async function bytesEach(names: readonly string[], fill: (names: readonly string[]) => Promise<void>): Promise<number> {
  const before = await heapUsed()
  await fill(names)
  return ((await heapUsed()) - before) / names.length
}

async function heapUsed(): Promise<number> {
  for (let pass = 0; pass < 4; pass++) {
    collectGarbage()
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return process.memoryUsage().heapUsed
}
