import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import pg from 'pg'
import type { ConfigurationManager } from '../../../src/index.js'
import { NAMES } from '../support/bench-prompts.js'
import { type BenchRow, perSecond } from '../support/row.js'
import { takeTurns } from '../support/take-turns.js'
import { inHundreds } from './redis-hits.js'

const TURNS = { rounds: 9, warmUpRounds: 3 }
/** Connections of the pool, as many as a manager opens. */
const POOL_SIZE = 10
const SETTLE_MS = 50
const SELECT = `select prompts.* from agent_config.prompt_labels as labels
  join agent_config.prompts as prompts using (project, name, version)
  where labels.project = 'default' and labels.name = $1 and labels.label = 'production'`

export interface ColdLoadParts {
  /** Keeps so few documents in memory that a hundred others push them out. */
  readonly forgetful: ConfigurationManager
  readonly databaseUrl: string
  readonly redisUrl: string
  readonly prefix: string
}

/**
 * A hundred reads at once that find nothing in memory nor in Redis, beside what one would write by hand: GET, SELECT of the labelled
 * version, SET without waiting for it. Redis is emptied before each turn, which does not count.
 */
export async function coldLoadRow({ forgetful, databaseUrl, redisUrl, prefix }: ColdLoadParts): Promise<BenchRow> {
  const client = new Redis(redisUrl)
  const pool = new pg.Pool({ connectionString: databaseUrl, max: POOL_SIZE, min: 1 })
  pool.on('error', () => {})
  const readOurs = inHundreds(async (name) => (await forgetful.getPrompt(name))!.version)
  const readRaw = inHundreds(async (name) => {
    const key = `${prefix}:raw:${name}`
    const cached = await client.get(key)
    if (cached !== null) return (JSON.parse(cached) as { version: number }).version
    const { rows } = await pool.query(SELECT, [name])
    void client.set(key, JSON.stringify(rows[0]), 'PX', 300_000)
    return (rows[0] as { version: number }).version
  })
  const before = forgetful.stats().database.loads
  const rates = await takeTurns({ ours: emptyFirst(client, prefix, readOurs), raw: emptyFirst(client, prefix, readRaw) }, TURNS)
  const loads = forgetful.stats().database.loads - before
  const reads = (TURNS.rounds + TURNS.warmUpRounds) * NAMES.length
  if (loads < reads) throw new Error(`Only ${loads} of ${reads} reads came from PostgreSQL: this measures something else.`)
  client.disconnect()
  await pool.end()
  return {
    measure: 'cold load, 100 at once',
    ours: perSecond(rates.ours),
    beside: `\`GET\` + \`SELECT\` + \`SET\`: ${perSecond(rates.raw)}`,
    ratio: rates.ours / rates.raw,
    reach: 0.9,
  }
}

/** A contender that is handed an empty Redis. */
function emptyFirst(client: Redis, prefix: string, read: () => Promise<number>) {
  return {
    prepare: async () => {
      // What the turn before filled in is still on its way to Redis.
      await sleep(SETTLE_MS)
      const keys = await client.keys(`*${prefix}*`)
      if (keys.length > 0) await client.del(keys)
    },
    run: read,
  }
}
