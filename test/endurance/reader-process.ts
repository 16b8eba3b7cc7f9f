import { setTimeout as sleep } from 'node:timers/promises'
import { createConfigManager } from '../../src/manager/global-manager.js'
import { Random } from '../chaos/random.js'
import { eventually } from '../support/eventually.js'
import { serveRequests } from '../support/serve-requests.js'
import { nameOf } from './seed-scopes.js'

// The worker that is watched: a manager with default options, read from all the time. Run with --expose-gc.

/** What is left of a worker when it has nothing to do. */
export interface Reading {
  /** Bytes in use after a garbage collection. */
  readonly heap: number
  /** Bytes outside of the heap: buffers of sockets, for the most part. */
  readonly external: number
  /** What keeps the process alive, by kind: an idle connection of the pool does not. */
  readonly resources: Readonly<Record<string, number>>
}

const [database, redis, namespace, scopes] = process.argv.slice(2) as [string, string, string, string]
const collectGarbage = globalThis.gc
if (!collectGarbage) throw new Error('Run this with --expose-gc.')
const manager = createConfigManager({ database, redis, namespace })
await manager.ready()

const AT_ONCE = 100
const random = new Random(20_260)
const logOfScopes = Math.log(Number(scopes))
let toldRevision = 0
const counts = { reads: 0, empty: 0, failed: 0 }

/** A few names are read all the time and most hardly ever: how often is in proportion to 1 / place (Zipf). */
function someName(): string {
  return nameOf(Math.floor(Math.exp(random.next() * logOfScopes)) - 1)
}

async function readOne(): Promise<void> {
  const name = someName()
  const kind = random.next()
  const minRevision = toldRevision
  const prompt = await readAs(kind, name, minRevision)
  counts.reads++
  if (!prompt) counts.empty++
}

function readAs(kind: number, name: string, minRevision: number) {
  // Half of the callers look whether it is there, and wait only where it is not.
  if (kind < 0.5) return manager.peekPrompt(name) ?? manager.getPrompt(name)
  if (kind < 0.9) return manager.getPrompt(name)
  if (kind < 0.95) return manager.getPrompt(name, { minRevision })
  // The one of the two that does not carry the label has a cache entry of its own.
  return manager.getPrompt(name, { version: 1 + random.below(2) })
}

function activeResources(): Record<string, number> {
  const resources: Record<string, number> = {}
  for (const kind of process.getActiveResourcesInfo().sort()) resources[kind] = (resources[kind] ?? 0) + 1
  return resources
}

function fewer(one: Record<string, number>, other: Record<string, number>): Record<string, number> {
  const total = (counts: Record<string, number>) => Object.values(counts).reduce((sum, count) => sum + count, 0)
  return total(other) < total(one) ? other : one
}

const handlers = {
  /** Reads what is read most, until memory is full. */
  fill: async (documents: number): Promise<void> => {
    for (let place = documents - 1; place >= 0; place -= AT_ONCE) {
      await Promise.all(Array.from({ length: AT_ONCE }, (_, offset) => manager.getPrompt(nameOf(place - offset))))
    }
  },
  read: async (count: number): Promise<void> => {
    for (let done = 0; done < count; done += AT_ONCE) {
      const batch = Array.from({ length: Math.min(AT_ONCE, count - done) }, () => readOne().catch(() => void counts.failed++))
      await Promise.all(batch)
      // Messages and timers get their turn, as between the requests of a service.
      await new Promise((resolve) => setImmediate(resolve))
    }
  },
  /** Reads with `minRevision` ask for this revision from now on. */
  told: (revision: number): void => {
    toldRevision = revision
  },
  /** Measures when everything up to a revision is known here and nothing is on its way. */
  measure: async (revision: number): Promise<Reading> => {
    await eventually(() => (manager.stats().revision ?? -1) >= revision)
    let resources = activeResources()
    let before: number
    let after = process.memoryUsage().heapUsed
    // What one collection sets free may hold what only the next one finds.
    do {
      before = after
      await sleep(50)
      // A poll of the log that is just on its way is not what this is about.
      resources = fewer(resources, activeResources())
      collectGarbage()
      after = process.memoryUsage().heapUsed
    } while (before - after > before / 1_000)
    const { heapUsed: heap, external } = process.memoryUsage()
    return { heap, external, resources }
  },
  counts: () => ({ ...counts, stats: manager.stats() }),
  finish: () => manager.shutdown(),
}
export type ReaderHandlers = typeof handlers

serveRequests(handlers)
