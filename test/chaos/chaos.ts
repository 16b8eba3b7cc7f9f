import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createConfigManager } from '../../src/manager/global-manager.js'
import { DECLARED, kindOf, NAMES } from './chaos-kinds.js'
import { startChaosPostgres } from './chaos-postgres.js'
import { type RedisKind, startChaosRedis } from './chaos-redis.js'
import { checkHistory, type Verdict, type WorkerHistory } from './check-history.js'
import { Faults } from './faults.js'
import { Fleet } from './fleet.js'
import type { HistoryLine, Loss } from './history.js'
import { type Fault, type FaultKind, planFaults } from './schedule.js'

export interface ChaosOptions {
  readonly seed: number
  readonly seconds: number
  /** @default 4 */
  readonly workers?: number
  /** @default 'server' */
  readonly redis?: RedisKind
  /** How much of what happens on a quiet machine has to happen for the run to mean anything. @default 1 */
  readonly leastShare?: number
}

export interface ChaosReport {
  readonly seed: number
  readonly verdict: Verdict
  /** How often each fault happened. */
  readonly faults: Readonly<Record<FaultKind, number>>
  readonly counts: Readonly<Record<string, number>>
  /** Processes that ended although nobody ended them, and ones that would not end. */
  readonly endedByThemselves: number
  /** What happened too seldom for the run to mean anything. */
  readonly tooSeldom: readonly string[]
}

const READ_MS = 2_000
const POLL_MS = 1_000
/** How long everything works before the run is judged: a poll, the breakers' pause and reconnecting. */
const SETTLE_MS = 8_000

/** Runs workers, writers and faults against servers of their own, and judges what was written down. */
export async function runChaos({ seed, seconds, workers = 4, redis: kind = 'server', leastShare = 1 }: ChaosOptions): Promise<ChaosReport> {
  const folder = mkdtempSync(join(tmpdir(), 'agent-config-chaos-'))
  const [postgres, redis] = await Promise.all([startChaosPostgres(NAMES, seed), startChaosRedis(kind)])
  const histories = join(folder, 'histories')
  mkdirSync(histories)
  const fleet = new Fleet({ seed, workers, names: NAMES, histories, postgres: postgres.gate, redis, readMs: READ_MS, pollMs: POLL_MS })
  try {
    await prepare(postgres.url)
    const faults = new Faults({ fleet, postgres, redis })
    await fleet.start()
    const plan = planFaults(seed, seconds * 1_000, workers, kind)
    await faults.run(plan)
    await fleet.stopWriting()
    await sleep(SETTLE_MS)
    await fleet.finish()
    const evidence = { histories: readHistories(histories, fleet), truth: await postgres.truth(), outages: faults.outages }
    if (process.env.AGENT_CONFIG_CHAOS_KEEP !== undefined) writeFileSync(join(folder, 'evidence.json'), JSON.stringify(evidence))
    const verdict = checkHistory({ ...evidence, readMs: READ_MS, pollMs: POLL_MS })
    const counts = { ...total(evidence.histories), lostCommits: commitsOf(postgres.losses) }
    return {
      seed,
      verdict,
      faults: faults.counts,
      counts,
      endedByThemselves: fleet.endedByThemselves,
      tooSeldom: tooSeldom(
        (seconds / 60) * leastShare * SHARE_OF[kind],
        counts,
        wanted(plan, seconds * SHARE_OF[kind]),
        faults.counts,
        verdict,
      ),
    }
  } finally {
    await fleet.kill()
    await Promise.all([postgres.stop(), redis.stop()])
    if (process.env.AGENT_CONFIG_CHAOS_KEEP === undefined) rmSync(folder, { recursive: true, force: true })
    else console.error(`The histories are in ${histories}.`)
  }
}

async function prepare(url: string): Promise<void> {
  const manager = createConfigManager({ database: url, redis: false, autoMigrate: true, kinds: DECLARED })
  await manager.transaction(async (repositories) => {
    for (const name of NAMES) await kindOf(name).write(repositories, name, `first-${name}`)
  })
  await manager.shutdown()
}

function readHistories(folder: string, fleet: Fleet): readonly WorkerHistory[] {
  return readdirSync(folder).map((name) => {
    const text = readFileSync(join(folder, name), 'utf8')
    // The last line of a process that was killed may be torn.
    const lines = text
      .slice(0, text.lastIndexOf('\n'))
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as HistoryLine)
    const process = fleet.processOf(name)
    return { worker: process.place, lines, isWhole: process.isWhole }
  })
}

function commitsOf(losses: readonly Loss[]): number {
  return losses.reduce((sum, { lost }) => sum + new Set(lost.map(({ revision }) => revision)).size, 0)
}

function total(histories: readonly WorkerHistory[]): Record<string, number> {
  const sums: Record<string, number> = {}
  for (const { lines } of histories) {
    const last = lines.findLast((line) => line.e === 'count')
    for (const [name, count] of Object.entries(last?.counts ?? {})) sums[name] = (sums[name] ?? 0) + count
  }
  return sums
}

/** A minute of chaos has at least this much of each. */
const A_MINUTE = {
  writes: 150,
  reads: 300_000,
  refusedFills: 40,
  messagesDropped: 100,
  messagesDelayed: 100,
  messagesRepeated: 20,
  gaps: 20,
}

/** How much of that a run with this Redis does: beside its many servers PostgreSQL takes longer to come back. */
const SHARE_OF: Readonly<Record<RedisKind, number>> = { server: 1, cluster: 0.5, sentinels: 0.5 }

/** How often each kind that was planned has to have happened. */
function wanted(plan: readonly Fault[], seconds: number): ReadonlyMap<FaultKind, number> {
  // In a short run chance decides between one and three of a kind; failovers take their time.
  const least = seconds < 60 ? 1 : (seconds / 60) * 3.4
  const planned = new Map<FaultKind, number>()
  for (const { kind } of plan) planned.set(kind, (planned.get(kind) ?? 0) + 1)
  return new Map([...planned].map(([kind, count]) => [kind, Math.min(least, Math.ceil(count / 2))]))
}

function tooSeldom(
  minutes: number,
  counts: Record<string, number>,
  leastFaults: ReadonlyMap<FaultKind, number>,
  faults: Record<FaultKind, number>,
  verdict: Verdict,
): string[] {
  const reached: Record<string, number> = { ...counts, writes: verdict.writes }
  const few = Object.entries(A_MINUTE).filter(([name, least]) => (reached[name] ?? 0) < least * minutes)
  const rare = [...leastFaults].filter(([kind, least]) => faults[kind] < least)
  return [
    ...few.map(([name, least]) => `${name}: ${reached[name] ?? 0}, wanted ${Math.ceil(least * minutes)}`),
    ...rare.map(([kind, least]) => `${kind}: ${faults[kind]}, wanted ${Math.ceil(least)}`),
  ]
}
