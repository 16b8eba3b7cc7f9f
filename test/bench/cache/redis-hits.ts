import { Redis } from 'ioredis'
import type { ConfigurationManager, Prompt } from '../../../src/index.js'
import { NAMES } from '../support/bench-prompts.js'
import type { PeerCache, PeerName } from '../support/peer-caches.js'
import { type BenchRow, perSecond } from '../support/row.js'
import { type Contender, takeTurns } from '../support/take-turns.js'

const AT_ONCE = 100
const TURNS = { rounds: 15, warmUpRounds: 5 }

export interface RedisHitParts {
  /** Keeps so few documents in memory that a hundred others push them out, and finds all of them in Redis. */
  readonly forgetful: ConfigurationManager
  readonly redisUrl: string
  readonly prefix: string
  readonly peers: Readonly<Record<PeerName, PeerCache>>
}

/**
 * A hundred reads at once that find nothing in memory and everything in Redis, beside a hundred GETs of a bare ioredis client for the same
 * prompts, which it parses, and beside other caches without memory. A turn reads all names, a hundred at a time.
 */
export async function redisHitRows({ forgetful, redisUrl, prefix, peers }: RedisHitParts): Promise<BenchRow[]> {
  const client = new Redis(redisUrl)
  for (const name of NAMES) {
    const text = JSON.stringify(await forgetful.getPrompt(name))
    await client.set(`${prefix}:raw:${name}`, text)
    for (const peer of Object.values(peers)) await peer.set(name, JSON.parse(text))
  }
  const before = forgetful.stats().redis.hits
  const rates = await takeTurns(
    {
      ours: inHundreds(async (name) => (await forgetful.getPrompt(name))!.version),
      raw: inHundreds(async (name) => (JSON.parse((await client.get(`${prefix}:raw:${name}`))!) as Prompt).version),
      bentocache: peerTurn(peers.bentocache),
      cacheable: peerTurn(peers.cacheable),
      'cache-manager': peerTurn(peers['cache-manager']),
    },
    TURNS,
  )
  const reads = (TURNS.rounds + TURNS.warmUpRounds) * NAMES.length
  const hits = forgetful.stats().redis.hits - before
  if (hits < reads) throw new Error(`Only ${hits} of ${reads} reads were answered by Redis: this measures something else.`)
  client.disconnect()
  const { ours, raw, ...others } = rates
  const measure = `Redis hit, ${AT_ONCE} at once`
  const fastest = Math.max(...Object.values(others))
  return [
    { measure, ours: perSecond(ours), beside: `ioredis \`GET\` and \`JSON.parse\`: ${perSecond(raw)}`, ratio: ours / raw, reach: 1 },
    {
      measure,
      ours: perSecond(ours),
      beside: Object.entries(others)
        .map(([name, rate]) => `${name} ${perSecond(rate)}`)
        .join(', '),
      ratio: ours / fastest,
      reach: 1.2,
    },
  ]
}

function peerTurn(peer: PeerCache): Contender {
  return { prepare: () => peer.forget(), run: inHundreds(async (name) => ((await peer.get(name)) as { version: number }).version) }
}

/** One turn: all names, a hundred at once. */
export function inHundreds(read: (name: string) => Promise<number>): () => Promise<number> {
  return async () => {
    let sum = 0
    for (let start = 0; start < NAMES.length; start += AT_ONCE) {
      for (const value of await Promise.all(NAMES.slice(start, start + AT_ONCE).map(read))) sum += value
    }
    if (sum <= 0) throw new Error('Nothing was read.')
    return NAMES.length
  }
}
