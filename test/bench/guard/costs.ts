import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { KindRegistry } from '../../../src/kinds/registry.js'
import { openDatabase } from '../../../src/store/postgres/open-database.js'
import { guardedStatement, readGuarded } from '../../../src/store/rollouts/guard-counts.js'
import { createTestDatabase } from '../../support/test-database.js'
import { createConfigManager } from '../support/built.js'
import { type BenchRow, significant } from '../support/row.js'
import { median } from '../support/take-turns.js'

const SCHEMA = 'agent_config'
const EXPOSURES = 1_000_000
/** Of the exposed subjects; the same in both arms. */
const BAD_SHARE = 0.02
const ROUNDS = 9
/** As many as wait for the database at most. */
const RECORDS = 10_000
const START = {
  kind: 'prompt',
  name: 'triage',
  arms: [
    { version: 1, weight: 1 },
    { version: 2, weight: 1 },
  ],
  guard: { metrics: ['error', 'invalid_output'] },
} as const

/** What an outcome costs whoever records it, and what a look at a large guarded rollout costs PostgreSQL. */
export async function guardCosts(): Promise<readonly BenchRow[]> {
  const database = await createTestDatabase()
  const manager = createConfigManager({ database: database.url, redis: false })
  await manager.prompts.create({ name: 'triage', template: 'one', labels: ['production'] })
  await manager.prompts.createVersion({ name: 'triage', template: 'two', labels: [] })
  const { id } = await manager.rollouts.start(START)
  const recordUs = await costOfRecord(manager, id)
  await manager.shutdown()
  const judgeMs = await costOfJudgement(database.url, id)
  await database.drop()
  return [
    {
      measure: '`outcomes.record()`, on the side of the caller, 10,000 in a row',
      ours: `${significant(recordUs)} µs each`,
      beside: 'wanted: 2 µs',
      ratio: recordUs / 2,
      reach: 1,
      atMost: true,
    },
    {
      measure: 'one judgement of a rollout with 1,000,000 exposures, 2 % of them bad',
      ours: `${significant(judgeMs)} ms`,
      beside: 'wanted: 200 ms',
      ratio: judgeMs / 200,
      reach: 1,
      atMost: true,
    },
  ]
}

async function costOfRecord(manager: ReturnType<typeof createConfigManager>, rolloutId: string): Promise<number> {
  const times: number[] = []
  for (let round = -3; round < ROUNDS; round++) {
    const subjects = Array.from({ length: RECORDS }, (_, index) => `user-${round}-${index}`)
    const start = performance.now()
    for (const subject of subjects) manager.outcomes.record({ subject, metric: 'error', bad: false, rolloutId })
    if (round >= 0) times.push(((performance.now() - start) / RECORDS) * 1_000)
    await manager.outcomes.flush()
  }
  return median(times)
}

/** The tables are filled by statements: what workers write in weeks. */
async function costOfJudgement(url: string, id: string): Promise<number> {
  const { db, close } = openDatabase(url, 120_000)
  await sql`insert into ${sql.id(SCHEMA, 'config_exposures')} (rollout_id, subject, arm, version, exposed_at)
    select ${id}::text, 'user-' || place, place % 2, 1 + place % 2, clock_timestamp() - interval '1 minute'
    from generate_series(1, ${EXPOSURES}::integer) as place`.execute(db)
  await sql`update ${sql.id(SCHEMA, 'config_rollouts')} set guard = jsonb_set(guard, '{since}', to_jsonb(clock_timestamp() - interval '1 hour'))
    where id = ${id}::text`.execute(db)
  await sql`insert into ${sql.id(SCHEMA, 'config_outcomes')} (rollout_id, subject, metric, bad)
    select rollout_id, subject, 'error', abs(hashtext(subject)::bigint) % 100 < ${BAD_SHARE * 100}::double precision
    from ${sql.id(SCHEMA, 'config_exposures')} where rollout_id = ${id}::text`.execute(db)
  for (const table of ['config_exposures', 'config_outcomes']) await sql`vacuum analyze ${sql.id(SCHEMA, table)}`.execute(db)
  const kinds = new KindRegistry()
  const times: number[] = []
  for (let round = -2; round < ROUNDS; round++) {
    const start = performance.now()
    const guarded = await readGuarded(db, SCHEMA, kinds)
    const took = performance.now() - start
    if (round >= 0) times.push(took)
    if (guarded[0]?.counts.exposed[0] !== EXPOSURES / 2) throw new Error(`It counted ${JSON.stringify(guarded[0]?.counts)}.`)
    await sleep(50)
  }
  console.error((await planOf(db)).join('\n'))
  await close()
  return median(times)
}

/** What PostgreSQL does for it. */
async function planOf(db: ReturnType<typeof openDatabase>['db']): Promise<readonly string[]> {
  const { rows } = await sql<{ 'QUERY PLAN': string }>`explain (analyze, costs off, timing off) ${guardedStatement(SCHEMA)}`.execute(db)
  return rows.map((row) => row['QUERY PLAN'])
}
