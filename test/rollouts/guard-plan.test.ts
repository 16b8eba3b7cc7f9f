import { sql } from 'kysely'
import { describe, expect, it } from 'vitest'
import { openDatabase } from '../../src/store/postgres/open-database.js'
import { guardedStatement } from '../../src/store/rollouts/guard-counts.js'
import { aPrompt, useRollouts } from './fixture.js'

const fixture = useRollouts()
const EXPOSED = 20_000
const BAD = EXPOSED / 50

/** Half of everybody has the candidate, and one of fifty went wrong. Nobody wakes a judge by it. */
async function people(): Promise<void> {
  const manager = fixture.manager()
  await aPrompt(manager)
  const { id } = await manager.rollouts.start({
    kind: 'prompt',
    name: 'greeting',
    arms: [
      { version: 1, weight: 1 },
      { version: 2, weight: 1 },
    ],
    guard: { metrics: ['error'] },
  })
  await fixture.sql(
    `insert into agent_config.config_exposures (rollout_id, subject, arm, version)
      select $1, 'user-' || place, place % 2, 1 + place % 2 from generate_series(1, $2::integer) as place`,
    [id, EXPOSED],
  )
  await fixture.sql(
    `insert into agent_config.config_outcomes (rollout_id, subject, metric, bad)
      select rollout_id, subject, 'error', substr(subject, 6)::integer % 50 = 0 from agent_config.config_exposures where rollout_id = $1`,
    [id],
  )
}

interface Plan {
  readonly 'Node Type': string
  readonly 'Relation Name'?: string
  readonly 'Actual Rows': number
  readonly 'Actual Loops': number
  readonly 'Heap Fetches'?: number
  readonly Plans?: readonly Plan[]
}

const nodesOf = (plan: Plan): readonly Plan[] => [plan, ...(plan.Plans ?? []).flatMap(nodesOf)]

/** How a look at guarded rollouts reads a table, and how many rows of it. */
async function readsOf(table: string) {
  const { db, close } = openDatabase(fixture.url, 30_000)
  const { rows } = await sql<{
    'QUERY PLAN': readonly [{ readonly Plan: Plan }]
  }>`explain (analyze, format json) ${guardedStatement('agent_config')}`.execute(db)
  await close()
  return nodesOf(rows[0]!['QUERY PLAN'][0].Plan)
    .filter((node) => node['Relation Name'] === table)
    .map((node) => ({ by: node['Node Type'], rows: node['Actual Rows'] * node['Actual Loops'], heap: node['Heap Fetches'] }))
}

describe('a look at guarded rollouts', () => {
  it('reads the bad outcomes and the exposures of their subjects, before the tables were ever analysed too', async () => {
    await people()

    for (const table of ['config_outcomes', 'config_exposures']) {
      const reads = await readsOf(table)
      expect(reads, table).toHaveLength(1)
      expect(reads[0], table).toMatchObject({ by: expect.not.stringMatching('Seq Scan'), rows: BAD })
    }
  })

  it('is answered by two indexes alone, once the tables were vacuumed', async () => {
    await people()
    for (const table of ['config_outcomes', 'config_exposures']) await fixture.sql(`vacuum analyze agent_config.${table}`)

    for (const table of ['config_outcomes', 'config_exposures'])
      expect(await readsOf(table), table).toEqual([{ by: 'Index Only Scan', rows: expect.any(Number), heap: 0 }])
  })
})
