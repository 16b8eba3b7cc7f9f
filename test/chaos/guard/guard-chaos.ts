import { setTimeout as sleep } from 'node:timers/promises'
import { type ConfigurationManager, createConfigManager } from '../../../src/index.js'
import { logEvidence } from '../../../src/rollout/evidence.js'
import { eventually } from '../../support/eventually.js'
import { runStatement } from '../../support/services/template-database.js'
import { startChaosPostgres } from '../chaos-postgres.js'
import { startChaosRedis } from '../chaos-redis.js'
import { Faults } from '../faults.js'
import { type FaultKind, planFaults } from '../schedule.js'
import { GuardFleet } from './guard-fleet.js'

export interface GuardChaosReport {
  readonly seed: number
  /** What must not be; empty. */
  readonly violations: readonly string[]
  readonly pauses: number
  readonly resumptions: number
  readonly people: number
  readonly judgesKilled: number
  readonly endedByThemselves: number
  readonly faults: Readonly<Partial<Record<FaultKind, number>>>
}

const NAMESPACE = 'guard-chaos'
const SETTLE_MS = 1_000
/** By the number of the version. Runs of the control fail too, so that evidence has to be weighed. */
const PROMPTS = { broken: [0, 0.05, 0.6], worse: [0, 0.1, 0.5], same: [0, 0.2, 0.2], fine: [0, 0, 0] } as const
const BAD = ['broken', 'worse'] as const
/** A restore and a failover lose commits: what was lost with them is no pause that is there twice, or without its evidence. */
const LEFT_OUT: readonly FaultKind[] = ['postgres-restore', 'postgres-failover']
/** How long all works before it is judged: breakers, reconnecting, one outcome's settling, and a look. */
const AFTERWARDS_MS = 25_000

/** Guarded rollouts while wires, servers, workers and judges die. Somebody resumes what was paused, so that there is more to pause. */
export async function runGuardChaos({
  seed,
  seconds,
  workers = 4,
}: {
  seed: number
  seconds: number
  workers?: number
}): Promise<GuardChaosReport> {
  const [postgres, redis] = await Promise.all([startChaosPostgres([], seed), startChaosRedis('server')])
  const fleet = new GuardFleet({ workers, namespace: NAMESPACE, postgres: postgres.gate, redis: redis.server!, prompts: PROMPTS })
  const manager = createConfigManager({ database: postgres.url, redis: redis.server!.url, namespace: NAMESPACE, autoMigrate: true })
  let resumptions = 0
  let isOver = false
  try {
    const rollouts = await begin(manager)
    await fleet.start()
    const faults = new Faults({ fleet, postgres, redis })
    const person = (async () => {
      for (; !isOver; await sleep(2_000)) resumptions += await resumePaused(manager, rollouts)
    })()
    await faults.run(planFaults(seed, seconds * 1_000, workers, 'server').filter(({ kind }) => !LEFT_OUT.includes(kind)))
    isOver = true
    await person
    const lost = await stillRunning(manager, rollouts)
    await fleet.kill()
    const counts = Object.entries(faults.counts).filter(([, count]) => count > 0)
    return {
      seed,
      violations: [...lost, ...(await violationsIn(postgres.url))],
      pauses: (await pausesIn(postgres.url)).length,
      resumptions,
      people: Number(
        (await runStatement(postgres.url, 'select count(distinct subject) as people from agent_config.config_exposures'))[0]?.people,
      ),
      judgesKilled: fleet.judgesKilled,
      endedByThemselves: fleet.endedByThemselves,
      faults: Object.fromEntries(counts),
    }
  } finally {
    isOver = true
    await fleet.kill()
    await manager.shutdown()
    await Promise.all([postgres.stop(), redis.stop()])
  }
}

async function begin(manager: ConfigurationManager): Promise<ReadonlyMap<string, string>> {
  const ids = new Map<string, string>()
  for (const name of Object.keys(PROMPTS)) {
    await manager.prompts.create({ name, template: 'v1', labels: ['production'] })
    await manager.prompts.createVersion({ name, template: 'v2', labels: [] })
    const arms = [
      { version: 1, weight: 1 },
      { version: 2, weight: 1 },
    ]
    const { id } = await manager.rollouts.start({
      kind: 'prompt',
      name,
      arms,
      guard: { metrics: ['error', 'degraded'], settleMs: SETTLE_MS },
    })
    ids.set(name, id)
  }
  return ids
}

/** While PostgreSQL is away nobody can. */
async function resumePaused(manager: ConfigurationManager, rollouts: ReadonlyMap<string, string>): Promise<number> {
  let resumed = 0
  for (const id of rollouts.values()) {
    try {
      if ((await manager.rollouts.find(id))?.status !== 'paused') continue
      await manager.rollouts.resume(id, { acknowledge: true, changedBy: 'ada' })
      resumed++
    } catch {}
  }
  return resumed
}

/** A pause that a killed judge did not write is written by the next one. */
async function stillRunning(manager: ConfigurationManager, rollouts: ReadonlyMap<string, string>): Promise<readonly string[]> {
  const running = async () => {
    const found = await Promise.all(BAD.map(async (name) => ({ name, status: (await manager.rollouts.find(rollouts.get(name)!))?.status })))
    return found.filter(({ status }) => status !== 'paused').map(({ name }) => name)
  }
  await eventually(async () => (await running()).length === 0, { timeoutMs: AFTERWARDS_MS, everyMs: 200 }).catch(() => {})
  return (await running()).map((name) => `lost: the candidate of "${name}" is not taken back ${AFTERWARDS_MS} ms after the last fault`)
}

interface Pause {
  readonly rollout: string
  readonly name: string
  readonly since: string
}

async function pausesIn(url: string): Promise<readonly Pause[]> {
  const rows = await runStatement(
    url,
    `select new_data -> 'rollout' ->> 'id' as rollout, config_name as name, date_trunc('milliseconds', (new_data -> 'rollout' -> 'guard' ->> 'since')::timestamptz)::text as since
      from agent_config.config_changelog where change_type = 'rollout_pause' and changed_by = 'guard' order by id`,
  )
  return rows as unknown as readonly Pause[]
}

interface Evidence extends Pause {
  readonly log_evidence: number
  readonly log_threshold: number
  readonly control: number
  readonly candidate: number
  readonly stored_control: string
  readonly stored_candidate: string
}

async function violationsIn(url: string): Promise<readonly string[]> {
  const pauses = await pausesIn(url)
  const verdicts = (await runStatement(
    url,
    `select verdict.rollout_id as rollout, rollout.name, verdict.since::text as since, log_evidence, log_threshold,
      (counts -> 'bad' -> metric ->> 0)::integer as control, (counts -> 'bad' -> metric ->> 1)::integer as candidate,
      stored.control as stored_control, stored.candidate as stored_candidate
    from agent_config.config_verdicts as verdict join agent_config.config_rollouts as rollout on rollout.id = verdict.rollout_id,
    lateral (
      select count(*) filter (where exposure.arm = 0) as control, count(*) filter (where exposure.arm = 1) as candidate
      from agent_config.config_outcomes as outcome join agent_config.config_exposures as exposure using (rollout_id, subject)
      where outcome.rollout_id = verdict.rollout_id and outcome.metric = verdict.metric and outcome.bad and outcome.at >= exposure.exposed_at
        and exposure.exposed_at >= verdict.since and exposure.exposed_at <= verdict.decided_at - interval '${SETTLE_MS} milliseconds'
    ) as stored where verdict = 'worse'`,
  )) as unknown as readonly Evidence[]
  const keyOf = ({ rollout, since }: Pause) => `${rollout} ${since}`
  const told = ({ name, since }: Pause) => `the rollout of "${name}" whose evidence began ${since}`
  const found = new Set(verdicts.map(keyOf))
  const paused = pauses.map(keyOf)
  return [
    ...pauses.filter((pause) => !found.has(keyOf(pause))).map((pause) => `no evidence: ${told(pause)}`),
    ...pauses.filter((pause, place) => paused.indexOf(keyOf(pause)) !== place).map((pause) => `paused twice: ${told(pause)}`),
    ...verdicts.filter((verdict) => !paused.includes(keyOf(verdict))).map((verdict) => `evidence without a pause: ${told(verdict)}`),
    ...verdicts.flatMap((verdict) => problemsOf(verdict).map((problem) => `${problem}: ${told(verdict)}`)),
  ]
}

/** What was concluded has to follow from what it says it counted, and that has to be in the tables. */
function problemsOf({ control, candidate, stored_control, stored_candidate, log_evidence, log_threshold }: Evidence): readonly string[] {
  const computed = logEvidence({ bad: candidate, total: candidate + control, theta: 0.5 })
  return [
    ...(Math.abs(computed - log_evidence) > 1e-9 ? [`its counts make ${computed}, not ${log_evidence}`] : []),
    ...(log_evidence < log_threshold ? [`its evidence ${log_evidence} is below ${log_threshold}`] : []),
    ...(Number(stored_candidate) < candidate || Number(stored_control) < control
      ? [`it counted ${control} and ${candidate}, the tables hold ${stored_control} and ${stored_candidate}`]
      : []),
  ]
}
