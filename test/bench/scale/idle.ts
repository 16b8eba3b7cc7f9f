import { setTimeout as sleep } from 'node:timers/promises'
import type { Fleet } from './fleet.js'
import { countProcessorTime } from './processor-time.js'
import type { Servers } from './servers.js'
import type { Watch } from './watch.js'

const LOOK_MS = 20_000
/** Longer than a pool keeps a connection it does not need. */
const REST_MS = 15_000

/** What a fleet costs that nobody asks and nobody writes for. */
export interface IdleCost {
  readonly catchUpsPerSecond: number
  /** Of all PostgreSQL processes, for each read of the log. */
  readonly serverMsPerCatchUp: number
  readonly redisMsPerSecond: number
  readonly redisCommandsPerSecond: number
  readonly databaseConnections: number
  readonly redisConnections: number
}

export async function measureIdle({ postgres, redis }: Servers, watch: Watch, fleet: Fleet): Promise<IdleCost> {
  await sleep(REST_MS)
  const serverTime = countProcessorTime(postgres.pid)
  const redisTime = countProcessorTime(redis.pid)
  const [catchUps, commands, start] = [fleet.catchUps(), total(await watch.commands()), performance.now()]
  await sleep(LOOK_MS)
  const seconds = (performance.now() - start) / 1_000
  const read = fleet.catchUps() - catchUps
  return {
    catchUpsPerSecond: read / seconds,
    serverMsPerCatchUp: serverTime() / read,
    redisMsPerSecond: redisTime() / seconds,
    redisCommandsPerSecond: (total(await watch.commands()) - commands) / seconds,
    databaseConnections: await watch.databaseConnections(),
    redisConnections: (await watch.redisConnections()).all,
  }
}

function total(commands: Awaited<ReturnType<Watch['commands']>>): number {
  return [...commands.values()].reduce((sum, { calls }) => sum + calls, 0)
}
