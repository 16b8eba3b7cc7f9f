import { afterAll, beforeAll, expect, it } from 'vitest'
import { openDatabase } from '../../../src/store/postgres/open-database.js'
import { type PruneReport, prune } from '../../../src/store/write/prune.js'
import { runStatement } from '../../support/services/template-database.js'
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js'

const ROWS = 12_000
const BEFORE = new Date('2026-06-01T00:00:00Z')

// What a rollback and the workers need, in one statement over everything: what pruning in batches has to keep.
const NEEDED = `select count(*)::integer as kept, md5(string_agg(id::text, ' ' order by id)) as ids from agent_config.config_changelog
  where not (changed_at < '${BEFORE.toISOString()}'
    and revision < (select max(revision) from agent_config.config_changelog where changed_at < '${BEFORE.toISOString()}')
    and id not in (select max(change.id) from agent_config.config_changelog as change
      cross join lateral jsonb_each_text(case when jsonb_typeof(change.previous_data -> 'labels') = 'object'
        then change.previous_data -> 'labels' else '{}' end) as moved
      where moved.value is not null group by change.config_type, change.project, change.config_name, moved.key, moved.value))`
const LEFT = `select count(*)::integer as kept, md5(string_agg(id::text, ' ' order by id)) as ids from agent_config.config_changelog`

let database: TestDatabase

beforeAll(async () => {
  database = await createTestDatabase()
  // Few names and labels, so that most moves are superseded; the clock of a tenth of the rows goes wrong.
  await runStatement(
    database.url,
    `set search_path = agent_config; set session_replication_role = replica; select setseed(0.5);
    insert into config_changelog (revision, token, config_type, config_name, project, change_type, previous_data, changed_at)
      select n / 2 + 1, 'token', case when random() < 0.5 then 'prompt' else 'model' end, 'name-' || floor(random() * 40), 'p' || floor(random() * 2), 'promote',
        case when random() < 0.2 then null when random() < 0.1 then '{"isActive": true}'
          else jsonb_build_object('labels', jsonb_build_object('label-' || floor(random() * 3), nullif(floor(random() * 12), 0), 'other', floor(random() * 4))) end,
        '2026-01-01T00:00:00Z'::timestamptz + n * interval '10 minutes' + (random() < 0.1)::integer * interval '90 days'
      from generate_series(1, ${ROWS}) as n;
    insert into config_rollouts (id, kind, project, name, label, arms, coverage_basis_points, status)
      select state, 'prompt', 'p0', 'name-' || state, 'production', '[{"version": 1, "weight": 1}]', 10000, state from unnest(array['running', 'concluded']) as state;
    insert into config_exposures (rollout_id, subject, arm, version, exposed_at)
      select 'running', 's' || n, 0, 1, '2026-01-01T00:00:00Z'::timestamptz + n * interval '1 hour' from generate_series(1, 6000) as n;
    insert into config_assignments (rollout_id, subject, arm, assigned_at)
      select state, 's' || n, 0, '2026-01-01T00:00:00Z'::timestamptz + n * interval '1 hour' from generate_series(1, 6000) as n, unnest(array['running', 'concluded']) as state;`,
  )
})
afterAll(() => database.drop())

it('deletes in batches, tells how far it is, and keeps exactly what is needed', async () => {
  const { db, close } = openDatabase(database.url, 2_000)
  const [needed] = await runStatement(database.url, NEEDED)
  const told: PruneReport[] = []

  const report = await prune(db, 'agent_config', { before: BEFORE, onProgress: (soFar) => told.push(soFar) })
  const again = await prune(db, 'agent_config', { before: BEFORE })
  await close()

  const [left] = await runStatement(database.url, LEFT)
  const [rest] = await runStatement(
    database.url,
    `select (select count(*)::integer from agent_config.config_exposures where exposed_at < '${BEFORE.toISOString()}') as exposures,
      (select count(*)::integer from agent_config.config_assignments where rollout_id = 'running') as running,
      (select count(*)::integer from agent_config.config_assignments where rollout_id = 'concluded' and assigned_at < '${BEFORE.toISOString()}') as concluded`,
  )
  expect(left).toEqual(needed)
  expect(report.changelog).toBe(ROWS - Number(left?.kept))
  expect(rest).toEqual({ exposures: 0, running: 6_000, concluded: 0 })
  expect(told.length).toBeGreaterThan(6)
  expect(told.at(-1)).toEqual(report)
  expect(told.map(sumOf)).toEqual(told.map(sumOf).sort((one, other) => one - other))
  expect(again).toEqual({ changelog: 0, exposures: 0, outcomes: 0, assignments: 0 })
})

function sumOf({ changelog, exposures, assignments }: PruneReport): number {
  return changelog + exposures + assignments
}
