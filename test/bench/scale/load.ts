import { nameOf } from './fill.js'
import type { Fleet } from './fleet.js'
import { countProcessorTime } from './processor-time.js'
import type { Servers } from './servers.js'
import { timeUntil, type Watch } from './watch.js'

/** What a fleet asks of PostgreSQL when all of it reads what nobody has in memory. */
export interface LoadCost {
  readonly ms: number
  readonly reads: number
  readonly rejected: number
  /** Loads from PostgreSQL; the rest came from Redis, which the first loads filled. */
  readonly loads: number
  readonly mostConnections: number
  readonly serverMs: number
}

/** Lets every worker read the same names at once: what a new release does to its caches. */
export async function measureLoad(servers: Servers, watch: Watch, fleet: Fleet, names: { from: number; count: number }): Promise<LoadCost> {
  const loaded = () => fleet.managers.reduce((sum, one) => sum + one.stats().database.loads, 0)
  const [before, start, serverTime] = [loaded(), performance.now(), countProcessorTime(servers.postgres.pid)]
  let rejected = 0
  let pending = fleet.managers.length * names.count
  for (const manager of fleet.managers) {
    for (let number = names.from; number < names.from + names.count; number++) {
      manager
        .getPrompt(nameOf(number))
        .catch(() => rejected++)
        .finally(() => pending--)
    }
  }
  let mostConnections = 0
  await timeUntil(async () => {
    mostConnections = Math.max(mostConnections, await watch.databaseConnections())
    return pending === 0
  }, 60_000)
  const reads = fleet.managers.length * names.count
  return { ms: performance.now() - start, reads, rejected, loads: loaded() - before, mostConnections, serverMs: serverTime() }
}
