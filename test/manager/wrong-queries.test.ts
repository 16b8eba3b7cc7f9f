import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type ConfigQuery, type ConfigurationManager, createConfigManager, isConfigError } from '../../src/index.js'
import { createTestDatabase, type TestDatabase } from '../support/test-database.js'

let database: TestDatabase
let warm: ConfigurationManager
let away: ConfigurationManager

beforeAll(async () => {
  database = await createTestDatabase()
  warm = createConfigManager({ database: database.url, redis: false })
  away = createConfigManager({ database: 'postgresql://127.0.0.1:1/none', redis: false, timeouts: { databaseMs: 50, readMs: 60 } })
  for (const name of ['plain', 'split']) {
    await warm.prompts.create({ name, template: 'one', labels: ['production'] })
    await warm.prompts.createVersion({ name, template: 'two' })
  }
  await warm.rollouts.start({ kind: 'prompt', name: 'split', arms: [{ version: 2, weight: 1 }] })
  for (const name of ['plain', 'split', 'none']) await warm.getPrompt(name)
})

afterAll(async () => {
  await Promise.all([warm.shutdown(), away.shutdown()])
  await database.drop()
})

const wrongTexts = fc.constantFrom<unknown>('x'.repeat(600), 'a\0b', 'half \ud83d', 7, 0, null, {}, [], true)
const subjects = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom<unknown>(undefined, '', 'user-1', 'ü', 'x'.repeat(512)) },
  { weight: 1, arbitrary: wrongTexts },
)
const labels = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom<unknown>(undefined, 'production', 'latest', 'nowhere', '__proto__') },
  { weight: 1, arbitrary: fc.oneof(wrongTexts, fc.constantFrom('', 'PROD', 'a b')) },
)
const attributes = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom<unknown>(undefined, {}, { plan: 'x'.repeat(600) }) },
  { weight: 1, arbitrary: fc.constantFrom<unknown>(7, 'plan', null, [], true) },
)
const versions = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom<unknown>(undefined, undefined, 1, 2, 9) },
  { weight: 1, arbitrary: fc.constantFrom<unknown>(0, -1, 1.5, '1', null) },
)
const queries = fc.record(
  { subject: subjects, label: labels, attributes, version: versions },
  { requiredKeys: [] },
) as fc.Arbitrary<ConfigQuery>

it('a caller’s mistake is refused the same way by a cold worker, a warm one, and one whose store is away', async () => {
  const seen = { refused: 0, answered: 0 }
  await fc.assert(
    fc.asyncProperty(fc.constantFrom('plain', 'split', 'none'), queries, async (name, query) => {
      // Without LISTEN: each of these managers is asked twice and shut down.
      const cold = createConfigManager({ database: database.url, redis: false, listen: false })
      const first = await outcome(cold.getPrompt(name, query))
      const second = await outcome(cold.getPrompt(name, query))
      await cold.shutdown()

      expect(second).toEqual(first)
      expect(await outcome(warm.getPrompt(name, query))).toEqual(first)
      const elsewhere = await outcome(away.getPrompt(name, query))
      expect(elsewhere).toEqual(isRefused(first) ? first : 'E_STORE_UNAVAILABLE')
      if (isRefused(first)) for (const manager of [warm, away]) expect(manager.peekPrompt(name, query)).toBeUndefined()
      seen[isRefused(first) ? 'refused' : 'answered'] += 1
    }),
    { numRuns: 150 },
  )

  expect(Math.min(seen.refused, seen.answered)).toBeGreaterThan(15)
})

it('a wrong name or project is refused by every read, and nothing to peek at', async () => {
  for (const manager of [warm, away]) {
    await expect(manager.getPrompt('')).rejects.toMatchObject({ field: 'name' })
    await expect(manager.getModelConfig('x'.repeat(101))).rejects.toMatchObject({ field: 'name' })
    await expect(manager.getPrompt('plain', { project: 'a b' })).rejects.toMatchObject({ field: 'project' })
    expect(manager.peekPrompt('a\0')).toBeUndefined()
    expect(manager.peekModelConfig('default', { project: '' })).toBeUndefined()
  }
})

/** Which version with which reason, or the code of the error and the field it names. */
async function outcome(read: Promise<{ version: number; selection: { reason: string } } | undefined>): Promise<string> {
  return read.then(
    (prompt) => (prompt ? `v${prompt.version} ${prompt.selection.reason}` : 'none'),
    (error: unknown) =>
      isConfigError(error, 'E_INVALID_ARGUMENT') ? `refused: ${(error as { message: string }).message}` : (error as { code: string }).code,
  )
}

function isRefused(seen: string): boolean {
  return seen.startsWith('refused')
}
