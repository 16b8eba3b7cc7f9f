import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ConfigurationManager } from '../../../src/manager/configuration-manager.js'
import { createConfigManager } from '../../../src/manager/global-manager.js'
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js'
import { everyCall } from '../every-call.js'
import { fillDatabase } from '../many-entities.js'

// PostgreSQL as it is installed compiles a statement whose estimated cost passes this (jit_above_cost), which takes half a second and more.
const JIT_ABOVE_COST = 100_000

describe.each([1, 10_000])('on a never analysed database with %i entities of each kind', (entities) => {
  let database: TestDatabase
  let pool: pg.Pool
  let manager: ConfigurationManager
  const plans = new Plans()

  beforeAll(async () => {
    database = await createTestDatabase()
    await fillDatabase(database.url, entities)
    pool = new pg.Pool({ connectionString: database.url, max: 5 })
    pool.on('connect', (client) => plans.collect(client))
    manager = createConfigManager({ database: pool, redis: false, listen: false })
  })
  afterAll(async () => {
    await manager.shutdown()
    await pool.end()
    await database.drop()
  })

  it('sends no statement, and runs none inside of a function or trigger, that JIT would compile', async () => {
    await everyCall(manager, new Kysely({ dialect: new PostgresDialect({ pool }) }))

    expect(plans.costs.size).toBeGreaterThan(60)
    expect(plans.above(JIT_ABOVE_COST)).toEqual([])
  })
})

it('finds what JIT would compile', async () => {
  const database = await createTestDatabase()
  const client = new pg.Client({ connectionString: database.url })
  const plans = new Plans()

  await client.connect()
  plans.collect(client)
  // A table that was never analysed counts as hundreds of rows, also when it has none.
  await client.query('create table empty (id integer); select count(*) from empty as one, empty as other, empty as third')
  await client.end()
  await database.drop()

  expect(plans.above(JIT_ABOVE_COST)).toHaveLength(1)
})

/** What each statement was estimated to cost when it ran, the dearest plan of each text; those of functions and triggers too. */
class Plans {
  readonly costs = new Map<string, number>()

  /** Has a connection tell every plan it runs. Needs a superuser. */
  collect(client: pg.ClientBase): void {
    client.on('notice', ({ message }) => {
      const json = message?.slice(message.indexOf('{'))
      if (json?.startsWith('{')) this.#add(JSON.parse(json) as AutoExplained)
    })
    void client.query(`load 'auto_explain'; set auto_explain.log_min_duration = 0; set auto_explain.log_nested_statements = on;
      set auto_explain.log_format = json; set auto_explain.log_level = notice`)
  }

  above(limit: number): readonly string[] {
    return [...this.costs].filter(([, cost]) => cost >= limit).map(([text, cost]) => `${cost}: ${text.replace(/\s+/g, ' ').slice(0, 300)}`)
  }

  #add(explained: AutoExplained): void {
    const text = explained['Query Text']
    this.costs.set(text, Math.max(this.costs.get(text) ?? 0, explained.Plan['Total Cost']))
  }
}

interface AutoExplained {
  readonly 'Query Text': string
  readonly Plan: { readonly 'Total Cost': number }
}
