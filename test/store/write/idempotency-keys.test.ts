import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { IdempotencyKeys, KeptAnswer } from '../../../src/entities/idempotency.js'
import { type ConfigurationManager, createConfigManager } from '../../../src/index.js'
import { runStatement } from '../../support/services/template-database.js'
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js'

const DAY_MS = 86_400_000
const ANSWER: KeptAnswer = { status: 201, headers: { location: '/x' }, body: '{"template":"secret \\u0000 \\"quoted\\" é"}' }

let database: TestDatabase
let managers: readonly ConfigurationManager[]
let here: IdempotencyKeys
let there: IdempotencyKeys

beforeAll(async () => {
  database = await createTestDatabase()
  managers = [1, 2].map(() => createConfigManager({ database: database.url, redis: false }))
  ;[here, there] = managers.map(({ idempotencyKeys }) => idempotencyKeys) as [IdempotencyKeys, IdempotencyKeys]
})
afterAll(async () => {
  await Promise.all(managers.map((manager) => manager.shutdown()))
  await database.drop()
})

const claim = (keys: IdempotencyKeys, key: string, more: object = {}) =>
  keys.claim({ actor: 'ada', key, fingerprint: 'f', ttlMs: DAY_MS, ...more })
const age = (interval: string) =>
  runStatement(
    database.url,
    `update agent_config.config_idempotency_keys set claimed_at = claimed_at - interval '${interval}', expires_at = expires_at - interval '${interval}'`,
  )
const rows = async () =>
  Number((await runStatement(database.url, 'select count(*)::integer as count from agent_config.config_idempotency_keys'))[0]?.count)

describe('a key', () => {
  it('is new once, running until it is answered, and then answered the same by every worker', async () => {
    expect(await claim(here, 'one')).toEqual({ state: 'new' })
    expect(await claim(there, 'one')).toEqual({ state: 'running', fingerprint: 'f' })
    await here.keep({ actor: 'ada', key: 'one' }, ANSWER)

    expect(await claim(there, 'one', { fingerprint: 'other' })).toEqual({ state: 'kept', fingerprint: 'f', answer: ANSWER })
    expect(await claim(here, 'one', { actor: 'bob' })).toEqual({ state: 'new' })
    expect(await claim(here, 'two')).toEqual({ state: 'new' })
  })

  it('has one first of many requests at once, in two workers', async () => {
    const states = await Promise.all(Array.from({ length: 20 }, (_, place) => claim(place % 2 ? here : there, 'raced')))

    expect(states.filter(({ state }) => state === 'new')).toHaveLength(1)
    expect(states.filter(({ state }) => state === 'running')).toHaveLength(19)
  })

  it('is free again when its request failed, and not when it was answered', async () => {
    await claim(here, 'failed')
    await here.release({ actor: 'ada', key: 'failed' })
    expect(await claim(there, 'failed')).toEqual({ state: 'new' })

    await there.keep({ actor: 'ada', key: 'failed' }, ANSWER)
    await here.release({ actor: 'ada', key: 'failed' })
    expect(await claim(here, 'failed')).toMatchObject({ state: 'kept' })
  })

  it('whose worker is gone is lost, not carried out again', async () => {
    await claim(here, 'crashed')
    await age('301 seconds')

    expect(await claim(there, 'crashed')).toEqual({ state: 'lost', fingerprint: 'f' })
  })

  it('is new again after its time, with an answer of its own', async () => {
    await claim(here, 'old')
    await here.keep({ actor: 'ada', key: 'old' }, ANSWER)
    await age('25 hours')

    expect(await claim(there, 'old', { fingerprint: 'g' })).toEqual({ state: 'new' })
    expect(await claim(here, 'old')).toEqual({ state: 'running', fingerprint: 'g' })
  })

  it('and its actor may be long, and hold anything', async () => {
    const odd = { actor: '😀'.repeat(500), key: '"\'\\é'.repeat(50) }

    expect(await claim(here, odd.key, odd)).toEqual({ state: 'new' })
    expect(await claim(there, odd.key, odd)).toMatchObject({ state: 'running' })
  })
})

it('answers are forgotten when a version is purged: they may repeat its content', async () => {
  const [manager] = managers as [ConfigurationManager]
  await manager.prompts.create({ name: 'leaked', template: 'secret', labels: [] })
  await claim(here, 'purged')
  await here.keep({ actor: 'ada', key: 'purged' }, ANSWER)

  await manager.purge({ kind: 'prompt', name: 'leaked', version: 1, changedBy: 'ada', summary: 'leak' })

  expect(await claim(there, 'purged')).toEqual({ state: 'forgotten', fingerprint: 'f' })
  expect(JSON.stringify(await runStatement(database.url, 'select * from agent_config.config_idempotency_keys'))).not.toContain('secret')
})

it('expired answers leave with the next claims, and their rows with prune()', async () => {
  const [manager] = managers as [ConfigurationManager]
  await claim(here, 'kept for a day')
  await here.keep({ actor: 'ada', key: 'kept for a day' }, ANSWER)
  await age('25 hours')
  await claim(here, 'another')
  const [left] = await runStatement(
    database.url,
    'select count(*)::integer as bodies from agent_config.config_idempotency_keys where body is not null',
  )

  const before = await rows()
  const early = await manager.prune({ before: new Date(Date.now() - 10 * DAY_MS) })
  const report = await manager.prune({ before: new Date() })

  expect(left).toEqual({ bodies: 0 })
  expect(early.idempotencyKeys).toBeUndefined()
  expect(report.idempotencyKeys).toBe(before - 1)
  expect(await claim(there, 'another')).toMatchObject({ state: 'running' })
  expect(await manager.prune({ before: new Date() })).not.toHaveProperty('idempotencyKeys')
})

it('the embedded database keeps keys too', async () => {
  const manager = createConfigManager({ database: 'pglite:memory', redis: false })
  const keys = manager.idempotencyKeys

  expect(await claim(keys, 'one')).toEqual({ state: 'new' })
  await keys.keep({ actor: 'ada', key: 'one' }, ANSWER)
  expect(await claim(keys, 'one')).toEqual({ state: 'kept', fingerprint: 'f', answer: ANSWER })
  await manager.shutdown()
})
