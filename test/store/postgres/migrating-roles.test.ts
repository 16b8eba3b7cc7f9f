import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { migrateToLatest, migrationStatus } from '../../../src/migrations.js'
import { runStatement } from '../../support/services/template-database.js'
import { createEmptyDatabase, createTestDatabase, type TestDatabase } from '../../support/test-database.js'
import { caught } from '../fixture.js'
import { useRoles } from '../test-role.js'

const roleOn = useRoles()
let migrated: TestDatabase
let empty: TestDatabase

beforeAll(async () => {
  migrated = await createTestDatabase()
  empty = await createEmptyDatabase()
})
// After the roles, whose grants are taken away there.
afterAll(async () => {
  await migrated.drop()
  await empty.drop()
})

describe('a role that may not create anything in the database', () => {
  it('migrates the schema that it owns', async () => {
    const { url } = await roleOn(empty.url, (role) => `create schema owned authorization ${role}`)

    const report = await migrateToLatest(url, { schema: 'owned' })

    expect(report.already).toEqual([])
    expect((await migrationStatus(url, { schema: 'owned' })).pending).toEqual([])
  })

  it('finds that nothing is to be migrated, with no more than the right to read', async () => {
    const { url } = await roleOn(
      migrated.url,
      (role) => `grant usage on schema agent_config to ${role}; grant select on all tables in schema agent_config to ${role}`,
    )

    const report = await migrateToLatest(url)

    expect(report.applied).toEqual([])
  })

  it('is told what to do when something is to be migrated', async () => {
    const { url } = await roleOn(empty.url)

    const error = await caught(() => migrateToLatest(url, { schema: 'not_mine' }))

    expect(error).toMatchObject({ code: 'E_MIGRATION', message: expect.stringMatching(/permission denied.*migrate --sql/) })
  })
})

it('gives the database one identity, whoever asks, where the server’s own identifier may not be read by all', async () => {
  await runStatement(migrated.url, 'revoke execute on function pg_catalog.pg_control_system() from public')
  const { url } = await roleOn(
    migrated.url,
    (role) => `grant usage on schema agent_config to ${role}; grant select on all tables in schema agent_config to ${role}`,
  )
  const identity = 'select agent_config.database_identity() as identity'

  const asked = await Promise.all([migrated.url, url].map((address) => runStatement(address, identity)))

  expect(asked[0]).toEqual(asked[1])
})
