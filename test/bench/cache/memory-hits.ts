import { LRUCache } from 'lru-cache'
import type { ConfigurationManager, Prompt } from '../../../src/index.js'
import { NAMES } from '../support/bench-prompts.js'
import type { PeerCache, PeerName } from '../support/peer-caches.js'
import { type BenchRow, perSecond } from '../support/row.js'
import { takeTurns } from '../support/take-turns.js'

const SYNCHRONOUS = { rounds: 15, warmUpRounds: 5, turnMs: 60 }
const AWAITED = { rounds: 9, warmUpRounds: 3, turnMs: 100 }

/** `peekPrompt` beside lru-cache's `get` of the same objects, all names in turn; the version of each is added up. */
export async function peekRow(manager: ConfigurationManager): Promise<BenchRow> {
  const lru = new LRUCache<string, Prompt>({ max: 10_000 })
  for (const name of NAMES) lru.set(name, (await manager.getPrompt(name))!)
  const rates = await takeTurns(
    {
      ours: () => {
        let sum = 0
        for (const name of NAMES) sum += manager.peekPrompt(name)!.version
        return sum
      },
      lru: () => {
        let sum = 0
        for (const name of NAMES) sum += lru.get(name)!.version
        return sum
      },
    },
    SYNCHRONOUS,
  )
  return {
    measure: '`peekPrompt`, memory hit over 1,000 names',
    ours: perSecond(rates.ours),
    beside: `lru-cache \`get\`: ${perSecond(rates.lru)}`,
    ratio: rates.ours / rates.lru,
    reach: 0.6,
  }
}

/** `await getPrompt` beside the awaited `get` of other two-tier caches that hold the same documents in memory. */
export async function getRow(manager: ConfigurationManager, peers: Readonly<Record<PeerName, PeerCache>>): Promise<BenchRow> {
  for (const name of NAMES) {
    const document = JSON.parse(JSON.stringify(await manager.getPrompt(name))) as Prompt
    for (const peer of Object.values(peers)) await peer.set(name, document)
  }
  const rates = await takeTurns(
    {
      ours: async () => {
        let sum = 0
        for (const name of NAMES) sum += (await manager.getPrompt(name))!.version
        return sum
      },
      bentocache: () => readAll(peers.bentocache),
      cacheable: () => readAll(peers.cacheable),
      'cache-manager': () => readAll(peers['cache-manager']),
    },
    AWAITED,
  )
  const { ours, ...others } = rates
  return {
    measure: '`await getPrompt`, memory hit over 1,000 names',
    ours: perSecond(ours),
    beside: Object.entries(others)
      .map(([name, rate]) => `${name} ${perSecond(rate)}`)
      .join(', '),
    ratio: ours / Math.max(...Object.values(others)),
    reach: 45,
  }
}

async function readAll(peer: PeerCache): Promise<number> {
  let sum = 0
  for (const name of NAMES) sum += ((await peer.get(name)) as Prompt).version
  return sum
}
