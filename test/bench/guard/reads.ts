import { createTestDatabase } from '../../support/test-database.js'
import { createConfigManager } from '../support/built.js'
import { type BenchRow, perSecond } from '../support/row.js'
import { takeTurns } from '../support/take-turns.js'

const TURNS = { rounds: 15, warmUpRounds: 3, turnMs: 60 }
const SUBJECTS = Array.from({ length: 1_000 }, (_, index) => `user-${index}`)
const ARMS = [1, 2].map((version) => ({ version, weight: 1 }))

/** What a guard adds to a read: the same rollout with one and without, both of which record exposures. */
export async function guardedReads(): Promise<BenchRow> {
  const database = await createTestDatabase()
  const manager = createConfigManager({ database: database.url, redis: false })
  for (const name of ['plain', 'guarded']) {
    await manager.prompts.create({ name, template: 'one', labels: ['production'] })
    await manager.prompts.createVersion({ name, template: 'two', labels: [] })
  }
  await manager.rollouts.start({ kind: 'prompt', name: 'plain', arms: ARMS, recordExposures: true })
  await manager.rollouts.start({ kind: 'prompt', name: 'guarded', arms: ARMS, guard: { metrics: ['error'] } })
  const readAll = async (name: string) => {
    let versions = 0
    for (const subject of SUBJECTS) versions += (await manager.getPrompt(name, { subject }))!.version
    if (versions === SUBJECTS.length) throw new Error(`Nobody got version 2 of ${name}.`)
    return SUBJECTS.length
  }
  const rates = await takeTurns({ plain: () => readAll('plain'), guarded: () => readAll('guarded') }, TURNS)
  await manager.shutdown()
  await database.drop()
  return {
    measure: '`await getPrompt` of a guarded rollout, memory hit, 1,000 subjects',
    ours: perSecond(rates.guarded),
    beside: `the same rollout without a guard: ${perSecond(rates.plain)}`,
    ratio: rates.guarded / rates.plain,
    reach: 0.9,
  }
}
