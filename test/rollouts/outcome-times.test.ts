import { afterAll, beforeAll, expect, it } from 'vitest'
import { openDatabase } from '../../src/store/postgres/open-database.js'
import { insertExposures } from '../../src/store/rollouts/assignments.js'
import { insertOutcomes } from '../../src/store/rollouts/outcomes.js'
import { aPrompt, useRollouts } from './fixture.js'

const SCHEMA = 'agent_config'
const ARMS = [
  { version: 1, weight: 1 },
  { version: 2, weight: 1 },
]

const fixture = useRollouts()
let store: ReturnType<typeof openDatabase>

beforeAll(() => {
  store = openDatabase(fixture.url, 2_000)
})
afterAll(() => store.close())

async function guarded(name: string): Promise<{ readonly id: string; readonly startedAt: number }> {
  const manager = fixture.manager()
  await aPrompt(manager, name)
  const { id, createdAt } = await manager.rollouts.start({
    kind: 'prompt',
    name,
    arms: ARMS,
    guard: { metrics: ['error'], settleMs: 0 },
  })
  return { id, startedAt: Date.parse(createdAt) }
}

const exposed = (rolloutId: string, at: number) =>
  insertExposures(store.db, SCHEMA, [{ rolloutId, subject: 'user-7', arm: 1, version: 2, at }])
const failed = (at: number) => insertOutcomes(store.db, SCHEMA, fixture.project, [{ subject: 'user-7', metric: 'error', bad: true, at }])
const badOf = async (id: string) => (await fixture.manager().rollouts.report(id)).arms[1]?.metrics.error?.bad

it('what a process with a clock that is behind says of the first moments of a rollout counts', async () => {
  const { id, startedAt } = await guarded('first-moments')

  await exposed(id, startedAt - 80)
  const { early } = await failed(startedAt - 60)

  expect(early).toEqual([])
  expect(await badOf(id)).toBe(1)
})

it('an outcome waits for the exposure to one rollout though it counts for another', async () => {
  const [known, late] = [await guarded('known'), await guarded('late')]
  const at = late.startedAt + 20

  await exposed(known.id, at - 10)
  const first = await failed(at)
  await exposed(late.id, at - 5)
  const second = await failed(at)

  expect([first.early, second.early]).toEqual([[0], []])
  expect([await badOf(known.id), await badOf(late.id)]).toEqual([1, 1])
})
