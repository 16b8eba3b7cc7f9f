import { createFleet, type Fleet, type FleetOptions } from './fleet.js'
import { countProcessorTime } from './processor-time.js'
import type { Servers } from './servers.js'
import { timeUntil, type Watch } from './watch.js'

/** What it takes to start all workers in the same moment. */
export interface BootCost {
  readonly workers: number
  /** Until every worker has read the log; `undefined` when some had not within the limit. */
  readonly ms: number | undefined
  readonly readyThen: number
  /** Calls of `ready()` that were rejected; the workers themselves go on trying. */
  readonly rejected: number
  readonly catchUps: number
  readonly mostConnections: number
  readonly serverMs: number
  /** Of this process, which is all the workers. */
  readonly workerMs: number
}

/** Starts workers all at once and waits until each has read the log. */
export async function measureBoot(
  servers: Servers,
  watch: Watch,
  options: FleetOptions,
  limitMs: number,
): Promise<{ fleet: Fleet; cost: BootCost }> {
  const fleet = createFleet(servers, options)
  const serverTime = countProcessorTime(servers.postgres.pid)
  const ownTime = process.cpuUsage()
  let rejected = 0
  let mostConnections = 0
  const isReady = (manager: Fleet['managers'][number]) => manager.stats().revision !== undefined
  for (const manager of fleet.managers) manager.ready().catch(() => rejected++)
  const ms = await timeUntil(async () => {
    mostConnections = Math.max(mostConnections, await watch.databaseConnections())
    return fleet.managers.every(isReady)
  }, limitMs)
  const readyThen = fleet.managers.filter(isReady).length
  const { user, system } = process.cpuUsage(ownTime)
  const cost = {
    workers: options.workers,
    ms,
    readyThen,
    rejected,
    catchUps: fleet.catchUps(),
    mostConnections,
    serverMs: serverTime(),
    workerMs: (user + system) / 1_000,
  }
  return { fleet, cost }
}
