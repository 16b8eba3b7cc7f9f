import { afterEach, expect, it } from 'vitest'
import { logEvidence } from '../../src/rollout/evidence.js'
import { eventually } from '../support/eventually.js'
import { spawnWorker, type Worker } from '../support/spawn-worker.js'
import { testRedisUrl, uniqueNamespace } from '../support/test-redis.js'
import { aPrompt, useRollouts } from './fixture.js'
import type { GuardedHandlers, GuardedSettings } from './guarded-process.js'

// Four worker processes over PostgreSQL and Redis, each serving about eight people a second: 16 a second get the candidate, and 8 a second
// fail with it. Outcomes come within milliseconds, so 1.5 seconds to settle are plenty.
const WORKERS = 4
const EVERY_MS = 120
const SETTLE_MS = 1_500

const fixture = useRollouts()
const workers: Worker<GuardedHandlers>[] = []

afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.kill()))
})

it('a candidate that fails half the time is paused before 100 of its subjects failed, within 10 s after the evidence was there', async () => {
  const namespace = uniqueNamespace()
  const manager = fixture.manager({ redis: testRedisUrl(), namespace })
  await aPrompt(manager, 'triage', 2)
  const { id } = await manager.rollouts.start({
    kind: 'prompt',
    name: 'triage',
    arms: [
      { version: 1, weight: 1 },
      { version: 2, weight: 1 },
    ],
    guard: { metrics: ['error'], settleMs: SETTLE_MS },
  })
  const settings = (worker: number): GuardedSettings => ({
    database: fixture.url,
    redis: testRedisUrl(),
    namespace,
    project: fixture.project,
    worker: `w${worker}`,
    prompts: { triage: [0, 0.02, 0.5] },
    everyMs: EVERY_MS,
  })
  const file = new URL('./guarded-process.ts', import.meta.url)
  workers.push(
    ...(await Promise.all(
      Array.from({ length: WORKERS }, (_, worker) => spawnWorker<GuardedHandlers>(file, { args: [JSON.stringify(settings(worker))] })),
    )),
  )

  await Promise.all(workers.map((worker) => worker.ask('serve')))
  await eventually(async () => (await manager.rollouts.find(id))?.status === 'paused', { timeoutMs: 40_000, everyMs: 100 })
  // What every worker goes on with is the control.
  await new Promise((resolve) => setTimeout(resolve, 1_000))
  const counts = await Promise.all(workers.map((worker) => worker.ask('stop')))

  const failed = counts.reduce((sum, { failedOfCandidate }) => sum + failedOfCandidate, 0)
  const [paused, ...others] = await fixture.sql<{ at: Date; by: string }>(
    `select changed_at as at, changed_by as by from agent_config.config_changelog where config_name = 'triage' and project = $1
      and change_type = 'rollout_pause'`,
    [fixture.project],
  )
  const crossedAt = await whenTheEvidenceWasThere(id)
  const tookMs = Number(paused?.at) - crossedAt
  console.info(`paused ${Math.round(tookMs)} ms after the evidence was there; ${failed} subjects of the candidate had failed`)
  expect(others).toEqual([])
  expect(paused?.by).toBe('guard')
  expect(failed).toBeGreaterThan(5)
  expect(failed).toBeLessThan(100)
  expect(tookMs).toBeGreaterThanOrEqual(0)
  expect(tookMs).toBeLessThan(10_000)
  expect(counts.map(({ unhandled }) => unhandled)).toEqual([0, 0, 0, 0])
})

/** Replays the first bad events in the order in which they settled, and says when the evidence reached 20. */
async function whenTheEvidenceWasThere(rolloutId: string): Promise<number> {
  const events = await fixture.sql<{ arm: number; at: Date }>(
    `select exposure.arm, greatest(outcome.at, exposure.exposed_at + $2 * interval '1 millisecond') as at
      from agent_config.config_outcomes as outcome join agent_config.config_exposures as exposure using (rollout_id, subject)
      where rollout_id = $1 and bad and metric = 'error' order by 2`,
    [rolloutId, SETTLE_MS],
  )
  let bad = 0
  for (const [index, { arm, at }] of events.entries()) {
    bad += arm
    if (logEvidence({ bad, total: index + 1, theta: 0.5 }) >= Math.log(20)) return at.getTime()
  }
  throw new Error(`The evidence was never there: ${bad} of ${events.length}.`)
}
