import { afterAll, beforeAll, expect, it } from 'vitest'
import type { ConfigurationManager } from '../../src/manager/configuration-manager.js'
import { eventually } from '../support/eventually.js'
import { createTestDatabase, type TestDatabase, testAdminUrl } from '../support/test-database.js'
import { testRedisUrl, uniqueNamespace } from '../support/test-redis.js'
import { eventsOf, NO_POLL, useManagers } from './managers.js'
import { runSql } from './run-sql.js'

let database: TestDatabase
const start = useManagers()

beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())

function nameOf(url: string): string {
  return new URL(url).pathname.slice(1)
}

/** Copies a database under the feet of those who use it. */
async function copyDatabase(from: string, to: string): Promise<void> {
  await eventually(async () => {
    await runSql(testAdminUrl(), `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${from}'`)
    await runSql(testAdminUrl(), `create database ${to} template ${from}`)
  })
}

const NAMES = Array.from({ length: 12 }, (_, place) => `p${place}`)

async function served(manager: ConfigurationManager): Promise<Record<string, unknown>> {
  const templates = await Promise.all(NAMES.map(async (name) => [name, (await manager.getPrompt(name))?.template] as const))
  return Object.fromEntries(templates)
}

async function stored(manager: ConfigurationManager): Promise<Record<string, unknown>> {
  const templates = await Promise.all(
    NAMES.map(async (name) => [name, (await manager.prompts.find({ name, label: 'production' }))?.template] as const),
  )
  return Object.fromEntries(templates)
}

for (const [title, kept, lost, made] of [
  ['an older backup that is restored', 8, 5, 0],
  ['a failover that loses five commits and makes six others', 8, 5, 6],
] as const) {
  it(`${title} is noticed and repaired, and what Redis holds of the lost history is not served`, async () => {
    const own = await createTestDatabase()
    const name = nameOf(own.url)
    const backup = `${name}_backup`
    const shared = { database: own.url, redis: testRedisUrl(), namespace: uniqueNamespace(), ...NO_POLL }
    const worker = await start(shared)
    const write = (manager: ConfigurationManager, place: number, template: string) =>
      manager.prompts.createVersion({ name: NAMES[place % NAMES.length]!, template, labels: ['production'] })
    for (let place = 0; place < kept; place++) await write(worker, place, `kept ${place}`)
    await copyDatabase(name, backup)
    await eventually(() => worker.health().then(({ ok }) => ok))
    // Where both histories write, they give the same number to the same prompt: only the token tells them apart.
    for (let place = 0; place < lost; place++) await write(worker, place, `lost ${place}`)
    await served(worker)
    const { events } = eventsOf(worker)

    await runSql(testAdminUrl(), `drop database ${name} with (force)`)
    await copyDatabase(backup, name)
    if (made > 0) {
      // Another process on the new primary, with a Redis of its own: nobody tells the worker.
      const elsewhere = await start({ database: own.url, redis: false, ...NO_POLL })
      for (let place = 0; place < made; place++) await write(elsewhere, place, `made ${place}`)
      await elsewhere.shutdown()
    }
    await eventually(() => worker.catchUp().then(() => true))
    const now = await served(worker)
    const newcomer = await start(shared)

    expect(now).toEqual(await stored(worker))
    expect(Object.values(now)).not.toContain(expect.stringContaining('lost'))
    expect(await served(newcomer)).toEqual(now)
    expect((await worker.verify()).mismatches).toEqual([])
    expect(worker.stats().revision).toBe(kept + made)
    expect(events.filter(({ event }) => /another history/.test(`${event.message}`))).toHaveLength(1)
    // And it goes on: what is written now is served by both.
    await write(worker, 0, 'after')
    await newcomer.catchUp()
    expect([(await worker.getPrompt('p0'))?.template, (await newcomer.getPrompt('p0'))?.template]).toEqual(['after', 'after'])
    await Promise.all([worker.shutdown(), newcomer.shutdown()])
    await own.drop()
    await runSql(testAdminUrl(), `drop database ${backup} with (force)`)
  })
}
