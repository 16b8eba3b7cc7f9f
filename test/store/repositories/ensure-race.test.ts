import { afterAll, beforeAll, expect, it } from 'vitest'
import { runSql } from '../../manager/run-sql.js'
import { spawnWorker } from '../../support/spawn-worker.js'
import { createEmptyDatabase, type TestDatabase } from '../../support/test-database.js'
import type { StartHandlers } from './ensure-race-process.js'

const WORKERS = 10
const NAMES = ['a', 'b', 'c', 'd', 'e']

let database: TestDatabase
beforeAll(async () => {
  database = await createEmptyDatabase()
})
afterAll(() => database.drop())

it('ten processes that start at once on an empty database migrate it, write each seed once, and serve the same', {
  timeout: 180_000,
}, async () => {
  const args = [database.url, NAMES.join()]
  const workers = await Promise.all(
    Array.from({ length: WORKERS }, () => spawnWorker<StartHandlers>(new URL('./ensure-race-process.ts', import.meta.url), { args })),
  )

  const created = await Promise.all(workers.map((worker) => worker.ask('start')))
  const served = await Promise.all(workers.map((worker) => worker.ask('read', 'a')))
  await Promise.all(workers.map((worker) => worker.ask('finish')))
  const codes = await Promise.all(workers.map((worker) => worker.end()))

  for (const kind of ['prompt', 'model', 'flag', 'note'] as const) expect(created.flatMap((one) => one[kind]).sort()).toEqual(NAMES)
  expect(served).toEqual(Array(WORKERS).fill([1, 1, true, 'x']))
  expect(codes).toEqual(Array(WORKERS).fill(0))
  const log = await runSql(
    database.url,
    `select config_type, config_name, count(*)::integer as rows from agent_config.config_changelog group by 1, 2 order by 1, 2`,
  )
  expect(log).toEqual(
    ['flag', 'model', 'note', 'prompt'].flatMap((kind) => NAMES.map((name) => ({ config_type: kind, config_name: name, rows: 1 }))),
  )
  const [{ revision, numbers }] = (await runSql(
    database.url,
    `select revision::integer, (select count(distinct revision)::integer from agent_config.config_changelog) as numbers from agent_config.config_state`,
  )) as [{ revision: number; numbers: number }]
  expect(numbers).toBe(revision)
})
