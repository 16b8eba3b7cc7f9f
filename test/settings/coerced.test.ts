import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { createConfig, type StandardSchema } from '../../src/settings/index.js'
import { aFolder } from './folder.js'

interface Given {
  readonly files?: Record<string, string>
  readonly env?: Record<string, string>
  readonly overrides?: Record<string, unknown>
}

function valuesOf(schema: StandardSchema, { files = {}, env = {}, overrides = {} }: Given): unknown {
  return createConfig({ schema, root: aFolder(files), prefix: 'P', env, overrides, onWarning: () => {} }).values
}

// What `Boolean`, `Number`, `BigInt` and `new Date` make of a text: true of "maybe", 0 of "", March 2 of February 30.
const schema = z.object({
  flag: z.coerce.boolean().default(false),
  maybe: z.coerce.boolean().nullish(),
  flags: z.array(z.coerce.boolean()).optional(),
  byName: z.record(z.string(), z.coerce.boolean()).optional(),
  table: z.object({ on: z.coerce.boolean() }).optional(),
  pair: z.tuple([z.string(), z.coerce.boolean()]).optional(),
  count: z.coerce.number().optional(),
  big: z.coerce.bigint().optional(),
  when: z.coerce.date().optional(),
  either: z.union([z.coerce.number(), z.coerce.boolean()]).optional(),
  text: z.coerce.string().optional(),
  known: z.preprocess((value) => value === 'ja', z.boolean()).optional(),
})

describe('a schema that converts texts by itself', () => {
  it.each([
    ['a word', { env: { P_FLAG: 'false' } }, { flag: false }],
    ['a word in any case, with spaces', { env: { P_FLAG: ' OFF ' } }, { flag: false }],
    ['a digit', { env: { P_MAYBE: '0' } }, { maybe: false }],
    ['a word of .env', { files: { '.env': 'P_FLAG=no' } }, { flag: false }],
    ['words of a list', { env: { P_FLAGS: 'no,on' } }, { flags: [false, true] }],
    ['words of a record', { env: { P_BYNAME: '{"a": "x"}', P_BYNAME__A: 'no' } }, { byName: { a: false } }],
    ['words of a table', { env: { P_TABLE__ON: 'f' } }, { table: { on: false } }],
    ['words of a tuple', { env: { P_PAIR: 'off,off' } }, { pair: ['off', false] }],
    ['what a token gives', { env: { P_FLAG: '@env X', X: 'disabled' } }, { flag: false }],
    ['a word behind @reset', { env: { P_FLAG: '@reset no' }, files: { 'settings.toml': 'flag = true' } }, { flag: false }],
    ['a text behind @reset', { env: { P_TEXT: '@reset 1.10' } }, { text: '1.10' }],
    ['one of two types', { env: { P_EITHER: '7' } }, { either: 7 }],
    ['a number of a file in quotes', { files: { 'settings.toml': 'count = "7"' } }, { count: 7 }],
    ['a date of a file in quotes', { files: { 'settings.toml': 'when = "2024-02-29"' } }, { when: new Date('2024-02-29') }],
    [
      'typed values',
      { files: { 'settings.toml': 'flag = true\nmaybe = false\nflags = [true]' } },
      { flag: true, maybe: false, flags: [true] },
    ],
    ['what a function of the schema reads', { env: { P_KNOWN: 'ja' } }, { known: true }],
    ['a text', { env: { P_TEXT: 'maybe' } }, { text: 'maybe' }],
  ])('gets %s as it is meant', (_, given, values) => {
    expect(valuesOf(schema, given)).toMatchObject(values)
  })

  it.each([
    ['a word that is neither yes nor no', { env: { P_FLAG: 'maybe' } }, /flag must be true or false, got "maybe" +from env P_FLAG/],
    ['the same under null', { env: { P_MAYBE: 'ja' } }, /maybe must be true or false, got "ja"/],
    ['the same in .env', { files: { '.env': 'P_FLAG=2' } }, /flag must be true or false, got "2"/],
    ['the same in a list', { env: { P_FLAGS: 'no,maybe' } }, /flags\.1 must be true or false, got "maybe"/],
    ['the same in a record', { env: { P_BYNAME__A: 'maybe' } }, /byName\.A must be true or false/],
    ['the same in a table', { env: { P_TABLE: '{on = "maybe"}' } }, /table\.on must be true or false/],
    ['the same in a tuple', { env: { P_PAIR: 'a,b' } }, /pair\.1 must be true or false/],
    ['the same by a token', { env: { P_FLAG: '@env X', X: 'maybe' } }, /flag must be true or false/],
    [
      'a text of a file',
      { files: { 'settings.toml': 'flag = "false"' } },
      /flag must be true or false, got "false" +from .*settings\.toml:1/,
    ],
    ['a text of the overrides', { overrides: { flag: 'no' } }, /flag must be true or false, got "no"/],
    ['an empty text of a file', { files: { 'settings.toml': 'count = ""' } }, /count must be a number, got ""/],
    ['an empty text for a bigint', { files: { 'settings.toml': 'big = " "' } }, /big must be a bigint, got " "/],
    ['an integer that would lose digits', { env: { P_COUNT: '12345678901234567890' } }, /count must be a number, got "1234/],
    ['a day that no calendar has', { env: { P_WHEN: '2021-02-30' } }, /when must be a date, got "2021-02-30"/],
    ['a number for a date', { env: { P_WHEN: '5' } }, /when must be a date, got "5"/],
    ['a word that is none of two types', { env: { P_EITHER: 'maybe' } }, /either is not accepted: .*got "maybe"/],
    ['a word behind @reset', { env: { P_FLAG: '@reset maybe' } }, /flag must be true or false, got "maybe"/],
    ['everything at once', { env: { P_FLAG: 'x', P_COUNT: 'y' } }, /^2 problems/],
  ])('does not get %s', (_, given, message) => {
    expect(() => valuesOf(schema, given)).toThrow(message)
  })

  it('shows nothing of a secret', () => {
    const hidden = z.object({ PASSWORD: z.coerce.boolean() })

    expect(() => valuesOf(hidden, { env: { P_PASSWORD: 'hunter22' } })).toThrow(/PASSWORD must be true or false, got \*\*\*/)
  })
})
