import { createFleet, type Fleet, type FleetOptions } from './fleet.js'
import { countProcessorTime } from './processor-time.js'
import type { Servers } from './servers.js'
import { timeUntil, type Watch } from './watch.js'

const LIMIT_MS = 60_000

/** What it takes to start all workers in the same moment. */
export interface BootCost {
  readonly workers: number
  /** Until every worker has read the log; `undefined` when some had not after a minute. */
  readonly ms: number | undefined
  readonly readyThen: number
  /** Calls of `ready()` that were rejected; the workers themselves go on trying. */
  readonly rejected: number
  readonly catchUps: number
  readonly mostConnections: number
  readonly serverMs: number
}

/** Starts workers all at once and waits until each has read the log. */
export async function measureBoot(servers: Servers, watch: Watch, options: FleetOptions): Promise<{ fleet: Fleet; cost: BootCost }> {
  const fleet = createFleet(servers, options)
  const serverTime = countProcessorTime(servers.postgres.pid)
  let rejected = 0
  let mostConnections = 0
  const isReady = (manager: Fleet['managers'][number]) => manager.stats().revision !== undefined
  for (const manager of fleet.managers) manager.ready().catch(() => rejected++)
  const ms = await timeUntil(async () => {
    mostConnections = Math.max(mostConnections, await watch.databaseConnections())
    return fleet.managers.every(isReady)
  }, LIMIT_MS)
  const readyThen = fleet.managers.filter(isReady).length
  const cost = { workers: options.workers, ms, readyThen, rejected, catchUps: fleet.catchUps(), mostConnections, serverMs: serverTime() }
  return { fleet, cost }
}
