import { Redis } from 'ioredis'
import { serveRequests } from '../../support/serve-requests.js'
import { createConfigManager } from '../support/built.js'

// The other process: it holds the prompt in memory and notes when it serves each revision of it, and when it hears of each write by hand.
// The clock is the one that all processes of a machine share.

const [databaseUrl, redisUrl, namespace, name] = process.argv.slice(2) as [string, string, string, string]
const manager = createConfigManager({ database: databaseUrl, redis: redisUrl, namespace })
const subscriber = new Redis(redisUrl)
const noted = new Map<string, bigint>()
const waiting = new Map<string, (at: bigint) => void>()

manager.on('change', async (event) => {
  if (event.name !== name) return
  const prompt = await manager.getPrompt(name)
  note(`served ${prompt!.revision}`)
})
subscriber.on('message', (_channel, revision) => note(`heard ${revision}`))
await manager.getPrompt(name)
await subscriber.subscribe(`${namespace}:by-hand`)

function note(what: string): void {
  if (noted.has(what)) return
  const at = process.hrtime.bigint()
  noted.set(what, at)
  waiting.get(what)?.(at)
}

const handlers = {
  /** When this process first served a revision, or heard of a write by hand; waits until it does. */
  notedAt(what: 'served' | 'heard', revision: number): Promise<bigint> | bigint {
    const key = `${what} ${revision}`
    return noted.get(key) ?? new Promise((resolve) => waiting.set(key, resolve))
  },
}
export type ReaderHandlers = typeof handlers

serveRequests(handlers)
