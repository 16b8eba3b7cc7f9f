import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodeCursor } from '../../../src/store/read/cursor.js'
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js'
import { repositoriesOn } from '../fixture.js'
import { fillDatabase } from '../many-entities.js'

const ENTITIES = 20_000
const LIMIT = 50

let database: TestDatabase
let pool: pg.Pool
/** Rows that the plans of one test took from a table, those they threw away included. */
let rowsRead: number

beforeAll(async () => {
  database = await createTestDatabase()
  await fillDatabase(database.url, ENTITIES)
  pool = new pg.Pool({ connectionString: database.url, max: 1 })
  pool.on('connect', (client) => {
    client.on('notice', ({ message }) => {
      const plan = message?.slice(message.indexOf('{'))
      if (plan?.startsWith('{')) rowsRead += rowsOf(JSON.parse(plan).Plan)
    })
    void client.query(`load 'auto_explain'; set auto_explain.log_min_duration = 0; set auto_explain.log_analyze = on;
      set auto_explain.log_format = json; set auto_explain.log_level = notice`)
  })
})
afterAll(async () => {
  await pool.end()
  await database.drop()
})

describe.each(['prompts', 'models', 'embeddings', 'contextRules'] as const)('%s.list', (kind) => {
  it.each([true, false])('reads no more rows for a late page than for the first (activeOnly: %s)', async (activeOnly) => {
    const list = repositoriesOn(pool, { project: 'default' })[kind]
    const late = encodeCursor(['filled-9', 1])

    rowsRead = 0
    const first = await list.list({ limit: LIMIT, activeOnly })
    const forFirst = rowsRead
    rowsRead = 0
    const last = await list.list({ limit: LIMIT, activeOnly, cursor: late })

    expect([first.items.length, last.items.length]).toEqual([LIMIT, LIMIT])
    expect(forFirst).toBeGreaterThanOrEqual(LIMIT)
    expect(forFirst).toBeLessThan(LIMIT * 5)
    expect(rowsRead).toBeLessThan(LIMIT * 5)
  })
})

it('gives every version once, by name and then newest first, page by page', async () => {
  const { prompts } = repositoriesOn(pool, { project: 'paged' })
  for (const name of ['a', 'b', 'B', 'ä', 'c-1']) {
    await prompts.create({ name, template: '1' })
    await prompts.createVersion({ name, template: '2' })
    await prompts.createVersion({ name, template: '3' })
  }

  const { items: all } = await prompts.list({ limit: 100 })
  const paged: string[] = []
  for (let cursor: string | undefined, pages = 0; pages === 0 || cursor !== undefined; pages++) {
    const page = await prompts.list({ limit: 4, ...(cursor !== undefined && { cursor }) })
    paged.push(...page.items.map(({ name, version }) => `${name} ${version}`))
    cursor = page.cursor
  }

  expect(paged).toEqual(all.map(({ name, version }) => `${name} ${version}`))
  expect(paged).toHaveLength(15)
  for (let at = 0; at < 15; at += 3) expect(all.slice(at, at + 3).map(({ version }) => version)).toEqual([3, 2, 1])
})

it('counts what a list gives in all, and lists the versions of exactly one name', async () => {
  const { prompts } = repositoriesOn(pool, { project: 'counted' })
  for (const name of ['a', 'A', 'ab', 'a%']) {
    await prompts.create({ name, template: '1', labels: ['production'] })
    await prompts.createVersion({ name, template: '2' })
  }
  await prompts.deactivate({ name: 'ab', version: 2, force: true })

  for (const query of [
    {},
    { activeOnly: false },
    { search: 'B' },
    { search: '%' },
    { search: '' },
    { label: 'production' },
    { label: 'latest' },
    { name: 'a' },
    { name: 'ab', activeOnly: false },
    { name: 'a', label: 'latest', search: 'a' },
    { name: 'none' },
    { project: 'nobody' },
  ]) {
    const { items } = await prompts.list({ ...query, limit: 1_000 })
    expect(await prompts.count(query), JSON.stringify(query)).toBe(items.length)
  }
  expect(await prompts.count()).toBe(7)
  expect((await prompts.list({ name: 'a' })).items.map(({ name, version }) => `${name} ${version}`)).toEqual(['a 2', 'a 1'])
  await expect(prompts.count({ limit: 5 } as never)).rejects.toThrow('limit')
  await expect(prompts.list({ name: '' })).rejects.toThrow('name')
})

it('counts the versions of context rules, and lists those of exactly one context', async () => {
  const { contextRules } = repositoriesOn(pool, { project: 'counted-rules' })
  for (const context of ['pay', 'pay-in']) {
    await contextRules.create({ context, important: 'status' })
    await contextRules.createVersion({ context, ignore: 'dates' })
  }
  await contextRules.deactivate({ context: 'pay', version: 1 })

  for (const query of [
    {},
    { activeOnly: false },
    { context: 'pay' },
    { context: 'pay', activeOnly: false },
    { search: 'IN' },
    { search: 'dates', searchIn: 'content' as const },
    { context: 'none' },
    { project: 'nobody' },
  ]) {
    const { items } = await contextRules.list({ ...query, limit: 1_000 })
    expect(await contextRules.count(query), JSON.stringify(query)).toBe(items.length)
  }
  expect(
    (await contextRules.list({ context: 'pay', activeOnly: false })).items.map(({ context, version }) => `${context} ${version}`),
  ).toEqual(['pay 2', 'pay 1'])
  await expect(contextRules.count({ limit: 5 } as never)).rejects.toThrow('limit')
})

it('tells the versions of a name with their labels, and reads no content for it', async () => {
  const { prompts } = repositoriesOn(pool, { project: 'outlines' })
  await prompts.create({ name: 'a', template: '1', labels: ['production', 'canary'] })
  await prompts.createVersion({ name: 'a', template: '2' })
  await prompts.create({ name: 'ab', template: '1' })
  await prompts.deactivate({ name: 'a', version: 2, force: true })

  expect(await prompts.versions({ name: 'a' })).toEqual([
    { version: 2, isActive: false, labels: [] },
    { version: 1, isActive: true, labels: ['canary', 'production'] },
  ])
  expect(await prompts.versions({ name: 'none' })).toEqual([])
  await expect(prompts.versions({ name: 'a', limit: 1 } as never)).rejects.toThrow('limit')
})

interface Plan {
  readonly 'Relation Name'?: string
  readonly 'Actual Rows': number
  readonly 'Actual Loops': number
  readonly 'Rows Removed by Filter'?: number
  readonly Plans?: readonly Plan[]
}

function rowsOf(plan: Plan): number {
  const own = plan['Relation Name'] ? (plan['Actual Rows'] + (plan['Rows Removed by Filter'] ?? 0)) * plan['Actual Loops'] : 0
  return own + (plan.Plans ?? []).reduce((sum, part) => sum + rowsOf(part), 0)
}
