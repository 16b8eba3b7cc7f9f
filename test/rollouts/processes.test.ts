import { afterEach, expect, it } from 'vitest'
import { bucketOf } from '../../src/index.js'
import { spawnWorker, type Worker } from '../support/spawn-worker.js'
import { testRedisUrl, uniqueNamespace } from '../support/test-redis.js'
import { aPrompt, HALVES, SUBJECTS, useRollouts, versionsOf } from './fixture.js'
import type { StickyHandlers } from './sticky-process.js'

const fixture = useRollouts()
const GREETING = { kind: 'prompt', name: 'greeting' } as const
const workers: Worker<StickyHandlers>[] = []

afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.kill()))
})

async function startWorkers(count: number, redis?: { url: string; namespace: string }): Promise<readonly Worker<StickyHandlers>[]> {
  const args = [fixture.url, fixture.project, redis?.url ?? '', redis?.namespace ?? '']
  const started = await Promise.all(
    Array.from({ length: count }, () => spawnWorker<StickyHandlers>(new URL('./sticky-process.ts', import.meta.url), { args })),
  )
  workers.push(...started)
  return started
}

it('every process gives every subject the same version, also after a restart', async () => {
  const manager = fixture.manager()
  await aPrompt(manager)
  await manager.rollouts.start({ ...GREETING, arms: HALVES, coverage: 62.5 })
  const expected = await versionsOf(manager)

  const [first, second] = await startWorkers(2)
  const answers = await Promise.all([first!.ask('versions', SUBJECTS), second!.ask('versions', SUBJECTS)])
  await first!.kill()
  const [restarted] = await startWorkers(1)
  answers.push(await restarted!.ask('versions', SUBJECTS))

  expect(new Set(expected)).toEqual(new Set([1, 2, 3]))
  expect(answers).toEqual([expected, expected, expected])
})

it('50 first visits of one subject at once, over several processes, get one arm of a sticky rollout', async () => {
  const [here, there] = [fixture.manager(), fixture.manager()]
  await aPrompt(here)
  const { id } = await here.rollouts.start({ ...GREETING, arms: HALVES, sticky: true })
  const away = await startWorkers(2)
  const arms: (readonly (number | undefined)[])[] = []
  const expected: number[] = []
  for (const subject of SUBJECTS.slice(0, 10)) {
    // The table may hold what the hash does not give: whoever came first decides.
    const hashed = bucketOf(`${id}:${subject}`, 2) < 5_000 ? 0 : 1
    const isStored = /[13579]$/.test(subject)
    if (isStored)
      await fixture.sql('insert into agent_config.config_assignments (rollout_id, subject, arm) values ($1, $2, $3)', [
        id,
        subject,
        1 - hashed,
      ])
    expected.push(isStored ? 1 - hashed : hashed)
    const ask = (manager: typeof here) =>
      Promise.all(Array.from({ length: 12 }, async () => (await manager.getPrompt('greeting', { subject }))?.selection.arm))
    const visits = await Promise.all([ask(here), ask(there), ...away.map((worker) => worker.ask('visits', subject, 13))])
    arms.push([...new Set(visits.flat())])
  }
  const rows = await fixture.sql<{ arm: number }>(
    `select arm from agent_config.config_assignments where rollout_id = $1 order by split_part(subject, '-', 2)::int`,
    [id],
  )

  expect(arms).toEqual(expected.map((arm) => [arm]))
  expect(rows).toEqual(expected.map((arm) => ({ arm })))
})

it.each(['Redis', 'LISTEN'])(
  'after one announcement over %s a pause is served by every process, and nobody gets an arm afterwards',
  async (way) => {
    const redis = way === 'Redis' ? { url: testRedisUrl(), namespace: uniqueNamespace() } : undefined
    const manager = fixture.manager(redis ? { redis: redis.url, namespace: redis.namespace } : {})
    await aPrompt(manager)
    const { id } = await manager.rollouts.start({ ...GREETING, arms: HALVES })
    const started = await startWorkers(2, redis)
    await Promise.all(started.map((worker) => worker.ask('versions', SUBJECTS)))
    await Promise.all(started.map((worker) => worker.ask('watch')))

    const { revision } = await manager.rollouts.pause(id)
    const reasons = await Promise.all(started.map((worker) => worker.ask('reasonsAfter', revision, SUBJECTS)))
    const watched = await Promise.all(started.map((worker) => worker.ask('watched')))

    expect(new Set(reasons.flat())).toEqual(new Set(['paused']))
    // Once a process served the pause it never went back to the split; one that was not yet watching saw only the pause.
    for (const seen of watched) expect([['split', 'paused'], ['paused']]).toContainEqual(seen)
  },
)
