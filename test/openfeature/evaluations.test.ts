import { createRequire } from 'node:module'
import { type Hook, type HookContext, OpenFeature, type Provider } from '@openfeature/server-sdk'
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, expectTypeOf, it, vi } from 'vitest'
import { type ConfigManagerOptions, type ConfigurationManager, InvalidArgumentError } from '../../src/index.js'
import { type AgentConfigProvider, createOpenFeatureProvider } from '../../src/openfeature/index.js'
import { NO_POLL, useManagers } from '../manager/managers.js'
import { eventually } from '../support/eventually.js'
import { createTestDatabase, type TestDatabase } from '../support/test-database.js'
import { useClients } from './clients.js'

const CommonJs = createRequire(import.meta.url)('@openfeature/server-sdk') as typeof import('@openfeature/server-sdk')

let database: TestDatabase
let manager: ConfigurationManager
let project: string
let count = 0
const start = useManagers()
const connect = useClients()
const connectCommonJs = useClients(CommonJs.OpenFeature)

beforeAll(async () => {
  database = await createTestDatabase()
})
beforeEach(async () => {
  project = `openfeature-${++count}`
  manager = await start(options())
})
afterAll(() => database.drop())

function options(): ConfigManagerOptions {
  return { database: database.url, project, ...NO_POLL }
}

async function aClient() {
  return (await connect(createOpenFeatureProvider(manager))).client
}

describe('the SDK evaluates', () => {
  it('flags of every type, with version and project', async () => {
    await manager.flags.create({ name: 'on', value: true, labels: ['production'] })
    await manager.flags.create({ name: 'text', value: 'blue', labels: ['production'] })
    await manager.flags.create({ name: 'limit', value: 0, labels: ['production'] })
    await manager.flags.create({ name: 'theme', value: { colour: 'blue', sizes: [1, 2] }, labels: ['production'] })
    const client = await aClient()

    expect(await client.getBooleanDetails('on', false)).toEqual({
      flagKey: 'on',
      value: true,
      variant: 'v1',
      reason: 'STATIC',
      flagMetadata: { project, version: 1 },
    })
    expect(await client.getStringValue('text', 'red')).toBe('blue')
    expect(await client.getNumberValue('limit', 7)).toBe(0)
    expect(await client.getObjectValue('theme', {})).toEqual({ colour: 'blue', sizes: [1, 2] })
    expect(await client.getObjectValue('theme', null)).toEqual({ colour: 'blue', sizes: [1, 2] })
  })

  it('a missing flag, and one of another type, as the caller’s own value with an error code', async () => {
    await manager.flags.create({ name: 'text', value: 'blue', labels: ['production'] })
    await manager.flags.create({ name: 'unlabelled', value: true })
    const client = await aClient()

    for (const name of ['missing', 'unlabelled', '', 'x'.repeat(300)]) {
      expect(await client.getBooleanDetails(name, true)).toMatchObject({
        value: true,
        reason: 'ERROR',
        errorCode: 'FLAG_NOT_FOUND',
        flagMetadata: { project },
      })
    }
    expect(await client.getNumberDetails('text', 7)).toMatchObject({ value: 7, reason: 'ERROR', errorCode: 'TYPE_MISMATCH' })
    expect(await client.getObjectDetails('text', ['own'])).toMatchObject({ value: ['own'], errorCode: 'TYPE_MISMATCH' })
    expect(await client.getNumberDetails('missing', Number.NaN)).toMatchObject({ value: Number.NaN, errorCode: 'FLAG_NOT_FOUND' })
    const provider = createOpenFeatureProvider(manager)
    expect(await provider.resolveBooleanEvaluation('missing', true, {})).toMatchObject({ reason: 'DEFAULT', errorCode: 'FLAG_NOT_FOUND' })
  })

  it('rollouts, with the reason for each subject', async () => {
    await manager.flags.create({ name: 'limit', value: 10, labels: ['production'] })
    await manager.flags.createVersion({ name: 'limit', value: 20 })
    const { id } = await manager.rollouts.start({
      kind: 'flag',
      name: 'limit',
      arms: [{ version: 2, weight: 1 }],
      coverage: 50,
      when: { plan: 'pro' },
      forced: { vip: 2 },
    })
    const client = await aClient()
    const read = (targetingKey?: string, plan = 'pro') =>
      client.getNumberDetails('limit', 0, { ...(targetingKey && { targetingKey }), plan })

    const all = await Promise.all(Array.from({ length: 100 }, (_, n) => read(`user-${n}`)))

    expect(all.find(({ value }) => value === 20)).toMatchObject({
      reason: 'SPLIT',
      variant: 'v2',
      flagMetadata: { version: 2, rolloutId: id, project },
    })
    expect(all.find(({ value }) => value === 10)).toMatchObject({ reason: 'STATIC', variant: 'v1', flagMetadata: { rolloutId: id } })
    expect(await read('vip', 'free')).toMatchObject({ value: 20, reason: 'TARGETING_MATCH' })
    expect(await read('user-1', 'free')).toMatchObject({ value: 10, reason: 'DEFAULT' })
    expect(await read()).toMatchObject({ value: 10, reason: 'DEFAULT', variant: 'v1' })
    await manager.rollouts.pause(id)
    const paused = await read('user-1')
    expect(paused).toMatchObject({ value: 10, reason: 'STATIC', flagMetadata: { rolloutPaused: true, rolloutId: id, version: 1 } })
  })

  it.each([
    ['a date as ISO 8601', { since: { $lt: '2026-06-01T00:00:00.000Z' } }, { since: new Date('2026-01-01') }, true],
    ['a later date', { since: { $lt: '2026-06-01T00:00:00.000Z' } }, { since: new Date('2026-07-01') }, false],
    ['a date inside', { 'account.since': '2026-01-01T00:00:00.000Z' }, { account: { since: new Date('2026-01-01') } }, true],
    ['dates in a list', { seen: { $in: ['2026-01-01T00:00:00.000Z'] } }, { seen: [new Date('2026-01-01')] }, true],
    ['an invalid date as null', { since: null }, { since: new Date(Number.NaN) }, true],
    ['nested values by path', { 'account.plan': 'pro' }, { account: { plan: 'pro' } }, true],
    ['lists', { tags: { $all: ['a', 'b'] } }, { tags: ['b', 'a', 'c'] }, true],
    ['no attribute named targetingKey', { targetingKey: { $exists: true } }, {}, false],
  ])('conditions on %s', async (_, when, context, holds) => {
    await manager.flags.create({ name: 'flag', value: false, labels: ['production'] })
    await manager.flags.createVersion({ name: 'flag', value: true })
    await manager.rollouts.start({ kind: 'flag', name: 'flag', arms: [{ version: 2, weight: 1 }], coverage: 100, when })
    const client = await aClient()

    expect(await client.getBooleanValue('flag', false, { targetingKey: 'user', ...context })).toBe(holds)
  })

  it('contexts that go in circles, and refuses subjects that cannot be', async () => {
    await manager.flags.create({ name: 'flag', value: true, labels: ['production'] })
    const client = await aClient()
    const circle: Record<string, never> = {}
    for (let n = 0; n < 20; n++) circle[`self${n}`] = circle as never

    expect(await client.getBooleanDetails('flag', false, { circle })).toMatchObject({ value: true, reason: 'STATIC' })
    for (const targetingKey of ['x'.repeat(100_000), 7 as unknown as string, '\0']) {
      expect(await client.getBooleanDetails('flag', false, { targetingKey })).toMatchObject({ value: false, errorCode: 'INVALID_CONTEXT' })
    }
  })

  it('with its hooks, which see what was evaluated', async () => {
    await manager.flags.create({ name: 'flag', value: true, labels: ['production'] })
    const client = await aClient()
    const seen: string[] = []
    const hook: Hook = {
      before: ({ flagKey }: Readonly<HookContext>) => {
        seen.push(`before ${flagKey}`)
        return { targetingKey: 'from-hook' }
      },
      after: (_, { variant, reason }) => void seen.push(`after ${variant} ${reason}`),
      error: (_, error) => void seen.push(`error ${(error as { code?: string }).code}`),
      finally: (_, { value }) => void seen.push(`finally ${value}`),
    }

    await client.getBooleanValue('flag', false, {}, { hooks: [hook] })
    await client.getBooleanValue('missing', false, {}, { hooks: [hook] })

    expect(seen).toEqual(['before flag', 'after v1 STATIC', 'finally true', 'before missing', 'error FLAG_NOT_FOUND', 'finally false'])
  })

  it('never rejects, whatever the names, values and contexts', async () => {
    const provider = createOpenFeatureProvider(manager)
    await fc.assert(
      fc.asyncProperty(fc.string(), fc.anything(), fc.object(), async (name, fallback, context) => {
        const { value } = await provider.resolveObjectEvaluation(name, fallback, context)
        expect(value).toBe(fallback)
      }),
      { numRuns: 300 },
    )
  })
})

describe('a provider', () => {
  it('is one for the types of the SDK, and says nothing of its status', () => {
    expectTypeOf<AgentConfigProvider>().toExtend<Provider>()
    const provider = createOpenFeatureProvider(manager)

    expect(provider).not.toHaveProperty('status')
    expect(provider.runsOn).toBe('server')
    expect(provider.metadata.name).toBe('agent-config')
  })

  it.each([
    [{ project: 'not a project' }, 'project'],
    [{ initializeTimeoutMs: 0 }, 'initializeTimeoutMs'],
    [{ initializeTimeoutMs: 1.5 }, 'initializeTimeoutMs'],
    [{ projekt: 'x' } as object, 'projekt'],
  ])('refuses the options %j', (wrong, field) => {
    expect(() => createOpenFeatureProvider(manager, wrong)).toThrow(InvalidArgumentError)
    expect(() => createOpenFeatureProvider(manager, wrong)).toThrow(field)
  })

  it('serves copies of the SDK in either format at once, and two of them one manager', async () => {
    await manager.flags.create({ name: 'flag', value: 'ours', labels: ['production'] })
    await manager.flags.create({ name: 'flag', project: 'elsewhere', value: 'theirs', labels: ['production'] })
    expect(CommonJs.OpenFeature === OpenFeature || CommonJs.ProviderEvents !== undefined).toBe(true)

    const ours = await connect(createOpenFeatureProvider(manager))
    const theirs = await connectCommonJs(createOpenFeatureProvider(manager, { project: 'elsewhere' }))

    expect(await ours.client.getStringValue('flag', '')).toBe('ours')
    expect(await theirs.client.getStringDetails('flag', '')).toMatchObject({ value: 'theirs', flagMetadata: { project: 'elsewhere' } })
  })

  it('tells the logger of a handler that fails, and the other handlers are called', async () => {
    const { events } = createOpenFeatureProvider(manager)
    const [error, good] = [vi.fn(), vi.fn()]
    const bad = () => {
      throw new Error('mine')
    }
    events.setLogger({ error })
    events.addHandler('PROVIDER_READY', bad)
    events.addHandler('PROVIDER_READY', async () => bad())
    events.addHandler('PROVIDER_READY', good)
    events.addHandler('PROVIDER_READY', good)
    events.removeHandler('PROVIDER_READY', good)

    events.emit('PROVIDER_READY')
    await eventually(() => expect(error).toHaveBeenCalledTimes(2))
    expect(good).toHaveBeenCalledTimes(1)
    events.removeAllHandlers()
    expect(events.getHandlers('PROVIDER_READY')).toEqual([])
  })
})
