import type { ConfigurationManager } from '../../src/index.js'
import { createTestDatabase } from '../support/test-database.js'
import { testRedisUrl, uniqueNamespace } from '../support/test-redis.js'
import { visibleRow } from './rollout/visible-change.js'
import { templateOf } from './support/bench-prompts.js'
import { createConfigManager } from './support/built.js'
import { type BenchRow, perSecond } from './support/row.js'
import { takeTurns } from './support/take-turns.js'

const AWAITED = { rounds: 9, warmUpRounds: 3, turnMs: 100 }
const SUBJECTS = Array.from({ length: 1_000 }, (_, index) => `user-${index}`)
const PLAIN = 'support/plain'
const SPLIT = 'support/split'

/** What a running rollout adds to a read, and how soon a change is what callers get. */
export async function rolloutBench(): Promise<BenchRow[]> {
  const database = await createTestDatabase()
  const options = { database: database.url, redis: testRedisUrl(), namespace: uniqueNamespace() }
  const [manager, other] = [createConfigManager(options), createConfigManager(options)]
  await seed(manager)
  const rates = await takeTurns(
    { without: () => readAll(manager, PLAIN), with: () => readAll(manager, SPLIT), first: () => readFirst(manager) },
    AWAITED,
  )
  const rows: BenchRow[] = [
    {
      measure: '`await getPrompt` with a running rollout and a subject, memory hit, 1,000 subjects',
      ours: `${perSecond(rates.with)}; a subject's first read: ${perSecond(rates.first)}`,
      beside: `without a rollout: ${perSecond(rates.without)}`,
      ratio: rates.with / rates.without,
      reach: 0.5,
    },
    await visibleRow(manager, other, PLAIN),
  ]
  await Promise.all([manager.shutdown(), other.shutdown()])
  return rows
}

async function seed(manager: ConfigurationManager): Promise<void> {
  for (const name of [PLAIN, SPLIT]) {
    await manager.prompts.create({ name, template: templateOf(name), labels: ['production'] })
    await manager.prompts.createVersion({ name, template: templateOf(name) })
  }
  await manager.rollouts.start({ kind: 'prompt', name: SPLIT, arms: [1, 2].map((version) => ({ version, weight: 50 })) })
}

/** Every subject once. The versions are added up, and show that there is a split where there should be one. */
async function readAll(manager: ConfigurationManager, name: string): Promise<number> {
  let sum = 0
  for (const subject of SUBJECTS) sum += (await manager.getPrompt(name, { subject }))!.version
  if ((name === SPLIT) === (sum === SUBJECTS.length))
    throw new Error(`${name} gave versions that sum to ${sum} for ${SUBJECTS.length} subjects`)
  return SUBJECTS.length
}

let visitors = 0

async function readFirst(manager: ConfigurationManager): Promise<number> {
  let sum = 0
  for (let read = 0; read < SUBJECTS.length; read++) sum += (await manager.getPrompt(SPLIT, { subject: `visitor-${visitors++}` }))!.version
  return sum > 0 ? SUBJECTS.length : 0
}
