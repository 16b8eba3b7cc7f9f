import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createConfigManager, ModelConfigRepository, PromptRepository, type RepositoryOptions } from '../../../src/index.js'
import type { ConfigurationManager } from '../../../src/manager/configuration-manager.js'
import { migrateToLatest } from '../../../src/migrations.js'
import { startPrivatePostgres } from '../../support/private-postgres.js'
import type { Server } from '../../support/services/server.js'
import { caught } from '../fixture.js'

// A server of its own: PREPARE TRANSACTION is switched off where nobody asked for it.
const OTHER = 'other_config'

let postgres: Server
let client: pg.Client
let manager: ConfigurationManager
let other: ConfigurationManager
let count = 0
let name = ''

beforeAll(async () => {
  postgres = await startPrivatePostgres({ settings: { max_prepared_transactions: '4' } })
  await Promise.all([migrateToLatest(postgres.url), migrateToLatest(postgres.url, { schema: OTHER })])
  client = new pg.Client({ connectionString: postgres.url })
  await client.connect()
  manager = createConfigManager({ database: postgres.url, redis: false, pollIntervalMs: 600_000 })
  other = createConfigManager({ database: postgres.url, schema: OTHER, redis: false, pollIntervalMs: 600_000 })
  await Promise.all([manager.ready(), other.ready()])
})
beforeEach(() => {
  name = `joined-${++count}`
})
afterAll(async () => {
  await Promise.all([manager.shutdown(), other.shutdown()])
  await client.end()
  await postgres.stop()
})

const prompts = (options: RepositoryOptions = {}) => new PromptRepository(client, options)

/** The revisions of a schema's changelog, and the last one: they have no gap. */
async function revisionsOf(schema: string) {
  const { rows } = await client.query(
    `select coalesce(array_agg(distinct log.revision::integer order by log.revision::integer), '{}') as logged,
      (select revision::integer from "${schema}".config_state where id = 1) as last from "${schema}".config_changelog as log`,
  )
  const { logged, last } = rows[0] as { logged: readonly number[]; last: number }
  return { logged, last }
}

/** No number is missing, none is ahead of the counter, and both schemas open no write any more. */
async function expectNoGap(): Promise<void> {
  for (const schema of ['agent_config', OTHER]) {
    const { logged, last } = await revisionsOf(schema)
    expect(logged).toEqual(Array.from({ length: last }, (_, place) => place + 1))
  }
}

describe('a savepoint of the host', () => {
  it('takes back the writes behind it, and leaves those before it and after', async () => {
    await client.query('begin')
    const before = await prompts().create({ name, template: 'before', labels: ['production'] })
    await client.query('savepoint mine')
    const lost = await prompts().create({ name: `${name}-lost`, template: 'lost', labels: ['production'] })
    await prompts().createVersion({ name, template: 'lost', labels: ['production'] })
    await client.query('rollback to savepoint mine')
    const after = await new ModelConfigRepository(client).create({ name, provider: 'p', model: 'm', labels: ['production'] })
    await client.query('commit')
    await manager.catchUp()

    // One transaction has one number.
    expect([lost.revision, after.revision]).toEqual([before.revision, before.revision])
    expect(await manager.getPrompt(name)).toMatchObject({ template: 'before', version: 1 })
    expect(await manager.getPrompt(`${name}-lost`)).toBeUndefined()
    expect(await manager.getModelConfig(name)).toMatchObject({ model: 'm' })
    expect(await manager.prompts.history({ name })).toHaveLength(1)
    await expectNoGap()
  })

  it('that takes back all of them leaves a transaction that wrote nothing, or writes again', async () => {
    const { last } = await revisionsOf('agent_config')
    for (const again of [false, true]) {
      await client.query('begin')
      await client.query('savepoint mine')
      await prompts().create({ name, template: 'lost' })
      await client.query('rollback to savepoint mine')
      if (again) await prompts().create({ name, template: 'again' })
      await client.query('commit')
    }

    expect(await manager.prompts.find({ name })).toMatchObject({ template: 'again' })
    expect((await revisionsOf('agent_config')).last).toBe(last + 1)
    await expectNoGap()
  })

  it('around edits by plain SQL leaves the rest noticed', async () => {
    await manager.prompts.create({ name, template: 'one', labels: ['production'] })
    await manager.prompts.createVersion({ name, template: 'two' })
    await manager.getPrompt(name)
    await client.query('begin')
    await client.query('savepoint mine')
    await prompts().promote({ name, version: 2 })
    await client.query('rollback to savepoint mine')
    await client.query(`update agent_config.prompt_labels set version = 2 where label = 'production' and name = '${name}'`)
    await client.query('commit')

    await expect.poll(async () => (await manager.getPrompt(name))?.template).toBe('two')
    expect((await manager.prompts.history({ name }))[0]).toMatchObject({ changeType: 'sql' })
    await expectNoGap()
  })
})

describe('two schemas in one transaction', () => {
  it('are written together, each with a number and an announcement of its own', async () => {
    await client.query('begin')
    const here = await prompts().create({ name, template: 'here', labels: ['production'] })
    const there = await prompts({ schema: OTHER }).create({ name, template: 'there', labels: ['production'] })
    await prompts().createVersion({ name, template: 'here again', labels: ['production'] })
    await client.query('commit')

    await expect.poll(async () => (await manager.getPrompt(name))?.template).toBe('here again')
    await expect.poll(async () => (await other.getPrompt(name))?.template).toBe('there')
    expect(here.revision).toBe((await revisionsOf('agent_config')).last)
    expect(there.revision).toBe((await revisionsOf(OTHER)).last)
    await expectNoGap()
  })

  it('are written or not by themselves when one of the writes fails, and together when the host rolls back', async () => {
    await client.query('begin')
    const refused = await caught(() => prompts({ schema: OTHER }).promote({ name, version: 3 }))
    await prompts().create({ name, template: 'here' })
    await client.query('commit')
    await client.query('begin')
    await prompts({ schema: OTHER }).create({ name, template: 'there' })
    await prompts().createVersion({ name, template: 'here' })
    await client.query('rollback')

    expect(refused).toMatchObject({ code: 'E_NOT_FOUND' })
    expect(await manager.prompts.find({ name })).toMatchObject({ version: 1 })
    expect(await other.prompts.find({ name })).toBeUndefined()
    await expectNoGap()
  })
})

describe('a transaction that the host prepares for a commit in two phases', () => {
  it('is refused by PostgreSQL, since it announces its writes, and nothing is written', async () => {
    await client.query('begin')
    await prompts().create({ name, template: 'prepared' })
    const refused = await caught(() => client.query(`prepare transaction '${name}'`))
    await client.query('rollback')

    expect(refused).toMatchObject({ code: '0A000', message: expect.stringContaining('NOTIFY') })
    expect(await manager.prompts.find({ name })).toBeUndefined()
    expect((await client.query('select 1 from pg_prepared_xacts')).rows).toEqual([])
    await expectNoGap()
  })

  it('is none of the library’s business when it only holds rows of the host: writes go on beside it', async () => {
    await client.query('create table if not exists public.releases (name text)')
    await client.query('begin')
    await client.query(`insert into public.releases values ('${name}')`)
    await client.query(`prepare transaction '${name}'`)
    const written = await manager.prompts.create({ name, template: 'beside' })
    await client.query(`commit prepared '${name}'`)

    expect(written).toMatchObject({ version: 1, propagated: true })
  })
})
