import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { ConfigurationManager, Outcome } from '../../src/index.js'
import { createOpenFeatureProvider } from '../../src/openfeature/index.js'
import { NO_POLL, useManagers } from '../manager/managers.js'
import { createTestDatabase, type TestDatabase } from '../support/test-database.js'
import { useClients } from './clients.js'

let database: TestDatabase
let manager: ConfigurationManager
let recorded: Outcome[] = []
let count = 0
const start = useManagers()
const connect = useClients()

beforeAll(async () => {
  database = await createTestDatabase()
})
beforeEach(async () => {
  manager = await start({ database: database.url, project: `tracking-${++count}`, ...NO_POLL })
  recorded = []
  const { outcomes } = manager
  const record = outcomes.record.bind(outcomes)
  outcomes.record = (outcome) => {
    record(outcome)
    recorded.push(outcome)
  }
})
afterAll(() => database.drop())

describe('track', () => {
  it('of the SDK is counted for the guarded rollout of a flag', async () => {
    await manager.flags.create({ name: 'search', value: false, labels: ['production'] })
    await manager.flags.createVersion({ name: 'search', value: true, labels: [] })
    const arms = [
      { version: 1, weight: 1 },
      { version: 2, weight: 1 },
    ]
    const rollout = await manager.rollouts.start({ kind: 'flag', name: 'search', arms, guard: { metrics: ['complaint'], settleMs: 0 } })
    const { client } = await connect(createOpenFeatureProvider(manager))
    const people = Array.from({ length: 12 }, (_, index) => `user-${index}`)

    for (const [index, targetingKey] of people.entries()) {
      const isNew = await client.getBooleanValue('search', false, { targetingKey })
      if (isNew) client.track('complaint', { targetingKey })
      client.track('basket', { targetingKey }, { value: 10 + index })
      client.track('Order Completed', { targetingKey })
    }
    await manager.outcomes.flush()
    const { arms: told } = await manager.rollouts.report(rollout.id)

    const [old, candidate] = told
    expect(candidate?.metrics.complaint?.bad).toBe(candidate?.subjects)
    expect(old?.metrics.complaint?.bad).toBe(0)
    expect((old?.subjects ?? 0) + (candidate?.subjects ?? 0)).toBe(people.length)
    expect(candidate?.metrics.basket?.mean).toBeGreaterThanOrEqual(10)
    expect(Object.keys(candidate?.metrics ?? {})).not.toContain('Order Completed')
  })

  it('says what it is given, and of an event that is given nothing that it happened', () => {
    const provider = createOpenFeatureProvider(manager)
    const whom = { targetingKey: 'user-7', plan: 'pro' }

    provider.track('complaint', whom)
    provider.track('complaint', whom, {})
    provider.track('cost', whom, { value: 0.8, currency: 'USD' })
    provider.track('slow', whom, { value: 9_000, bad: true })
    provider.track('error', whom, { bad: false })
    provider.track('error', whom, { bad: 'yes', value: Number.NaN })

    expect(recorded).toEqual([
      { subject: 'user-7', metric: 'complaint', bad: true },
      { subject: 'user-7', metric: 'complaint', bad: true },
      { subject: 'user-7', metric: 'cost', bad: false, value: 0.8 },
      { subject: 'user-7', metric: 'slow', bad: true, value: 9_000 },
      { subject: 'user-7', metric: 'error', bad: false },
      { subject: 'user-7', metric: 'error', bad: true },
    ])
  })

  it('records nothing, and throws nothing, where there is nobody, no metric, or another project', () => {
    const provider = createOpenFeatureProvider(manager)

    provider.track('complaint', undefined)
    provider.track('complaint', {})
    provider.track('complaint', { targetingKey: '' })
    provider.track('complaint', { targetingKey: 'x'.repeat(513) })
    provider.track('complaint', { targetingKey: 7 as never })
    provider.track('', { targetingKey: 'user-7' })
    provider.track('1st', { targetingKey: 'user-7' })
    createOpenFeatureProvider(manager, { project: 'other' }).track('complaint', { targetingKey: 'user-7' })

    expect(recorded).toEqual([])
  })
})
