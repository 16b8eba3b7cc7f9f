import { type } from 'arktype'
import { Schema } from 'effect'
import fc from 'fast-check'
import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { createConfig, type StandardSchema } from '../../src/settings/index.js'
import { aFolder } from './folder.js'

const silent = { onWarning: () => {} }

function valuesOf(schema: StandardSchema | undefined, env: Record<string, string>, files: Record<string, string> = {}): unknown {
  const listed = Object.keys(files)
  return createConfig({ ...silent, schema, root: aFolder(files), prefix: 'P', env, ...(listed.length > 0 ? { files: listed } : {}) }).values
}

const NUMBERS = { valibot: v.object({ A: v.number() }), zod: z.object({ A: z.number() }), arktype: type({ A: 'number' }) }

describe.each(Object.entries(NUMBERS))('a number of %s', (_, schema) => {
  it.each([
    ['1e21', 1e21],
    ['1e300', 1e300],
    ['-2.5E+30', -2.5e30],
    ['9007199254740993.5', 9007199254740994],
    ['1_000', 1000],
    ['1_0.2_5', 10.25],
    ['007', 7],
    ['.5', 0.5],
    ['5.', 5],
    ['0x1F', 31],
    [' 12\n', 12],
  ])('is %s', (text, number) => {
    expect(valuesOf(schema, { P_A: text })).toEqual({ A: number })
  })

  it.each(['9007199254740993', '-9223372036854775808', '0xFFFFFFFFFFFFFFFF', '1__0', '1_', '_1', '1._5', '1e400', '1e', '٣', '1,5', 'inf'])(
    'is not %s',
    (text) => {
      expect(() => valuesOf(schema, { P_A: text })).toThrow(/A must be a number, got "/)
    },
  )
})

describe('an integer beyond 2^53', () => {
  const long = '9223372036854775807'

  it.each([
    ['a text without a schema', { P_A: long }, { A: long }],
    ['a list without a schema', { P_A: `[${long}]` }, { A: `[${long}]` }],
    ['a table without a schema', { P_A: `{"id":${long}}` }, { A: `{"id":${long}}` }],
    ['a float without a schema', { P_A: '[1e21]', P_B: '{"a":-1e300}' }, { A: [1e21], B: { a: -1e300 } }],
    ['@insert', { P_A: `@insert 0 ${long}` }, { A: [long] }],
    ['@json with the digits in quotes', { P_A: `@json {"id":"${long}"}` }, { A: { id: long } }],
    ['@json with a float', { P_A: '@json [1e21, 0.1234567890123456789]' }, { A: [1e21, 0.12345678901234568] }],
  ])('is never changed: %s', (_, env, values) => {
    expect(valuesOf(undefined, env)).toEqual(values)
  })

  it.each([
    ['@json', { P_A: `@json {"id":${long}}` }, /A has @json, which needs JSON with integers within ±2\^53/],
    ['@json of a single number', { P_A: '@json 9007199254740993' }, /A has @json/],
    ['@merge', { P_TABLE: `@merge {"id":${long}}` }, /TABLE has @merge/],
    ['@int', { P_A: `@int ${long}` }, /A has @int/],
  ])('is refused: %s', (_, env, message) => {
    expect(() => valuesOf(undefined, env, { 'settings.toml': '[TABLE]\nid = 1' })).toThrow(message)
  })

  it('is refused in a file of JSON, where a float and a text are not', () => {
    const json = (text: string) => valuesOf(undefined, {}, { 'settings.json': text })

    expect(json(`{"A":1e21,"B":"${long}","C\\"${long}":[0.${long}]}`)).toMatchObject({ A: 1e21, B: long })
    expect(() => json(`{"A":[{"id":${long}}]}`)).toThrow(/beyond 2\^53/)
    expect(() => json('{"A":1e400}')).toThrow(/beyond 2\^53/)
  })

  it('is exactly what was written, or refused, for every integer', () => {
    const bigint = v.object({ A: v.union([v.bigint(), v.object({ id: v.bigint() })]) })
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }), (integer) => {
        const guessed = valuesOf(undefined, { P_A: `{"id":${integer}}` }) as { A: { id: number } | string }
        const id = typeof guessed.A === 'string' ? guessed.A : guessed.A.id

        expect(typeof id === 'number' ? BigInt(id) : id).toBe(typeof id === 'number' ? integer : `{"id":${integer}}`)
        expect(valuesOf(bigint, { P_A: `{"id":${integer}}` })).toEqual({ A: { id: integer } })
      }),
      { numRuns: 50 },
    )
  })
})

const DATES = {
  valibot: v.object({
    W: v.optional(v.date()),
    L: v.optional(v.array(v.date())),
    T: v.optional(v.object({ w: v.date(), id: v.bigint() })),
    I: v.optional(v.array(v.bigint())),
  }),
  zod: z.object({
    W: z.coerce.date().optional(),
    L: z.array(z.date()).optional(),
    T: z.object({ w: z.date(), id: z.bigint() }).optional(),
    I: z.array(z.bigint()).optional(),
  }),
  arktype: type({ 'W?': 'Date', 'L?': 'Date[]', 'T?': { w: 'Date', id: 'bigint' }, 'I?': 'bigint[]' }),
}

describe.each(Object.entries(DATES))('dates and integers of any length, which JSON lacks, of %s', (_, schema) => {
  const [first, second] = [new Date('2024-01-31'), new Date('2024-02-29T10:00:00+02:00')]

  it.each([
    ['P_W', '2024-01-31', { W: first }],
    ['P_L', '2024-01-31, 2024-02-29T10:00:00+02:00', { L: [first, second] }],
    ['P_L', '["2024-01-31", 2024-02-29T10:00:00+02:00]', { L: [first, second] }],
    ['P_L__0', '2024-01-31', { L: [first] }],
    ['P_T', '{"w": "2024-01-31", "id": 9223372036854775807}', { T: { w: first, id: 9223372036854775807n } }],
    ['P_T', '{w = 2024-01-31, id = "-5"}', { T: { w: first, id: -5n } }],
    ['P_I', '1,9223372036854775807', { I: [1n, 9223372036854775807n] }],
    ['P_I', '[1, 2]', { I: [1n, 2n] }],
  ])('%s=%s', (name, text, values) => {
    expect(valuesOf(schema, { [name]: text })).toEqual(values)
  })

  it.each(['2023-02-29', '2024-02-30T00:00:00Z', '2024-1-1', 'tomorrow', '1700000000', '2024-01-01T24:00:00Z', '2024-01-01T10'])(
    'refuse the day %s',
    (text) => {
      expect(() => valuesOf(schema, { P_L: text })).toThrow(/L\.0 must be a date, got "/)
    },
  )
})

it.each([
  ['a literal of valibot', v.object({ A: v.literal(5n) })],
  ['a union of literals', v.object({ A: v.union([v.literal(5n), v.literal('auto')]) })],
  ['a check for a value', v.object({ A: v.pipe(v.bigint(), v.value(5n)) })],
  ['a literal of zod', z.object({ A: z.literal(5n) })],
  ['a literal of arktype', type({ A: '5n' })],
])('a bigint may be %s', (_, schema) => {
  expect(valuesOf(schema, { P_A: '5' })).toEqual({ A: 5n })
  expect(() => valuesOf(schema, { P_A: '6' })).toThrow(/1\. A .*5.*got (?:6|"6") +from env P_A/)
})

it('a time without an offset is UTC, as in a file, wherever the program runs', () => {
  const schema = v.object({ A: v.date(), B: v.date() })
  const zone = process.env.TZ
  process.env.TZ = 'Asia/Tokyo'
  try {
    const { A, B } = valuesOf(schema, { P_A: '2024-01-31t10:00:00' }, { 'settings.toml': 'B = 2024-01-31 10:00:00' }) as {
      A: Date
      B: Date
    }

    expect([A.getTime(), B.getTime()]).toEqual([Date.UTC(2024, 0, 31, 10), Date.UTC(2024, 0, 31, 10)])
  } finally {
    if (zone === undefined) delete process.env.TZ
    else process.env.TZ = zone
  }
})

it('a date of effect, which it calls a string, is read when it refuses the text', () => {
  const schema = Schema.toStandardJSONSchemaV1(Schema.toStandardSchemaV1(Schema.Struct({ A: Schema.Date, B: Schema.String })))

  expect(valuesOf(schema, { P_A: '2024-01-31', P_B: '2024-01-31' })).toEqual({ A: new Date('2024-01-31'), B: '2024-01-31' })
  expect(() => valuesOf(schema, { P_A: 'never', P_B: 'x' })).toThrow(/A is not accepted: .*, got "never"/)
})
