import * as v from 'valibot'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { ContentError, createConfigManager, defineKind, isConfigError } from '../../src/index.js'
import { NO_POLL, useManagers } from '../manager/managers.js'
import { caught } from '../store/fixture.js'
import { createTestDatabase, type TestDatabase } from '../support/test-database.js'
import { testRedisUrl, uniqueNamespace } from '../support/test-redis.js'

const OLD = defineKind({ kind: 'limit', schema: v.object({ perDay: v.optional(v.number()), note: v.string() }) })
const NEW = defineKind({
  kind: 'limit',
  schema: v.object({ daily: v.number(), note: v.string() }),
  upgrade: (content) => {
    if (content.daily !== undefined) return content
    if (content.perDay === undefined) throw new Error('no perDay')
    const { perDay, ...rest } = content
    // In place: what the others see must not change by it.
    delete content.note
    return { ...rest, daily: perDay }
  },
})

let database: TestDatabase
const start = useManagers()
let shared: Parameters<typeof start>[0]
let count = 0

beforeAll(async () => {
  database = await createTestDatabase()
})
beforeEach(() => {
  shared = { database: database.url, redis: testRedisUrl(), namespace: uniqueNamespace(), project: `upgrade-${++count}`, ...NO_POLL }
})
afterAll(() => database.drop())

it('content of an older schema is brought into today’s shape when it is loaded, and frozen after it', async () => {
  const [before, after] = await Promise.all([start({ ...shared, kinds: [OLD] }), start({ ...shared, kinds: [NEW] })])
  await before.of(OLD).create({ name: 'a', content: { perDay: 5, note: 'x' }, labels: ['production'] })

  const read = await after.of(NEW).get('a')

  expect(read?.content).toEqual({ daily: 5, note: 'x' })
  expect(Object.isFrozen(read?.content)).toBe(true)
  expect((await after.of(NEW).find({ name: 'a' }))?.content).toEqual({ daily: 5, note: 'x' })
  expect((await before.of(OLD).get('a'))?.content).toEqual({ perDay: 5, note: 'x' })
  await after.of(NEW).createVersion({ name: 'a', content: { daily: 6, note: 'y' } })
  expect(await after.of(NEW).diff({ name: 'a', from: 1, to: 2 })).toMatchObject({
    fields: [
      { field: 'note', from: 'x', to: 'y' },
      { field: 'daily', from: 5, to: 6 },
    ],
  })
})

it('an upgrade that throws is an error of the reads of that version alone, typed, with the version in it', async () => {
  const [before, after] = await Promise.all([start({ ...shared, kinds: [OLD] }), start({ ...shared, kinds: [NEW] })])
  await before.of(OLD).create({ name: 'a', content: { perDay: 1, note: 'fine' }, labels: ['production'] })
  await before.of(OLD).createVersion({ name: 'a', content: { note: 'broken' }, labels: ['staging'] })
  await before.of(OLD).create({ name: 'b', content: { perDay: 2, note: 'another' }, labels: ['production'] })
  const limits = after.of(NEW)

  const errors = [
    await caught(() => limits.get('a', { label: 'staging' })),
    await caught(() => limits.get('a', { label: 'staging' })),
    await caught(() => limits.peek('a', { label: 'staging' })),
    await caught(() => limits.get('a', { version: 2 })),
    await caught(() => limits.find({ name: 'a', version: 2 })),
    await caught(() => limits.promote({ name: 'a', version: 2 })),
  ]

  for (const error of errors) {
    expect(error).toBeInstanceOf(ContentError)
    expect(isConfigError(error, 'E_CONTENT')).toBe(true)
    expect(error).toMatchObject({ kind: 'limit', entity: 'a', version: 2, message: expect.stringContaining('no perDay') })
  }
  expect(await limits.history({ name: 'a' })).toHaveLength(2)
  expect((await limits.get('a'))?.content).toEqual({ daily: 1, note: 'fine' })
  expect((await limits.get('b'))?.content.daily).toBe(2)
  expect((await before.of(OLD).get('a'))?.version).toBe(1)
  expect((await limits.diff({ name: 'a', from: 1, to: 2 })).fields.map(({ field }) => field)).toContain('daily')
  await limits.deactivate({ name: 'a', version: 2, force: true })
  expect(await limits.get('a', { label: 'staging' })).toBeUndefined()
})

it('a schema may validate asynchronously, and one that fails or makes what is no JSON is refused with the field', async () => {
  const manager = createConfigManager({ database: 'pglite:memory' })
  const slow = defineKind({
    kind: 'slow',
    schema: v.pipeAsync(
      v.string(),
      v.transformAsync(async (text) => ({ text })),
    ),
  })
  const throwing = defineKind({
    kind: 'throwing',
    schema: v.pipe(
      v.string(),
      v.transform(() => JSON.parse('{')),
    ),
  })
  const dates = defineKind({
    kind: 'date',
    schema: v.pipe(
      v.string(),
      v.transform((text) => ({ at: new Date(text) })),
    ),
  })

  const written = await manager.of(slow).create({ name: 'a', content: 'x' })
  expect(written.content).toEqual({ text: 'x' })
  expect(await caught(() => manager.of(throwing).create({ name: 'a', content: 'x' }))).toMatchObject({ field: 'content' })
  expect(await caught(() => manager.of(dates).create({ name: 'a', content: '2026-01-01' }))).toMatchObject({ field: 'content.at' })
  await manager.shutdown()
})

it.each<readonly [string, () => unknown]>([
  ['gives a promise, which rejects', () => Promise.reject(new Error('late'))],
  ['gives nothing', () => undefined],
  ['gives a function', () => () => 1],
  ['gives a date', () => ({ at: new Date() })],
  [
    'gives what goes in circles',
    () => {
      const circle: Record<string, unknown> = {}
      circle.self = circle
      return circle
    },
  ],
])('an upgrade that %s makes a ContentError of the read, and nothing else of the process', async (_, upgrade) => {
  const odd = defineKind({ kind: 'odd', schema: v.any(), upgrade })
  const [plain, manager] = await Promise.all([start(shared), start(shared)])
  await plain.of(defineKind({ kind: 'odd', schema: v.any() })).create({ name: 'a', content: 1, labels: ['production'] })

  const error = await caught(() => manager.of(odd).get('a'))

  expect(error).toBeInstanceOf(ContentError)
  expect(error.message).toMatch(/^Version 1 of odd/)
})

it('an upgrade that hands out an object of its own finds it unfrozen', async () => {
  const own = { limits: { daily: 5 } }
  const odd = defineKind({ kind: 'odd', schema: v.any(), upgrade: () => own })
  const manager = await start(shared)

  const { content } = await manager.of(odd).create({ name: 'a', content: 1 })

  expect(content).toEqual(own)
  expect(Object.isFrozen(content.limits)).toBe(true)
  expect(Object.isFrozen(own.limits)).toBe(false)
})
