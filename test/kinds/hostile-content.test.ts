import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { defineKind, InvalidArgumentError, type Kind } from '../../src/index.js'
import { caught } from '../store/fixture.js'
import { useProject } from './a-project.js'

const { start } = useProject('hostile')

const ANYTHING = defineKind({ kind: 'anything', schema: v.any() })

const nested = (depth: number): unknown => (depth === 0 ? 1 : { a: nested(depth - 1) })

it.each<readonly [string, unknown]>([
  ['names of prototypes', JSON.parse('{"__proto__":{"polluted":1},"constructor":2,"toString":null}')],
  ['keys that read as paths', { 'a.b': 1, '': 2, a: { b: 3 }, ' ': 4 }],
  ['a text', 'text'],
  ['an empty text', ''],
  ['a list', [1, 'a', null, { b: [] }]],
  ['an empty list', []],
  ['an empty object', {}],
  ['zero', 0],
  ['false', false],
  ['numbers at the edge', { a: 1e21, b: 1.7976931348623157e308, c: 5e-324, d: -1e-7, e: 2 ** 53 }],
  ['control characters and other scripts', { 'ключ 🗝': '\u2028 \u0001 "\\' }],
  ['a text of a mebibyte', 'x'.repeat(1024 * 1024 - 2)],
  ['90 levels', nested(90)],
])('%s come back as they were from database, memory and Redis', async (_, content) => {
  const [here, elsewhere] = await Promise.all([start(), start()])

  expect((await here.of(ANYTHING).create({ name: 'n', content, labels: ['production'] })).content).toEqual(content)

  expect((await here.of(ANYTHING).get('n'))?.content).toEqual(content)
  expect((await elsewhere.of(ANYTHING).get('n'))?.content).toEqual(content)
  expect((await elsewhere.of(ANYTHING).find({ name: 'n' }))?.content).toEqual(content)
  expect(await elsewhere.of(ANYTHING).diff({ name: 'n', from: 1, to: 1 })).toEqual({ lines: [], fields: [] })
  expect(await elsewhere.verify()).toMatchObject({ mismatches: [] })
  expect({}).not.toHaveProperty('polluted')
})

it.each<readonly [string, unknown]>([
  ['NaN', { a: Number.NaN }],
  ['1e400', Number('1e400')],
  ['nothing', undefined],
  ['null', null],
  ['a function', () => 1],
  ['a date', { a: new Date() }],
  ['a bigint', 1n],
  ['a Map', new Map()],
  ['a NUL', { 'a\0': 1 }],
  ['half a character', '\ud800'],
  ['two mebibytes', 'x'.repeat(2 * 1024 * 1024)],
  ['300 levels', nested(300)],
  ['a promise', Promise.resolve(1)],
  ['a list with a hole', Array(2)],
])('refuses content that is %s, before anything is written', async (_, content) => {
  const manager = await start()

  expect(await caught(() => manager.of(ANYTHING).create({ name: 'n', content }))).toBeInstanceOf(InvalidArgumentError)
  expect((await manager.of(ANYTHING).list()).items).toEqual([])
})

describe('a schema that', () => {
  const schemaOf = (validate: (value: unknown) => unknown) =>
    defineKind({ kind: 'odd', schema: { '~standard': { version: 1, vendor: 'mine', validate } } as never }) as Kind<unknown>

  it.each<readonly [string, () => unknown, string]>([
    ['gives nothing', () => undefined, 'no result'],
    ['gives null', () => null, 'no result'],
    [
      'throws',
      () => {
        throw new Error('boom')
      },
      'boom',
    ],
    ['rejects with nothing', () => Promise.reject(undefined), 'undefined'],
    ['gives issues without a reason', () => ({ issues: [{}] }), 'no reason given'],
    ['gives an empty list of issues', () => ({ issues: [] }), 'no reason given'],
    ['gives paths of null', () => ({ issues: [{ message: 'bad', path: null }] }), 'bad'],
    ['gives paths with null', () => ({ issues: [{ message: 'bad', path: [null, 'a'] }] }), 'bad'],
    ['gives paths of symbols', () => ({ issues: [{ message: 'bad', path: [Symbol('s'), { key: 1 }] }] }), 'Symbol(s).1'],
    ['gives no value', () => ({}), 'must be given'],
    ['gives a function', () => ({ value: () => 1 }), 'must be JSON'],
  ])('%s refuses the write, with a reason', async (_, validate, reason) => {
    const error = await caught(async () => (await start()).of(schemaOf(validate)).create({ name: 'n', content: 1 }))

    expect(error).toBeInstanceOf(InvalidArgumentError)
    expect(error.message).toContain(reason)
  })

  it('says issues: null means that there are none', async () => {
    const manager = await start()
    const kind = schemaOf((value) => ({ value, issues: null }))

    expect((await manager.of(kind).create({ name: 'n', content: 1 })).content).toBe(1)
  })

  it('keeps its value, which the host changes while the write waits, does not change what is written', async () => {
    const value = { a: 1 }
    const manager = await start({
      authorize: async () => {
        value.a = Number.NaN
        return true
      },
    })

    expect((await manager.of(schemaOf(() => ({ value }))).create({ name: 'n', content: 1 })).content).toEqual({ a: 1 })
  })
})

describe('diff', () => {
  it.each([
    [{ 'a.b': 1 }, { a: { b: 1 } }, { '["a.b"]': [1, undefined], 'a.b': [undefined, 1] }],
    [{ x: { '': 1 } }, { 'x.': 1 }, { 'x[""]': [1, undefined], '["x."]': [undefined, 1] }],
    [{ a: { 'b.c': { d: 1 } } }, { a: { 'b.c': { d: 2 } } }, { 'a["b.c"].d': [1, 2] }],
    [{ 'a[0]': 1 }, { 'a[0]': 2 }, { '["a[0]"]': [1, 2] }],
    [{ a: 1 }, { a: 1, constructor: 2 }, { constructor: [undefined, 2] }],
    [{ a: {} }, { a: [] }, { a: [{}, []] }],
    ['x', 'y', { content: ['x', 'y'] }],
  ])('of %j and %j names each path without a doubt', async (from, to, expected: object) => {
    const manager = await start()
    await manager.of(ANYTHING).create({ name: 'n', content: from })
    await manager.of(ANYTHING).createVersion({ name: 'n', content: to })

    const { fields } = await manager.of(ANYTHING).diff({ name: 'n', from: 1, to: 2 })

    expect(fields).toEqual(Object.entries(expected).map(([field, [before, after]]) => ({ field, from: before, to: after })))
  })
})

const NAMES = [
  'a:b:c',
  'tool:default:x',
  ' x ',
  '💥'.repeat(60),
  'x'.repeat(255),
  '__proto__',
  'constructor',
  'a\nb',
  '%_\\',
  "'; drop table x; --",
  '*',
]

it.each(NAMES)('the name %j is one in kinds whose names are hostile too', async (name) => {
  const [here, elsewhere] = await Promise.all([start(), start()])
  for (const kindName of ['select', 'constructor', 'tool', 'tool_x']) {
    const kind = defineKind({ kind: kindName, schema: v.number() })
    await here.of(kind).create({ name, content: 1, labels: ['production'] })
    await here.of(kind).createVersion({ name, content: 2 })
    expect((await elsewhere.of(kind).get(name))?.content).toBe(1)
    await here.of(kind).promote({ name, version: 2 })
    const { revision } = await here.of(kind).rollback({ name })
    expect((await elsewhere.of(kind).get(name, { minRevision: revision }))?.content).toBe(1)
    expect(here.of(kind).peek(name)?.content).toBe(1)
    expect((await elsewhere.of(kind).list({ search: name })).items).toHaveLength(2)
  }
  expect(await elsewhere.verify()).toMatchObject({ mismatches: [] })
})

it('a refresh of one kind leaves those alone whose names begin alike', async () => {
  const manager = await start()
  const [tool, toolX] = [defineKind({ kind: 'tool', schema: v.number() }), defineKind({ kind: 'tool_x', schema: v.number() })]
  await manager.of(tool).create({ name: 'n', content: 1, labels: ['production'] })
  await manager.of(toolX).create({ name: 'n', content: 1, labels: ['production'] })
  const changed: string[] = []
  manager.on('change', ({ kind }) => changed.push(kind))

  await manager.refresh('tool')
  await manager.of(tool).get('n')
  await manager.of(toolX).get('n')
  await manager.catchUp()

  expect(changed).not.toContain('tool_x')
  expect(changed).toContain('tool')
})
