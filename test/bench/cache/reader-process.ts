import { Redis } from 'ioredis'
import pg from 'pg'
import { serveRequests } from '../../support/serve-requests.js'
import { createConfigManager } from '../support/built.js'

// The other process: it holds the prompt in memory and notes when it serves each revision of it, and when it hears of each write by hand.
// The clock is the one that all processes of a machine share.

const [databaseUrl, byHandUrl, redisUrl, namespace, name] = process.argv.slice(2) as [string, string, string, string, string]
const manager = createConfigManager({ database: databaseUrl, redis: redisUrl || false, namespace })
const noted = new Map<string, bigint>()
const waiting = new Map<string, (at: bigint) => void>()

manager.on('change', async (event) => {
  if (event.name !== name) return
  const prompt = await manager.getPrompt(name)
  note(`served ${prompt!.revision}`)
})
await manager.getPrompt(name)
await (redisUrl ? hearOfRedis() : hearOfPostgres())

async function hearOfRedis(): Promise<void> {
  const subscriber = new Redis(redisUrl)
  subscriber.on('message', (_channel, revision) => note(`heard ${revision}`))
  await subscriber.subscribe(`${namespace}:by-hand`)
}

async function hearOfPostgres(): Promise<void> {
  const client = new pg.Client({ connectionString: byHandUrl })
  await client.connect()
  const { rows } = await client.query<{ channel: string }>('select agent_config.notify_channel() as channel')
  client.on('notification', ({ payload }) => note(`heard ${(JSON.parse(payload as string) as { revision: number }).revision}`))
  await client.query(`listen "${rows[0]!.channel}"`)
}

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
