import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, expectTypeOf, it } from 'vitest'
import {
  type ConfigManagerOptions,
  type ConfigurationManager,
  createConfigManager,
  type FlagValue,
  InvalidArgumentError,
  NotFoundError,
} from '../../src/index.js'
import { createTestManager } from '../../src/testing/index.js'
import { NO_POLL, useManagers } from '../manager/managers.js'
import { caught } from '../store/fixture.js'
import { eventually } from '../support/eventually.js'
import { casesOf } from '../support/long-form.js'
import { createTestDatabase, type TestDatabase } from '../support/test-database.js'
import { testRedisUrl, uniqueNamespace } from '../support/test-redis.js'

let database: TestDatabase
const start = useManagers()
let shared: ConfigManagerOptions
let count = 0

beforeAll(async () => {
  database = await createTestDatabase()
})
beforeEach(() => {
  shared = { database: database.url, redis: testRedisUrl(), namespace: uniqueNamespace(), project: `flags-${++count}`, ...NO_POLL }
})
afterAll(() => database.drop())

const NOWHERE = { database: 'postgresql://nobody@127.0.0.1:9/none', redis: false, listen: false } as const

describe('a flag', () => {
  it('is a versioned value that every worker reads, and a promotion or rollback is its switch', async () => {
    const [here, elsewhere] = await Promise.all([start(shared), start(shared)])
    await here.flags.create({ name: 'checkout', value: false, description: 'Checkout v2', labels: ['production'], changedBy: 'ada' })
    await here.flags.createVersion({ name: 'checkout', value: true })
    expect(await elsewhere.getFlag('checkout', true)).toBe(false)

    await here.flags.promote({ name: 'checkout', version: 2 })
    await eventually(() => elsewhere.peekFlag('checkout', false) === true)
    expect(await elsewhere.getFlag('checkout', false)).toBe(true)
    await here.flags.rollback({ name: 'checkout' })
    await eventually(() => elsewhere.peekFlag('checkout', true) === false)

    const found = await here.flags.find({ name: 'checkout', version: 2 })
    expect(found).toMatchObject({ value: true, description: 'Checkout v2', labels: ['staging'], createdBy: null })
    expect(await here.flags.diff({ name: 'checkout', from: 1, to: 2 })).toEqual({
      lines: [],
      fields: [{ field: 'value', from: false, to: true }],
    })
    expect((await here.changelog.list({ kind: 'flag' })).items).toHaveLength(4)
  })

  it('is split by a rollout, with conditions on attributes', async () => {
    const here = await start(shared)
    await here.flags.create({ name: 'limit', value: 10, labels: ['production'] })
    await here.flags.createVersion({ name: 'limit', value: 20 })
    const { id } = await here.rollouts.start({
      kind: 'flag',
      name: 'limit',
      arms: [{ version: 2, weight: 1 }],
      coverage: 50,
      when: { plan: 'pro' },
    })
    const read = (subject: string, plan = 'pro') => here.getFlagDetails('limit', 0, { subject, attributes: { plan } })

    const values = await Promise.all(Array.from({ length: 200 }, (_, n) => read(`user-${n}`)))

    expect(values.filter(({ value, reason }) => value === 20 && reason === 'split').length).toBeGreaterThan(60)
    expect(values.filter(({ value, reason }) => value === 10 && reason === 'label').length).toBeGreaterThan(60)
    expect(values[0]).toMatchObject({ rolloutId: id, label: 'production' })
    expect(await read('user-1', 'free')).toMatchObject({ value: 10, reason: 'condition' })
    await here.rollouts.pause(id)
    expect(await read('user-1')).toMatchObject({ value: 10, reason: 'paused' })
  })

  it('keeps its type for ever, whichever way a version is written', async () => {
    const here = await start(shared)
    await here.flags.create({ name: 'a', value: 'text' })
    await here.flags.create({ name: 'b', value: { nested: [1] } })

    for (const call of [
      () => here.flags.createVersion({ name: 'a', value: 5 }),
      () => here.flags.copy({ name: 'b', to: { name: 'a' } }),
      async () => {
        await here.flags.deactivate({ name: 'a', force: true })
        await here.flags.create({ name: 'a', value: true })
      },
    ]) {
      expect(await caught(call)).toMatchObject({ code: 'E_INVALID_ARGUMENT', field: 'value', message: expect.stringContaining('string') })
    }
    await here.flags.create({ name: 'a', value: 'again' })
  })

  it.each([
    ['nothing', undefined],
    ['null', null],
    ['a list', [1]],
    ['NaN', Number.NaN],
    ['a function', () => {}],
    ['a date', new Date(0)],
    ['more than 64 kB', 'x'.repeat(65_535)],
    ['NUL', 'a\0b'],
  ])('refuses %s as a value', async (_, value) => {
    const nowhere = createConfigManager(NOWHERE)

    expect(await caught(() => nowhere.flags.create({ name: 'a', value: value as never }))).toMatchObject({ field: 'value' })
    await nowhere.shutdown()
  })
})

describe('a read of a flag', () => {
  it('has the type of its fallback', () => {
    const read = {} as ConfigurationManager
    expectTypeOf(read.getFlag<false>).returns.resolves.toEqualTypeOf<boolean>()
    expectTypeOf(read.peekFlag<'a'>).returns.toEqualTypeOf<string>()
    expectTypeOf(read.getFlag<5>).returns.resolves.toEqualTypeOf<number>()
    expectTypeOf(read.getFlag<{ a: string }>).returns.resolves.toEqualTypeOf<{ a: string }>()
  })

  it('gives the fallback, a reason and an event for a flag that is missing, of another type, or cannot be reached', async () => {
    const here = await start(shared)
    const away = createConfigManager({ ...NOWHERE, timeouts: { readMs: 200, databaseMs: 100 } })
    const events: Record<string, unknown>[] = []
    for (const manager of [here, away]) manager.on('fallback', (event) => events.push(event))
    await here.flags.create({ name: 'a', value: 'text', labels: ['production'] })

    expect(await here.getFlagDetails('none', 7)).toMatchObject({
      value: 7,
      reason: 'fallback',
      source: 'fallback',
      error: expect.any(NotFoundError),
    })
    expect(await here.getFlagDetails('a', 7)).toMatchObject({ value: 7, reason: 'fallback', error: expect.any(InvalidArgumentError) })
    expect(await here.getFlagDetails('a', 'other', { label: 'staging' })).toMatchObject({
      value: 'other',
      error: expect.any(NotFoundError),
    })
    expect(await away.getFlagDetails('a', 'here')).toMatchObject({ value: 'here', error: { code: 'E_STORE_UNAVAILABLE' } })
    expect(await away.getFlag('a', 'here', { maxStalenessMs: 1 })).toBe('here')
    expect(here.peekFlag('never-read', 1)).toBe(1)
    await away.shutdown()
    expect(await away.getFlagDetails('a', true)).toMatchObject({ value: true, error: { code: 'E_MANAGER_CLOSED' } })
    expect(events.map(({ kind, name }) => `${kind}:${name}`)).toEqual(['flag:none', 'flag:a', 'flag:a', 'flag:a', 'flag:a'])
  })

  it('refuses wrong arguments, whether or not anything could answer', async () => {
    const here = await start(shared)
    const away = createConfigManager(NOWHERE)
    for (const manager of [here, away]) {
      expect(await caught(() => manager.getFlag('', true))).toMatchObject({ field: 'name' })
      expect(await caught(() => manager.getFlag('a', null as never))).toMatchObject({ field: 'fallback' })
      expect(await caught(() => manager.getFlag('a', [1] as never))).toMatchObject({ field: 'fallback' })
      expect(await caught(() => manager.getFlag('a', true, { lable: 'x' } as never))).toMatchObject({
        message: expect.stringContaining('label'),
      })
      expect(await caught(() => manager.getFlag('a', true, { version: 0 }))).toMatchObject({ field: 'version' })
      expect(await caught(() => manager.peekFlag('a', undefined as never))).toMatchObject({ field: 'fallback' })
    }
    await away.shutdown()
  })
})

/** Each is read 200 times; 500 flags make 100,000 reads. */
const FLAGS = casesOf(100, 500)

it('random flags and reads: the type is kept, the fallback rules hold, and no valid read ever throws', async () => {
  const manager = createTestManager({ flags: { warm: true } })
  await manager.ready()
  const value = fc.oneof(
    fc.boolean(),
    fc.string({ unit: 'grapheme' }),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.dictionary(fc.string(), fc.jsonValue()),
  )
  const storable = value.filter((one) => !/\\u0000|\\ud[89a-f]/.test(JSON.stringify(one)))
  const typeOf = (one: unknown) => typeof one
  let reads = 0
  const names = fc.sample(fc.uuid(), FLAGS)
  const samples = fc.sample(
    fc.record({
      first: storable,
      second: storable,
      labels: fc.constantFrom(['production'], ['staging'], []),
      fallbacks: fc.array(storable, { minLength: 8, maxLength: 8 }),
    }),
    { numRuns: FLAGS, seed: 42 },
  )

  for (const [place, { first, second, labels, fallbacks }] of samples.entries()) {
    const name = names[place]!
    await manager.flags.create({ name, value: first as FlagValue, labels })
    const isSame = typeOf(first) === typeOf(second)
    const version = await manager.flags.createVersion({ name, value: second as FlagValue, labels: [] }).catch((error: Error) => error)
    expect(version instanceof InvalidArgumentError).toBe(!isSame)
    const served = labels[0] === 'production' ? JSON.parse(JSON.stringify(first)) : undefined
    for (let round = 0; round < 25; round++) {
      for (const fallback of fallbacks as FlagValue[]) {
        const got = await manager.getFlag(name, fallback, round % 2 === 0 ? {} : { subject: `user-${round}` })
        const right = served !== undefined && typeOf(served) === typeOf(fallback) ? served : fallback
        if (!Object.is(got, right)) expect(got).toEqual(right)
        reads++
      }
    }
  }

  expect(reads).toBe(FLAGS * 200)
  await manager.shutdown()
})
