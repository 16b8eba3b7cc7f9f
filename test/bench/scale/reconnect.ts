import type { Fleet } from './fleet.js'
import { countProcessorTime } from './processor-time.js'
import type { Servers } from './servers.js'
import { timeUntil, type Watch } from './watch.js'

const LIMIT_MS = 60_000
const SAMPLE_MS = 20
/** The window in which catch-ups are counted for their peak. */
const WINDOW_MS = 250

/** What it takes until every worker is back after all lost their subscription. */
export interface ReconnectCost {
  /** How long what ended the subscriptions took; the other times count from its beginning. */
  readonly cutMs: number
  readonly subscribedMs: number | undefined
  /** Until each has read the log since, too, and all know it equally far. */
  readonly caughtUpMs: number | undefined
  readonly catchUps: number
  /** Most catch-ups that ended within a quarter of a second. */
  readonly peak: number
  readonly mostConnections: number
  readonly serverMs: number
}

/** Lets something happen that ends all subscriptions, and watches the fleet come back. `subscribers` counts those that are none of it too. */
export async function measureReconnect(
  servers: Servers,
  watch: Watch,
  fleet: Fleet,
  cut: () => Promise<unknown>,
  subscribers: number,
): Promise<ReconnectCost> {
  const before = fleet.managers.map((one) => one.stats().catchUps)
  const first = fleet.catchUps()
  const serverTime = countProcessorTime(servers.postgres.pid)
  const samples: { at: number; catchUps: number }[] = []
  let subscribedMs: number | undefined
  let mostConnections = 0
  const look = () => samples.push({ at: performance.now(), catchUps: fleet.catchUps() })
  look()
  const looking = setInterval(look, SAMPLE_MS)
  let cutMs: number | undefined
  const start = performance.now()
  // Watched meanwhile: some are back before a restart that is waited for is over.
  const cutting = cut().then(() => {
    cutMs = performance.now() - start
  })
  const caughtUpMs = await timeUntil(
    async () => {
      mostConnections = Math.max(mostConnections, await watch.databaseConnections())
      // Nobody answers while the server restarts.
      const { subscribed } = await watch.redisConnections().catch(() => ({ subscribed: 0 }))
      if (cutMs === undefined) return false
      if (subscribed >= subscribers) subscribedMs ??= performance.now() - start
      return subscribedMs !== undefined && isCaughtUp(fleet, before)
    },
    LIMIT_MS,
    SAMPLE_MS,
  )
  await cutting
  clearInterval(looking)
  look()
  return {
    cutMs: cutMs!,
    subscribedMs,
    caughtUpMs: caughtUpMs && performance.now() - start,
    catchUps: fleet.catchUps() - first,
    peak: peakOf(samples),
    mostConnections,
    serverMs: serverTime(),
  }
}

function isCaughtUp({ managers }: Fleet, before: readonly number[]): boolean {
  const stats = managers.map((one) => one.stats())
  const furthest = Math.max(...stats.map(({ revision = 0 }) => revision))
  return stats.every(({ catchUps, revision }, index) => catchUps > before[index]! && revision === furthest)
}

function peakOf(samples: readonly { at: number; catchUps: number }[]): number {
  let from = 0
  let peak = 0
  for (const { at, catchUps } of samples) {
    // A busy process looks less often than it should: then the window is a little longer, never shorter.
    while ((samples[from + 1]?.at ?? at) <= at - WINDOW_MS) from++
    peak = Math.max(peak, catchUps - samples[from]!.catchUps)
  }
  return peak
}
