import { createConfigManager } from '../support/built.js'
import { nameOf } from './fill.js'

// Prints the heap of one manager alone in its process, after start and with documents. Run with --expose-gc.

const [database, redis, maxEntries, documents] = process.argv.slice(2) as [string, string, string, string]
const before = await heapUsed()
const manager = createConfigManager({ database, redis, listen: false, memory: { maxEntries: Number(maxEntries) } })
await manager.ready()
for (let start = 0; start < Number(documents); start += 100) {
  await Promise.all(Array.from({ length: 100 }, (_, index) => manager.getPrompt(nameOf(start + index))))
}
const heap = (await heapUsed()) - before
const { rss } = process.memoryUsage()
console.log(JSON.stringify({ heap, rss, peakRss: process.resourceUsage().maxRSS * 1_024, entries: manager.stats().memory.entries }))
await manager.shutdown()

async function heapUsed(): Promise<number> {
  for (let pass = 0; pass < 4; pass++) {
    globalThis.gc!()
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return process.memoryUsage().heapUsed
}
