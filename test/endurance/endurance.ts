import { isDeepStrictEqual } from 'node:util'
import { createConfigManager } from '../../src/manager/global-manager.js'
import { MANAGER_DEFAULTS } from '../../src/manager/options.js'
import { Random } from '../chaos/random.js'
import { spawnWorker } from '../support/spawn-worker.js'
import { createTestDatabase } from '../support/test-database.js'
import { testRedisUrl, uniqueNamespace } from '../support/test-redis.js'
import type { ReaderHandlers, Reading } from './reader-process.js'
import { seedScopes } from './seed-scopes.js'
import { type Changer, openChanger } from './some-changes.js'

/** A day of a worker, in little: how much of what. */
export interface EnduranceSize {
  /** Prompts there are; more than the 10,000 that memory keeps, so that documents are pushed out all the time. */
  readonly scopes: number
  readonly reads: number
  readonly changes: number
  /** Most by which the heap at the end may differ from the heap in the middle: fewer reads let a leak grow less. */
  readonly tolerance: number
}

/** What is run on demand, and what the suite has time for. */
export const FULL: EnduranceSize = { scopes: 50_000, reads: 2_000_000, changes: 20_000, tolerance: 0.1 }
export const SHORT: EnduranceSize = { scopes: 12_000, reads: 150_000, changes: 1_500, tolerance: 0.03 }

export interface EnduranceReport {
  readonly size: EnduranceSize
  readonly seconds: number
  /** After the warm-up, then after each tenth of the reads and changes. */
  readonly readings: readonly Reading[]
  readonly middle: Reading
  readonly end: Reading
  /** Heap at the end to heap in the middle. */
  readonly ratio: number
  readonly counts: Awaited<ReturnType<ReaderHandlers['counts']>>
  /** The writer's revision at the end. */
  readonly revision: number
  readonly exitCode: number | null
}

/** What memory keeps by default. */
const MAX_ENTRIES = MANAGER_DEFAULTS.memory.maxEntries
/** Share of the reads that at least have to miss. */
const LEAST_MISSES = 0.02
const PARTS = 10
/** Changes in one transaction. */
const BATCH = 50

/**
 * Lets one worker with default options read while another manager and plain SQL change what it reads, and measures it in between, when
 * nothing is on its way. The first measure comes after memory is full: what grows from then on is not what a cache is for.
 */
export async function runEndurance(size: EnduranceSize): Promise<EnduranceReport> {
  const start = performance.now()
  const database = await createTestDatabase()
  const namespace = uniqueNamespace()
  await seedScopes(database.url, size.scopes)
  const manager = createConfigManager({ database: database.url, redis: testRedisUrl(), namespace })
  const changer = await openChanger({ manager, databaseUrl: database.url, scopes: size.scopes, random: new Random(1) })
  await manager.ready()
  const reader = await spawnWorker<ReaderHandlers>(new URL('./reader-process.ts', import.meta.url), {
    args: [database.url, testRedisUrl(), namespace, `${size.scopes}`],
    nodeOptions: ['--expose-gc'],
  })
  try {
    let revision = manager.stats().revision ?? 0
    await reader.ask('fill', MAX_ENTRIES)
    const readings = [await reader.ask('measure', revision)]
    for (let part = 0; part < PARTS; part++) {
      const reading = reader.ask('read', size.reads / PARTS)
      revision = await changeMany(changer, size.changes / PARTS, (told) => reader.ask('told', told))
      await reading
      readings.push(await reader.ask('measure', revision))
    }
    const counts = await reader.ask('counts')
    await reader.ask('finish')
    const exitCode = await reader.end()
    const [middle, end] = [readings[PARTS / 2]!, readings[PARTS]!]
    const seconds = (performance.now() - start) / 1_000
    return { size, seconds, readings, middle, end, ratio: end.heap / middle.heap, counts, revision, exitCode }
  } finally {
    await reader.kill()
    await changer.close()
    await manager.shutdown()
    await database.drop()
  }
}

/** What a run shows that is not as it should be. */
export function complaintsOf({ size, ratio, middle, end, counts, revision, exitCode }: EnduranceReport): readonly string[] {
  const { memory, revision: known } = counts.stats
  const complaints: [boolean, string][] = [
    [Math.abs(ratio - 1) > size.tolerance, `the heap at the end is ${ratio.toFixed(3)} times that in the middle`],
    [!isDeepStrictEqual(end.resources, middle.resources), 'other resources are open at the end than in the middle'],
    [counts.failed > 0, `${counts.failed} reads failed`],
    [counts.empty > 0, `${counts.empty} reads found nothing`],
    [counts.reads !== size.reads, `there were ${counts.reads} reads`],
    [known !== revision, `the worker knows revision ${known} of ${revision}`],
    [exitCode !== 0, `the worker ended with ${exitCode}`],
    // Such a run would show nothing.
    // The content of a single version leaves with the document of its entity, so a few places are empty for a moment.
    [memory.entries < MAX_ENTRIES * 0.99, `only ${memory.entries} documents were in memory`],
    [memory.misses < size.reads * LEAST_MISSES || memory.misses > memory.hits, `${memory.misses} misses beside ${memory.hits} hits`],
  ]
  return complaints.filter(([isSo]) => isSo).map(([, complaint]) => complaint)
}

async function changeMany(changer: Changer, count: number, tell: (revision: number) => Promise<void>): Promise<number> {
  let revision = 0
  for (let done = 0; done < count; done += BATCH) {
    revision = await changer.change(Math.min(BATCH, count - done))
    await tell(revision)
  }
  return revision
}

/** What a run found, for people. */
export function enduranceText({ size, seconds, readings, ratio, middle, end, counts }: EnduranceReport): string {
  const { memory, redis, database, catchUps, refusedFills } = counts.stats
  const half = { reads: size.reads / 2, changes: size.changes / 2 }
  const grown = end.heap - middle.heap
  return [
    `${counts.reads} reads over ${size.scopes} scopes, ${size.changes} changes, ${seconds.toFixed(0)} s`,
    `memory ${memory.hits} hits, ${memory.misses} misses, ${memory.entries} entries; Redis ${redis.hits} hits, ${redis.misses} misses; ` +
      `${database.loads} loads from PostgreSQL; ${catchUps} reads of the log, ${refusedFills} refused fills`,
    `heap after collection, MB: ${readings.map(({ heap }) => megabytes(heap)).join(' ')}`,
    `outside of the heap, MB: ${readings.map(({ external }) => megabytes(external)).join(' ')}`,
    `end to middle: ${ratio.toFixed(3)}x, that is ${(grown / half.reads).toFixed(2)} B a read or ${(grown / half.changes).toFixed(0)} B a change`,
    `resources in the middle: ${JSON.stringify(middle.resources)}, at the end: ${JSON.stringify(end.resources)}`,
  ].join('\n')
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(2)
}
