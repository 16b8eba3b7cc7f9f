import { type } from 'arktype'
import { Effect, Schema } from 'effect'
import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { type Config, createConfig, type StandardSchema } from '../../src/settings/index.js'
import { aFolder } from './folder.js'

/** The same settings in four libraries. Defaults that JSON Schema cannot hold are left to the library. */
const LIBRARIES = {
  valibot: v.object({
    PORT: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.description('Where it listens.')), 3000),
    NAME: v.string(),
    DEBUG: v.optional(v.boolean()),
    LOG_FILE: v.optional(v.string()),
    LEVEL: v.optional(v.picklist(['off', 'on', '1.10'])),
    TAGS: v.optional(v.array(v.string())),
    LIMITS: v.optional(v.array(v.number())),
    HEADERS: v.optional(v.record(v.string(), v.string())),
    smtp: v.optional(v.object({ host: v.string(), user: v.optional(v.string()) })),
    servers: v.optional(v.array(v.object({ host: v.string(), port: v.optional(v.number()), pin: v.optional(v.string()) }))),
    MODE: v.optional(v.union([v.number(), v.literal('auto')])),
    AUTH: v.optional(
      v.union([
        v.object({ kind: v.literal('login'), PASSPHRASE: v.string() }),
        v.object({ kind: v.literal('file'), path: v.string(), depth: v.number() }),
      ]),
    ),
    WHEN: v.optional(v.date()),
  }),
  zod: z.object({
    PORT: z.number().int().min(1).default(3000).describe('Where it listens.'),
    NAME: z.string(),
    DEBUG: z.boolean().optional(),
    LOG_FILE: z.string().optional(),
    LEVEL: z.enum(['off', 'on', '1.10']).optional(),
    TAGS: z.array(z.string()).optional(),
    LIMITS: z.array(z.number()).optional(),
    HEADERS: z.record(z.string(), z.string()).optional(),
    smtp: z.object({ host: z.string(), user: z.string().optional() }).optional(),
    servers: z.array(z.object({ host: z.string(), port: z.number().optional(), pin: z.string().optional() })).optional(),
    MODE: z.union([z.number(), z.literal('auto')]).optional(),
    AUTH: z
      .union([
        z.object({ kind: z.literal('login'), PASSPHRASE: z.string() }),
        z.object({ kind: z.literal('file'), path: z.string(), depth: z.number() }),
      ])
      .optional(),
    // A date cannot be told in JSON Schema: the rest of the schema must be read all the same.
    WHEN: z.date().optional(),
  }),
  arktype: type({
    PORT: type('number.integer >= 1').describe('Where it listens.').default(3000),
    NAME: 'string',
    'DEBUG?': 'boolean',
    'LOG_FILE?': 'string',
    'LEVEL?': "'off' | 'on' | '1.10'",
    'TAGS?': 'string[]',
    'LIMITS?': 'number[]',
    'HEADERS?': { '[string]': 'string' },
    'smtp?': { host: 'string', 'user?': 'string' },
    'servers?': type({ host: 'string', 'port?': 'number', 'pin?': 'string' }).array(),
    'MODE?': "number | 'auto'",
    'AUTH?': type({ kind: "'login'", PASSPHRASE: 'string' }).or({ kind: "'file'", path: 'string', depth: 'number' }),
    'WHEN?': 'Date',
  }),
  effect: Schema.toStandardJSONSchemaV1(
    Schema.toStandardSchemaV1(
      Schema.Struct({
        PORT: Schema.Int.check(Schema.isGreaterThanOrEqualTo(1))
          .annotate({ description: 'Where it listens.' })
          .pipe(Schema.withDecodingDefaultTypeKey(Effect.succeed(3000))),
        NAME: Schema.String,
        DEBUG: Schema.optionalKey(Schema.Boolean),
        LOG_FILE: Schema.optionalKey(Schema.String),
        LEVEL: Schema.optionalKey(Schema.Literals(['off', 'on', '1.10'])),
        TAGS: Schema.optionalKey(Schema.Array(Schema.String)),
        LIMITS: Schema.optionalKey(Schema.Array(Schema.Number)),
        HEADERS: Schema.optionalKey(Schema.Record(Schema.String, Schema.String)),
        smtp: Schema.optionalKey(Schema.Struct({ host: Schema.String, user: Schema.optionalKey(Schema.String) })),
        servers: Schema.optionalKey(
          Schema.Array(
            Schema.Struct({ host: Schema.String, port: Schema.optionalKey(Schema.Number), pin: Schema.optionalKey(Schema.String) }),
          ),
        ),
        MODE: Schema.optionalKey(Schema.Union([Schema.Number, Schema.Literal('auto')])),
        AUTH: Schema.optionalKey(
          Schema.Union([
            Schema.Struct({ kind: Schema.Literal('login'), PASSPHRASE: Schema.String }),
            Schema.Struct({ kind: Schema.Literal('file'), path: Schema.String, depth: Schema.Number }),
          ]),
        ),
        WHEN: Schema.optionalKey(Schema.Date),
      }),
    ),
  ),
}

type Library = keyof typeof LIBRARIES
const libraries = Object.entries(LIBRARIES) as [Library, StandardSchema][]

function load(
  schema: StandardSchema,
  said: { env?: Record<string, string>; files?: Record<string, string>; prefix?: string; onWarning?: (message: string) => void },
): Config {
  const { env = {}, files = {}, prefix = 'P', onWarning = () => {} } = said
  return createConfig({ schema, root: aFolder(files), prefix, env: { [prefix === '' ? 'NAME' : 'P_NAME']: 'n', ...env }, onWarning })
}

interface Case {
  readonly env: Readonly<Record<string, string>>
  readonly files?: Readonly<Record<string, string>>
  readonly prefix?: string
  readonly gives?: Readonly<Record<string, unknown>>
  readonly fails?: RegExp
}

const CASES: Readonly<Record<string, Case>> = {
  'a default': { env: {}, gives: { PORT: 3000 } },
  'a variable over a default': { env: { P_PORT: '9999' }, gives: { PORT: 9999 } },
  'a variable in another case': { env: { P_SMTP__HOST: 'h', P_port: '1' }, gives: { 'smtp.host': 'h', PORT: 1 } },
  'a key of a table whose rest is in a file': {
    env: { P_SMTP__USER: 'joe' },
    files: { 'settings.toml': '[smtp]\nhost = "h"' },
    gives: { smtp: { host: 'h', user: 'joe' } },
  },
  'a key that ends in _FILE': { env: { P_LOG_FILE: 'x.log' }, gives: { LOG_FILE: 'x.log' } },
  'no prefix': { env: { PORT: '80', NAME: 'x', HOME: '/root' }, prefix: '', gives: { PORT: 80, NAME: 'x' } },
  'an item of a list by its index': { env: { P_TAGS__0: 'a', P_TAGS__1: 'b' }, gives: { TAGS: ['a', 'b'] } },
  'eleven items, in their order': {
    env: Object.fromEntries(Array.from({ length: 11 }, (_, index) => [`P_LIMITS__${index}`, String(index)])),
    gives: { LIMITS: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10] },
  },
  'a key of an item of a list in a file': {
    env: { P_SERVERS__0__HOST: 'z', P_SERVERS__1__PORT: '2' },
    files: { 'settings.toml': '[[servers]]\nhost = "a"\nport = 1\n[[servers]]\nhost = "b"' },
    gives: {
      servers: [
        { host: 'z', port: 1 },
        { host: 'b', port: 2 },
      ],
    },
  },
  'a whole item of a list': {
    env: { P_SERVERS__0: '{host = "z", pin = 1.10}', P_SERVERS__1: '{"host": "y"}' },
    gives: { servers: [{ host: 'z', pin: '1.10' }, { host: 'y' }] },
  },
  'an index with a leading zero': { env: { P_TAGS__00: 'a' }, fails: /TAGS has 0 items, so "00" is not one of them +from env P_TAGS__00/ },
  'an index behind the end': { env: { P_TAGS__1: 'a' }, fails: /TAGS has 0 items, so there is no item 1 to set/ },
  'a list of numbers as a list of strings': { env: { P_TAGS: '[123,456]' }, gives: { TAGS: ['123', '456'] } },
  'the very texts of a list of strings': {
    env: { P_TAGS: '[1.10, true, "x, y", 007e1]' },
    gives: {},
    fails: /TAGS must be a list, got a text of 27 characters/,
  },
  'numbers and words of a list of strings': { env: { P_TAGS: '[1.10, true, "x, y"]' }, gives: { TAGS: ['1.10', 'true', 'x, y'] } },
  'items with commas between': { env: { P_TAGS: 'a, b', P_LIMITS: '1,2.50' }, gives: { TAGS: ['a', 'b'], LIMITS: [1, 2.5] } },
  'nothing as an empty list': { env: { P_TAGS: '' }, gives: { TAGS: [] } },
  'half a list': { env: { P_TAGS: '[1,2' }, fails: /TAGS must be a list, got a text of 4 characters/ },
  'the other half of a list': { env: { P_TAGS: '1,2]' }, fails: /TAGS must be a list, got "1,2\]"/ },
  'two halves of tables': { env: { P_TAGS: '{"a":1,"b":2}' }, fails: /TAGS must be a list/ },
  'half a quote': { env: { P_TAGS: '"a,b",c' }, fails: /TAGS must be a list/ },
  'a record of strings from numbers': { env: { P_HEADERS: '{"X-Retry":3}' }, gives: { HEADERS: { 'X-Retry': '3' } } },
  'a record in TOML': { env: { P_HEADERS: '{a = 1.10, b = "x"}' }, gives: { HEADERS: { a: '1.10', b: 'x' } } },
  'a word for a record': { env: { P_HEADERS: 'hello' }, fails: /HEADERS must be a table, got "hello"/ },
  'half a record': { env: { P_HEADERS: '{"a":1' }, fails: /HEADERS must be a table, got a text of 6 characters/ },
  'a string of digits': { env: { P_NAME: '1.10' }, gives: { NAME: '1.10' } },
  'a string that looks like TOML': { env: { P_NAME: '"a" # b' }, gives: { NAME: '"a" # b' } },
  'a string in brackets': { env: { P_NAME: '[1]' }, gives: { NAME: '[1]' } },
  'a string with spaces around': { env: { P_NAME: ' x ' }, gives: { NAME: ' x ' } },
  'a word for yes': { env: { P_DEBUG: 'on' }, gives: { DEBUG: true } },
  'a word for no': { env: { P_DEBUG: 'off' }, gives: { DEBUG: false } },
  'a word for neither': { env: { P_DEBUG: 'maybe' }, fails: /DEBUG must be true or false, got "maybe" +from env P_DEBUG/ },
  'a word of an enumeration that also means no': { env: { P_LEVEL: 'off' }, gives: { LEVEL: 'off' } },
  'a word of an enumeration that looks like a number': { env: { P_LEVEL: '1.10' }, gives: { LEVEL: '1.10' } },
  'a word that is not in the enumeration': { env: { P_LEVEL: 'x' }, fails: /LEVEL must be one of .*"1.10".*, got "x"/ },
  'a number or a word': { env: { P_MODE: 'auto' }, gives: { MODE: 'auto' } },
  'a number where a word could stand': { env: { P_MODE: '5' }, gives: { MODE: 5 } },
  'a union of tables with digits for a string': {
    env: { P_AUTH__KIND: 'login', P_AUTH__PASSPHRASE: '12345' },
    gives: { AUTH: { kind: 'login', PASSPHRASE: '12345' } },
  },
  'the other table of a union, as one text': {
    env: { P_AUTH: '{"kind":"file","path":"1e5","depth":3}' },
    gives: { AUTH: { kind: 'file', path: '1e5', depth: 3 } },
  },
  'an empty variable over a default': { env: { P_PORT: '' }, gives: { PORT: 3000 } },
  'an empty variable over a file': {
    env: { P_PORT: '', P_LEVEL: '' },
    files: { 'settings.toml': 'PORT = 5\nLEVEL = "on"' },
    gives: { PORT: 5, LEVEL: 'on' },
  },
  'an empty string': { env: { P_NAME: '' }, gives: { NAME: '' } },
  'something else than a number': { env: { P_PORT: '2m' }, fails: /PORT must be an integer, got "2m" +from env P_PORT/ },
  'a number that is too small': { env: { P_PORT: '0' }, fails: /PORT must be >= 1, got 0 +from env P_PORT/ },
  'a typed value of a file': {
    env: {},
    files: { 'settings.toml': 'PORT = "80"' },
    fails: /PORT must be an integer, got "80" +from \S*settings\.toml:1/,
  },
  'an item of a list in a text': {
    env: { P_SERVERS: '[{"host":"h","port":"x"}]' },
    fails: /servers\.0\.port must be a number, got "x" +from env P_SERVERS/,
  },
  'a required key of a table': { env: { P_SMTP__USER: 'joe' }, fails: /smtp\.host is required \(string\)\n +set P_smtp__host/ },
}

describe.each(libraries)('a schema of %s', (_, schema) => {
  it.each(Object.entries(CASES))('reads %s', (_title, { env, files = {}, prefix = 'P', gives = {}, fails }) => {
    const create = () => load(schema, { env: { ...env }, files: { ...files }, prefix })

    if (fails) {
      expect(create).toThrow(fails)
      return
    }
    const config = create()
    for (const [path, value] of Object.entries(gives)) expect(config.get(path), path).toEqual(value)
  })

  it('says where a value comes from, and warns about a misspelt variable', () => {
    const warnings: string[] = []
    const config = load(schema, {
      env: { P_PORT: '9', P_TGAS: 'x', P_SMTP__HOTS: 'h', P_SMTP__HOST: 'h' },
      onWarning: (text) => warnings.push(text),
    })

    expect(config.explain('port')).toMatch(/PORT = 9 .*\n {2}\* env +P_PORT="9" +cast string -> number/)
    expect(warnings.join('\n')).toContain('P_TGAS is not a known setting, did you mean P_TAGS?')
    expect(warnings.join('\n')).toContain('P_smtp__HOTS is not a known setting, did you mean P_smtp__host?')
  })

  it('describes its settings', () => {
    const rows = load(schema, {}).describe()

    expect(rows.map(({ path }) => path)).toEqual(expect.arrayContaining(['PORT', 'NAME', 'smtp.host', 'smtp.user', 'LEVEL']))
    expect(rows.find(({ path }) => path === 'PORT')).toMatchObject({
      type: 'integer',
      isRequired: false,
      variable: 'P_PORT',
      description: 'Where it listens.',
      constraints: expect.arrayContaining(['be >= 1']) as string[],
    })
    expect(rows.find(({ path }) => path === 'NAME')).toMatchObject({ type: 'string', isRequired: true })
  })

  it('takes a date of a file', () => {
    const config = load(schema, { files: { 'settings.toml': 'WHEN = 2024-02-29T10:00:00Z' } })

    expect(config.get('WHEN')).toEqual(new Date('2024-02-29T10:00:00Z'))
    expect(() => (config.get('WHEN') as Date).setFullYear(2000)).toThrow(/read-only/)
  })
})
