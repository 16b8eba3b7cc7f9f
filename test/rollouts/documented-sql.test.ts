import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { aPrompt, HALVES, SUBJECTS, useRollouts, versionsOf } from './fixture.js'

const fixture = useRollouts()
const page = readFileSync(new URL('../../docs/rollouts.md', import.meta.url), 'utf8')
const QUERIES = [...page.matchAll(/^```sql\n([\s\S]*?)^```/gm)].map(([, query]) => query!)

it('the queries of docs/rollouts.md give counts per arm, outcomes per arm, and who moved', async () => {
  const manager = fixture.manager()
  await aPrompt(manager)
  const { id } = await manager.rollouts.start({ kind: 'prompt', name: 'greeting', arms: HALVES, coverage: 80, recordExposures: true })
  const versions = await versionsOf(manager)
  await manager.shutdown()
  const other = await rolloutOfOthers()
  await fixture.sql('create table checkouts (user_id text, amount numeric, created_at timestamptz)')
  // Users 0, 10, 20, … buy twice for 5; users 1, 11, 21, … did before they were in the test.
  await fixture.sql(
    `insert into checkouts select subject, 5, now() + interval '1 hour' from unnest($1::text[]) as subject, generate_series(1, 2)`,
    [SUBJECTS.filter((subject) => subject.endsWith('0'))],
  )
  await fixture.sql(`insert into checkouts select subject, 9, now() - interval '1 hour' from unnest($1::text[]) as subject`, [
    SUBJECTS.filter((subject) => subject.endsWith('1')),
  ])
  // One who moved, in the rollout of others.
  await fixture.sql(
    `insert into agent_config.config_exposures (rollout_id, subject, arm, version) values ($1, 'user-1', 1, 2), ($1, 'user-1', 0, 1)`,
    [other],
  )

  const [counts, outcomes, moved, ...more] = await Promise.all(QUERIES.map((query) => fixture.sql(query.replace('3f0c5a91d2be', id))))
  const movedThere = await fixture.sql(QUERIES[2]!.replace('3f0c5a91d2be', other))

  const inArm = (version: number) => SUBJECTS.filter((_, index) => versions[index] === version)
  const buyers = (version: number) => inArm(version).filter((subject) => subject.endsWith('0')).length
  expect(more).toEqual([])
  expect(counts).toEqual([2, 3].map((version) => ({ version, subjects: `${inArm(version).length}`, first_seen: expect.any(Date) })))
  expect(outcomes).toEqual(
    [2, 3].map((version) => ({
      version,
      subjects: `${inArm(version).length}`,
      converted: `${buyers(version)}`,
      conversion_percent: ((100 * buyers(version)) / inArm(version).length).toFixed(2),
      revenue: `${10 * buyers(version)}`,
    })),
  )
  expect(buyers(2) + buyers(3)).toBeGreaterThan(5)
  expect(moved).toEqual([])
  expect(movedThere).toEqual([{ subject: 'user-1' }])
})

async function rolloutOfOthers(): Promise<string> {
  const manager = fixture.manager()
  await aPrompt(manager, 'other')
  const { id } = await manager.rollouts.start({ kind: 'prompt', name: 'other', arms: HALVES, recordExposures: true })
  await versionsOf(manager, SUBJECTS.slice(5, 15), 'other')
  await manager.shutdown()
  return id
}
