import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import pg from 'pg'
import type { Servers } from './servers.js'

/** What the servers look like from outside. */
export interface Watch {
  /** Connections of clients to PostgreSQL, without this one. */
  databaseConnections(): Promise<number>
  /** Connections to Redis, without this one, and how many of them are subscribed. */
  redisConnections(): Promise<{ all: number; subscribed: number }>
  /** Bytes Redis has sent so far. */
  sentBytes(): Promise<number>
  /** Ends the connections of all subscribers. */
  cutSubscribers(): Promise<void>
  publish(channel: string, message: string): Promise<number>
  /** Commands that Redis has run so far, by name. */
  commands(): Promise<ReadonlyMap<string, { calls: number; usec: number }>>
  close(): Promise<void>
}

export async function openWatch({ postgres, redis }: Servers): Promise<Watch> {
  const database = new pg.Client({ connectionString: postgres.url })
  database.on('error', () => {})
  await database.connect()
  const client = new Redis(redis.url)
  client.on('error', () => {})
  const info = async (section: string, field: string) =>
    Number(new RegExp(`^${field}:(\\d+)`, 'm').exec(await client.info(section))?.[1] ?? 0)
  return {
    async databaseConnections() {
      const { rows } = await database.query(`select count(*)::int - 1 as count from pg_stat_activity where backend_type = 'client backend'`)
      return rows[0].count
    },
    async redisConnections() {
      const [all, subscribed] = await Promise.all([info('clients', 'connected_clients'), info('clients', 'pubsub_clients')])
      const channels = await client.pubsub('CHANNELS')
      const counts = channels.length > 0 ? await client.pubsub('NUMSUB', ...(channels as string[])) : []
      return { all: all - 1, subscribed: subscribed || Number(counts[1] ?? 0) }
    },
    sentBytes: () => info('stats', 'total_net_output_bytes'),
    cutSubscribers: async () => void (await client.call('CLIENT', 'KILL', 'TYPE', 'pubsub')),
    publish: (channel, message) => client.publish(channel, message),
    async commands() {
      const text = await client.info('commandstats')
      const lines = [...text.matchAll(/^cmdstat_(\S+?):calls=(\d+),usec=(\d+)/gm)]
      return new Map(lines.map(([, name, calls, usec]) => [name!, { calls: Number(calls), usec: Number(usec) }]))
    },
    async close() {
      client.disconnect()
      await database.end()
    },
  }
}

/** Looks again and again until something holds; gives how long that took, in milliseconds, or `undefined` when it took too long. */
export async function timeUntil(check: () => boolean | Promise<boolean>, limitMs: number, everyMs = 10): Promise<number | undefined> {
  const start = performance.now()
  while (performance.now() - start < limitMs) {
    if (await check()) return performance.now() - start
    await sleep(everyMs)
  }
  return undefined
}
