import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import { expect, it } from 'vitest'
import { createConfigManager } from '../../../src/manager/global-manager.js'
import { migrateToLatest, migrationSql } from '../../../src/migrations.js'
import { databaseUrl, runStatement } from '../../support/services/template-database.js'
import { testAdminUrl } from '../../support/test-database.js'
import { everyCall } from '../every-call.js'
import { caught } from '../fixture.js'

// Of what the library itself says: values stand in the text of some statements.
// biome-ignore lint/suspicious/noControlCharactersInRegex: every ASCII character is one that any encoding of PostgreSQL has
const ASCII = /^[\x00-\x7f]*$/

it('works in a database whose encoding is LATIN1, with statements of ASCII only, and says what it cannot store', async () => {
  const name = `agent_config_latin1_${process.pid}`
  await runStatement(testAdminUrl(), `create database ${name} encoding 'LATIN1' lc_collate 'C' lc_ctype 'C' template template0`)
  const url = databaseUrl(testAdminUrl(), name)
  const statements = new Set<string>()
  const pool = new pg.Pool({ connectionString: url, max: 4 })
  pool.on('connect', (client) => recordStatements(client, statements))
  const manager = createConfigManager({ database: pool, redis: false, listen: false })
  try {
    await migrateToLatest(pool)
    await everyCall(manager, new Kysely({ dialect: new PostgresDialect({ pool }) }))
    const stored = await manager.prompts.create({ name: 'grüße', template: 'Grüß Gott, {name}' })
    const error = await caught(() => manager.prompts.create({ name: 'wave', template: '👋 {name}' }))

    expect((await manager.prompts.find({ name: 'grüße' }))?.template).toBe(stored.template)
    expect(error).toMatchObject({ code: 'E_INVALID_ARGUMENT', message: expect.stringContaining('LATIN1') })
    expect(statements.size).toBeGreaterThan(50)
    const own = [...statements].map((statement) => statement.replaceAll(/'(?:[^']|'')*'/g, ''))
    expect(own.filter((statement) => !ASCII.test(statement))).toEqual([])
  } finally {
    await manager.shutdown()
    await pool.end()
    await runStatement(testAdminUrl(), `drop database ${name}`)
  }
})

it('keeps the text of the migrations in ASCII', () => {
  expect(migrationSql()).toMatch(ASCII)
})

function recordStatements(client: pg.ClientBase, statements: Set<string>): void {
  const query = client.query.bind(client) as (...args: unknown[]) => unknown
  client.query = ((...args: [string | { text: string }, ...unknown[]]) => {
    statements.add(typeof args[0] === 'string' ? args[0] : args[0].text)
    return query(...args)
  }) as typeof client.query
}
