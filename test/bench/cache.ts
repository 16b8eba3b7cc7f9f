import type { ConfigurationManager } from '../../src/index.js'
import { createTestDatabase } from '../support/test-database.js'
import { testRedisUrl, uniqueNamespace } from '../support/test-redis.js'
import { coldLoadRow } from './cache/cold-loads.js'
import { farRows } from './cache/far-servers.js'
import { frozenRows } from './cache/frozen-servers.js'
import { heapRows } from './cache/heap.js'
import { importRows } from './cache/imports.js'
import { manyVersionsRow } from './cache/many-versions.js'
import { getRow, peekRow } from './cache/memory-hits.js'
import { redisHitRows } from './cache/redis-hits.js'
import { scaleRows } from './cache/scale-rows.js'
import { tailRow } from './cache/tails.js'
import { visibilityRow } from './cache/visibility.js'
import { writeRows } from './cache/writes.js'
import { NAMES, seedPrompts, templateOf } from './support/bench-prompts.js'
import { createConfigManager } from './support/built.js'
import { loadPeerCaches, type PeerCache } from './support/peer-caches.js'
import type { BenchRow } from './support/row.js'

/** Documents kept in memory where a measure is about what is not: a hundred others push them out. */
const FORGETFUL_ENTRIES = NAMES.length / 10

/** Reads through each tier, writes, and how soon another process serves them. */
export async function cacheBench(): Promise<BenchRow[]> {
  const { twoTiers, redisAlone } = await loadPeerCaches()
  const database = await createTestDatabase()
  const redisUrl = testRedisUrl()
  const namespace = uniqueNamespace()
  const options = { database: database.url, redis: redisUrl, namespace }
  const manager = createConfigManager(options)
  await seedPrompts(manager)
  await addVersion(manager)
  const byHand = await createTestDatabase()
  await withManager(byHand.url, async (seeding) => {
    await seedPrompts(seeding)
    await addVersion(seeding)
  })
  const rows: BenchRow[] = [await peekRow(manager)]
  await withPeers(twoTiers(redisUrl, namespace), async (peers) => rows.push(await getRow(manager, peers)))
  const forgetful = createConfigManager({ ...options, memory: { maxEntries: FORGETFUL_ENTRIES } })
  await withPeers(redisAlone(redisUrl, namespace), async (peers) =>
    rows.push(...(await redisHitRows({ forgetful, redisUrl, prefix: namespace, peers }))),
  )
  rows.push(await coldLoadRow({ forgetful, databaseUrl: database.url, redisUrl, prefix: namespace }))
  await forgetful.shutdown()
  rows.push(await visibilityRow({ manager, databaseUrl: database.url, byHandUrl: byHand.url, redisUrl, namespace }))
  rows.push(...(await writeRows(manager, byHand.url)))
  rows.push(await listenOnlyRow(database.url, byHand.url, namespace))
  rows.push(await tailRow(manager, options))
  rows.push(await manyVersionsRow(manager, database.url))
  rows.push(...(await heapRows({ databaseUrl: database.url, redisUrl, namespace })))
  await manager.shutdown()
  rows.push(...(await farRows({ databaseUrl: database.url, byHandUrl: byHand.url, redisUrl, namespace })))
  rows.push(...(await scaleRows(redisUrl)), ...(await importRows()))
  rows.push(...(await frozenRows()))
  return rows
}

async function listenOnlyRow(databaseUrl: string, byHandUrl: string, namespace: string): Promise<BenchRow> {
  const manager = createConfigManager({ database: databaseUrl, redis: false })
  const row = await visibilityRow({ manager, databaseUrl, byHandUrl, redisUrl: undefined, namespace })
  await manager.shutdown()
  return row
}

async function withPeers<Peers extends Record<string, PeerCache>>(peers: Peers, work: (peers: Peers) => Promise<unknown>): Promise<void> {
  await work(peers)
  for (const peer of Object.values(peers)) await peer.close()
}

/** A second version of the first prompt, for writes that move a label to and fro. */
async function addVersion(manager: ConfigurationManager): Promise<void> {
  const name = NAMES[0]!
  await manager.prompts.createVersion({ name, template: `${templateOf(name)} Be brief.` })
}

async function withManager(database: string, work: (manager: ConfigurationManager) => Promise<void>): Promise<void> {
  const manager = createConfigManager({ database, redis: false })
  await work(manager)
  await manager.shutdown()
}
