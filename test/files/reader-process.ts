import { createConfigManager } from '../../src/index.js'
import { serveRequests } from '../support/serve-requests.js'

// Reads every prompt of a folder all the time, and notes each pass in one tick that gives texts of two pushes.
const [database = '', redis = '', namespace = '', list = ''] = process.argv.slice(2)
const names = list.split(',')
const manager = createConfigManager({ database, redis, namespace })
let isReading = true
let passes = 0
let whole = 0
const torn: string[] = []

async function readForever(): Promise<void> {
  await manager.ready()
  while (isReading) {
    const held = names.map((name) => manager.peekPrompt(name)?.template).filter((template) => template !== undefined)
    const texts = new Set(held)
    passes++
    if (texts.size > 1) torn.push([...texts].join(' and '))
    // What is being loaded again after a push is not in memory: those are awaited, so that every pass is a whole one in the end.
    const loaded = await Promise.all(names.map((name) => manager.getPrompt(name)))
    if (new Set(loaded.map((prompt) => prompt?.template)).size === 1) whole++
    await new Promise((resolve) => setImmediate(resolve))
  }
}
const reading = readForever()

const handlers = {
  /** The text that every prompt has here. */
  served: async (): Promise<string> => String((await manager.getPrompt(names[0] as string))?.template),
  finish: async (): Promise<{ passes: number; whole: number; torn: string[] }> => {
    isReading = false
    await reading
    await manager.shutdown()
    return { passes, whole, torn }
  },
}
export type ReaderHandlers = typeof handlers
serveRequests(handlers)
