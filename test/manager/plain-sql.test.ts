import { afterAll, beforeAll, expect, it } from 'vitest'
import { eventually } from '../support/eventually.js'
import { createTestDatabase, type TestDatabase } from '../support/test-database.js'
import { testRedisUrl, uniqueNamespace } from '../support/test-redis.js'
import { eventsOf, NO_POLL, useManagers } from './managers.js'
import { runSql } from './run-sql.js'

let database: TestDatabase
const start = useManagers()

beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())

const WAYS = {
  'Redis and LISTEN': () => ({ redis: testRedisUrl(), namespace: uniqueNamespace(), ...NO_POLL }),
  'LISTEN alone': () => ({ ...NO_POLL }),
  'the poll alone': () => ({ listen: false as const, pollIntervalMs: 100 }),
}

for (const [way, options] of Object.entries(WAYS)) {
  it(`an update of prompt_labels by plain SQL is served by every worker, heard of by ${way}`, async () => {
    const project = way.replaceAll(' ', '-')
    const shared = { database: database.url, project, ...options() }
    const workers = await Promise.all([start(shared), start(shared), start(shared)])
    await workers[0]!.prompts.create({ name: 'p', template: 'one', labels: ['production'] })
    await workers[0]!.prompts.createVersion({ name: 'p', template: 'two' })
    for (const worker of workers) expect((await worker.getPrompt('p'))?.template).toBe('one')
    const told = workers.map(eventsOf)

    await runSql(database.url, `update agent_config.prompt_labels set version = 2 where project = '${project}' and label = 'production'`)

    await eventually(() => workers.every((worker) => worker.peekPrompt('p')?.template === 'two'), { everyMs: 1 })
    const { items } = await workers[0]!.changelog.list({ project, limit: 1 })
    expect(items[0]).toMatchObject({ changeType: 'sql', configType: 'prompt', configName: 'p', previousVersion: 1, newVersion: 2 })
    for (const { of } of told) expect(of('change')[0]?.event).toMatchObject({ kind: 'prompt', project, name: 'p', origin: 'elsewhere' })
  })
}

it('a row that plain SQL deletes is gone for every worker', async () => {
  const shared = { database: database.url, project: 'deleted', ...NO_POLL }
  const workers = await Promise.all([start(shared), start(shared)])
  await workers[0]!.contextRules.create({ context: 'billing', important: 'be exact' })
  for (const worker of workers) expect(await worker.getContextRules()).toHaveLength(1)

  await runSql(database.url, "delete from agent_config.context_rules where project = 'deleted'")

  await eventually(async () => (await Promise.all(workers.map((worker) => worker.getContextRules()))).every((rules) => rules.length === 0))
})
