import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { describe, expect, it, vi } from 'vitest'
import * as z from 'zod'
import { type CreateConfigOptions, createConfig } from '../../src/settings/index.js'
import { aFolder } from './folder.js'

function load(options: Partial<CreateConfigOptions> & { folder?: Record<string, string> }) {
  const warnings: string[] = []
  const { folder = {}, ...rest } = options
  const files = 'settings.toml' in folder ? undefined : []
  const config = createConfig({
    root: aFolder(folder),
    prefix: 'P',
    env: {},
    ...(files ? { files } : {}),
    ...rest,
    onWarning: (message) => warnings.push(message),
  })
  return { config, warnings: warnings.join('\n') }
}

describe('a text without a schema', () => {
  it.each([
    ['[1]', [1]],
    ['[{"a":1}]', [{ a: 1 }]],
    ['[{a = 1}]', [{ a: 1 }]],
    ['{"a":[1,{"b":null}]}', { a: [1, { b: null }] }],
    ['[1', '[1'],
    ['{"a":1', '{"a":1'],
    ['[12345678901234567890]', '[12345678901234567890]'],
    ['1.10', 1.1],
    ['', ''],
  ])('%s is read whole or not at all', (text, expected) => {
    expect(load({ env: { P_V: text } }).config.get('V')).toEqual(expected)
  })
})

describe('scalars of a list or a table are read by the schema from their own text', () => {
  const schema = v.object({
    ids: v.optional(v.array(v.string())),
    big: v.optional(v.record(v.string(), v.bigint())),
    days: v.optional(v.array(v.date())),
    open: v.optional(v.array(v.any())),
    counts: v.optional(v.array(v.number())),
  })

  it.each([
    ['P_IDS', '[123456789012345678, 1.10, 1e5, true, null, 2024-01-31, 10:30]', 'null'],
    [
      'P_IDS',
      '[123456789012345678, 1.10, 1e5, true, 2024-01-31, 10:30, "x"]',
      ['123456789012345678', '1.10', '1e5', 'true', '2024-01-31', '10:30', 'x'],
    ],
    ['P_BIG', '{"a": 12345678901234567890, "b": -1}', { a: 12345678901234567890n, b: -1n }],
    ['P_BIG', '{ a = 12345678901234567890 }', { a: 12345678901234567890n }],
    ['P_DAYS', '[2024-01-31]', [new Date('2024-01-31')]],
    ['P_OPEN', '[12345678901234567890, 2024-01-31, 5]', ['12345678901234567890', '2024-01-31', 5]],
    ['P_IDS', '[a, b]', 'must be a list'],
    ['P_IDS', '[007]', 'must be a list'],
    ['P_COUNTS', '[12345678901234567890]', 'counts.0 must be a number'],
    ['P_COUNTS', '[1, # one\n 2]', [1, 2]],
  ])('%s=%s', (name, text, expected) => {
    if (typeof expected === 'string') expect(() => load({ schema, env: { [name]: text } })).toThrow(expected)
    else expect(Object.values(load({ schema, env: { [name]: text } }).config.values)).toEqual([expected])
  })
})

describe('nesting without end', () => {
  const deep = 100_000

  it.each([
    ['lists', { P_V: '['.repeat(deep) + ']'.repeat(deep) }],
    ['tables', { P_V: '{"a":'.repeat(deep) + '1' + '}'.repeat(deep) }],
    ['tokens', { P_V: `${'@int '.repeat(deep)}1` }],
    ['levels of a name', { [`P_${'A__'.repeat(deep)}A`]: '1' }],
  ])('is an error of the settings or a text, and costs no stack: %s', (_, env) => {
    for (const schema of [undefined, v.object({ V: v.optional(v.record(v.string(), v.any())) }), v.object({ V: v.optional(v.any()) })]) {
      try {
        const { config } = load({ env, ...(schema ? { schema } : {}) })
        expect(['string', 'undefined']).toContain(typeof config.get('V'))
        expect(JSON.stringify(config).length).toBeLessThan(10 * deep)
      } catch (error) {
        expect(error).toMatchObject({ code: 'E_SETTINGS' })
        expect(String(error).length).toBeLessThan(1_000)
      }
    }
  })

  it('is an error of a JSON file, and stays a text in .env', () => {
    const json = '{"a":'.repeat(deep) + '1' + '}'.repeat(deep)
    const dotenv = `P_V=${'${X:-'.repeat(1_000)}q${'}'.repeat(1_000)}`

    expect(() => createConfig({ root: aFolder({ 'settings.json': json }), files: ['settings.json'], env: {} })).toThrow(
      /more than 100 levels/,
    )
    expect(load({ folder: { '.env': dotenv } }).config.get('V')).toBeTypeOf('string')
  })
})

describe('a schema that converts', () => {
  const schema = z.object({
    text: z.coerce.string(),
    count: z.coerce.number(),
    flag: z.coerce.boolean(),
    shout: z.string().transform((text) => text.toUpperCase()),
    length: z
      .string()
      .transform((text) => text.length)
      .default(7),
    on: z.stringbool().default(true),
    either: z.union([z.string(), z.number()]).optional(),
  })

  it.each(['1.10', '1e5', '+4930123', 'true', '[1]', '"x"'])('gets %s as it stands under a string', (text) => {
    const { config } = load({ schema, env: { P_TEXT: text, P_SHOUT: text, P_COUNT: '5', P_FLAG: 'off' } })

    expect(config.values).toMatchObject({ text, shout: text.toUpperCase(), count: 5, flag: false, length: 7, on: true })
  })

  it('converts a variable, and its own default not', () => {
    const env = { P_TEXT: 'x', P_SHOUT: 'x', P_COUNT: '5', P_FLAG: 'on' }

    expect(load({ schema, env: { ...env, P_LENGTH: 'four', P_ON: 'off' } }).config.values).toMatchObject({ length: 4, on: false })
  })

  it.each([
    ['its own words', z.preprocess((text) => text === 'true', z.boolean()), 'true', true],
    ['behind a default', z.preprocess((text) => text === 'true', z.boolean()).default(false), 'true', true],
    [
      'its own separator',
      z.preprocess((text) => (typeof text === 'string' ? text.split(';') : text), z.array(z.string())),
      'a;b',
      ['a', 'b'],
    ],
    ['another case', z.preprocess((text) => String(text).toLowerCase(), z.enum(['debug', 'info'])), 'DEBUG', 'debug'],
    ['nothing of a text', z.preprocess((text) => text, z.number()), '5', 5],
    ['a table', z.preprocess((text) => text, z.object({ port: z.number() })), '{"port":5}', { port: 5 }],
  ])('hands the text to a function of zod that comes before the schema: %s', (_, part, text, value) => {
    expect(load({ schema: z.object({ A: part }), env: { P_A: text } }).config.values).toEqual({ A: value })
  })

  it('reports what comes out of such a function', () => {
    const schema = z.object({ A: z.preprocess(Number, z.number().min(3)) })

    expect(() => load({ schema, env: { P_A: '1' } })).toThrow(/A must be >= 3, got "1" +from env P_A/)
  })

  it('keeps a default table that a variable changes in part', () => {
    const db = z.object({ db: z.object({ host: z.string(), port: z.number() }).default({ host: 'h', port: 1 }) })

    expect(load({ schema: db }).config.values).toEqual({ db: { host: 'h', port: 1 } })
    expect(load({ schema: db, env: { P_DB__PORT: '2' } }).config.values).toEqual({ db: { host: 'h', port: 2 } })
  })
})

describe('an empty variable', () => {
  const schema = v.object({
    PORT: v.optional(v.number(), 3000),
    HOST: v.optional(v.string(), 'h'),
    URL: v.optional(v.pipe(v.string(), v.url())),
  })
  const folder = { 'settings.toml': 'HOST = "file"\nURL = "http://h"' }
  const env = { P_PORT: '', P_HOST: '', P_URL: '' }

  it('counts as not set where the schema refuses it', () => {
    expect(load({ schema, folder, env }).config.values).toEqual({ PORT: 3000, HOST: '', URL: 'http://h' })
    expect(load({ schema, folder: { ...folder, '.env': 'P_PORT=80' }, env }).config.get('PORT')).toBe(80)
  })

  it.each([
    ['a coerced number', z.coerce.number().default(5), 5],
    ['a coerced yes or no', z.coerce.boolean().default(true), true],
    ['a coerced date', z.coerce.date().default(new Date(0)), new Date(0)],
    ['a bigint', z.bigint().default(5n), 5n],
    ['a record', z.record(z.string(), z.string()).default({ a: 'b' }), { a: 'b' }],
    ['a table', z.object({ a: z.number().default(1) }).prefault({}), { a: 1 }],
    ['a list, which it empties', z.array(z.string()).default(['a']), []],
  ])('counts as not set where no empty text can be meant: %s', (_, part, value) => {
    expect(load({ schema: z.object({ A: part }), env: { P_A: '' } }).config.values).toEqual({ A: value })
  })

  it('counts as not set over a table of a file', () => {
    const table = v.object({ A: v.object({ b: v.number() }) })

    expect(load({ schema: table, folder: { 'settings.toml': 'A.b = 1' }, env: { P_A: '' } }).config.values).toEqual({ A: { b: 1 } })
    expect(() => load({ schema: z.object({ A: z.coerce.number() }), env: { P_A: '' } })).toThrow(/A is required .*P_A is set, but empty/)
  })

  it('counts as not set everywhere, or nowhere, on demand', () => {
    expect(load({ schema, folder, env, emptyIsUnset: true }).config.values).toEqual({ PORT: 3000, HOST: 'file', URL: 'http://h' })
    expect(() => load({ schema, folder, env, emptyIsUnset: false })).toThrow(/PORT must be a number, got "" +from env P_PORT/)
    expect(load({ env: { P_X: '' }, emptyIsUnset: true }).config.values).toEqual({})
  })

  it('is named when nothing else is there', () => {
    const required = v.object({ PORT: v.number() })

    expect(() => load({ schema: required, env: { P_PORT: '' } })).toThrow(/PORT is required \(number\); P_PORT is set, but empty/)
  })
})

describe('variables with names of their own', () => {
  const variables = { PORT: 'server.port', DATABASE_URL: 'db.url' }

  it('set what the option says, below the prefixed ones', () => {
    const env = { PORT: '80', DATABASE_URL: 'pg://h', P_SERVER__PORT: '81' }

    expect(load({ variables, env }).config.values).toEqual({ server: { port: 81 }, db: { url: 'pg://h' } })
    expect(load({ variables, env: { PORT: '80' } }).config.values).toEqual({ server: { port: 80 } })
    expect(load({ variables, env: {}, folder: { '.env': 'PORT=82' } }).config.values).toEqual({ server: { port: 82 } })
  })

  it('take files, and are read by the schema', () => {
    const schema = v.object({ server: v.object({ port: v.number() }), db: v.object({ url: v.string() }) })
    const folder = { url: 'pg://h\n' }

    expect(load({ schema, variables, folder, env: { PORT: '80', DATABASE_URL_FILE: 'url' } }).config.values).toEqual({
      server: { port: 80 },
      db: { url: 'pg://h' },
    })
    expect(() => load({ schema, variables, env: { PORT: '80' } })).toThrow(/db\.url is required \(string\)\n +set DATABASE_URL/)
  })

  it('may stand in the metadata of the schema', () => {
    const schemas = [
      v.object({ server: v.object({ port: v.pipe(v.number(), v.metadata({ variable: 'PORT' })) }) }),
      z.object({ server: z.object({ port: z.number().meta({ variable: 'PORT' }) }) }),
    ]

    for (const schema of schemas) {
      const { config } = load({ schema, env: { PORT: '80' } })
      expect(config.values).toEqual({ server: { port: 80 } })
      expect(config.describe()[0]).toMatchObject({ path: 'server.port', variable: 'PORT' })
    }
  })

  it('that lead nowhere are a warning', () => {
    const schema = v.object({ server: v.optional(v.object({ port: v.number() })) })

    expect(load({ schema, variables: { PORT: 'server.prot' } }).warnings).toMatch(
      /"variables" names server\.prot.*did you mean server\.port\?/,
    )
  })
})

describe('a file that holds one value', () => {
  it.each([
    ['"abc"', '"abc"'],
    ['@env HOME', '@env HOME'],
    ['@read_file /etc/hostname', '@read_file /etc/hostname'],
    ['12345', '12345'],
    ['[1]', '[1]'],
    ['a # b\n', 'a # b'],
    ['a\n\n', 'a\n'],
    ['a\r\n', 'a'],
    [' a ', ' a '],
  ])('%j is taken literally', (content, expected) => {
    const folder = { value: content }

    expect(load({ folder, env: { P_V_FILE: 'value' } }).config.get('V')).toBe(expected)
    expect(load({ folder, env: { P_V_FILE: 'value' }, schema: v.object({ V: v.string() }) }).config.get('V')).toBe(expected)
  })

  it('is read where the schema wants something else than text', () => {
    const schema = v.object({ PORT: v.number(), ON: v.boolean(), L: v.array(v.string()) })
    const folder = { port: '80\n', on: 'yes', l: 'a,b' }

    expect(load({ folder, schema, env: { P_PORT_FILE: 'port', P_ON_FILE: 'on', P_L_FILE: 'l' } }).config.values).toEqual({
      PORT: 80,
      ON: true,
      L: ['a', 'b'],
    })
  })

  it('counts beside an empty variable, as in the images of Docker, and an empty one counts for nothing', () => {
    const schema = v.object({ KEY: v.string(), PORT: v.optional(v.number()) })

    expect(
      load({ folder: { key: 'k\n' }, schema, env: { P_KEY: '', P_KEY_FILE: 'key', P_PORT: '5', P_PORT_FILE: '' } }).config.values,
    ).toEqual({
      KEY: 'k',
      PORT: 5,
    })
    expect(() => load({ folder: { key: 'k' }, schema, env: { P_KEY: 'x', P_KEY_FILE: 'key' } })).toThrow('is set twice')
  })

  it('may be missing when a higher layer says the value', () => {
    const folder = { '.env': 'P_DB__PASSWORD_FILE=missing\nP_X=1' }

    expect(load({ folder, env: { P_DB__PASSWORD: 'x' } }).config.get('db.password')).toBe('x')
    expect(load({ folder: { ...folder, '.env.local': 'P_DB__PASSWORD=y' } }).config.get('db.password')).toBe('y')
    expect(() => load({ folder })).toThrow(/P_DB__PASSWORD_FILE names, which does not exist/)
  })
})

describe('a directory of secrets', () => {
  const folder = { 'run/P_DB__PASSWORD': '@env HOME\n', 'run/api_key': '"k"', 'run/.hidden': 'no', 'settings.toml': 'api_key = "file"' }

  it('gives one secret for each file, with and without the prefix, literally', () => {
    const { config } = load({ folder, secretsDirectory: 'run' })

    expect(config.values).toEqual({ DB: { PASSWORD: '@env HOME' }, api_key: '"k"' })
    expect(JSON.stringify(config)).toBe('{"api_key":"***","DB":{"PASSWORD":"***"}}')
    expect(config.explain('api_key')).toMatch(/\* secrets +\S*run\/api_key/)
  })

  it('stands above files and below variables, and leaves other names alone', () => {
    const schema = v.object({ API_KEY: v.string(), PIN: v.optional(v.number()) })
    const { config, warnings } = load({
      folder: { 'run/api_key': 'k', 'run/pin': '0042', 'run/other': 'x', 'settings.toml': 'API_KEY = "file"' },
      secretsDirectory: ['run', 'missing'],
      schema,
      env: {},
    })

    expect(config.values).toEqual({ API_KEY: 'k', PIN: 42 })
    expect(warnings).toBe('')
    expect(load({ folder: { 'run/api_key': 'k' }, secretsDirectory: 'run', schema, env: { P_API_KEY: 'env' } }).config.get('API_KEY')).toBe(
      'env',
    )
  })

  it('takes tables before what is in them, and dots for levels the schema has', () => {
    const schema = v.object({ db: v.object({ password: v.string(), port: v.number() }), 'tls.crt': v.optional(v.string()) })
    const folder = {
      'run/db': '{"password":"a","port":1}',
      'run/DB__PORT': '2',
      'run/db.password': 'b',
      'run/tls.crt': 'c',
      'run/db.x': 'd',
    }

    expect(load({ folder, secretsDirectory: 'run', schema }).config.values).toEqual({ db: { password: 'b', port: 2 }, 'tls.crt': 'c' })
  })

  it('may not say one setting twice', () => {
    const twice = { 'run/api_key': 'hunter2', 'run/P_API_KEY': 'hunter3' }

    expect(() => load({ folder: twice, secretsDirectory: 'run' })).toThrow(
      /^(?![\s\S]*hunter)[\s\S]*is set twice, by \S*run\/P_API_KEY and by/,
    )
    expect(load({ folder: { 'run/api_key': 'k', 'run/P_API_KEY': 'k\n' }, secretsDirectory: 'run' }).config.get('api_key')).toBe('k')
  })

  it('is not the root when its name is empty, as without CREDENTIALS_DIRECTORY', () => {
    expect(load({ folder: { api_key: 'k' }, secretsDirectory: '' }).config.values).toEqual({})
  })

  it('is watched for files that come', () => {
    const root = aFolder({ 'run/a': '1' })
    const config = createConfig({ root, secretsDirectory: 'run', env: {}, fresh: ['b'], onWarning: () => {} })

    writeFileSync(join(root, 'run/b'), 'two')

    expect(config.get('b')).toBe('two')
  })
})

describe('a path', () => {
  it('is read alike by get, has, inspect, tokens, rules, secrets, fresh keys and overrides', () => {
    const folder = {
      'settings.toml':
        'a = "@get DB__host"\nb = "@get db.host"\nc = "@format {this.DB__host}"\nd = "@get servers[0].port"\n[db]\nhost = "h"\n[[servers]]\nport = 1\n',
    }
    const rules = [{ path: 'DB__host', message: 'is wrong', check: () => false }]
    const { config } = load({ folder, secrets: ['DB__host'], overrides: { db__pool: 3, 'db.max': 4 } })

    for (const path of ['db.host', 'DB__host', 'db__HOST', 'a', 'b', 'c']) expect(config.get(path), path).toBe('h')
    expect(config.get('db')).toEqual({ host: 'h', pool: 3, max: 4 })
    expect([config.get('servers[0].port'), config.get('servers.0.port'), config.get('d')]).toEqual([1, 1, 1])
    expect(config.has('DB__host')).toBe(true)
    expect(config.inspect('DB__host')).toMatchObject({ path: 'db.host', value: '***' })
    expect(JSON.stringify(config)).toContain('"a":"***","b":"***","c":"***"')
    expect(() => load({ folder, rules })).toThrow(/DB\.host is wrong/)
    for (const path of ['', '.', 'db.', '__', '[0]']) expect(config.get(path), path).toBeUndefined()
  })

  it('of the option "secrets" or "fresh" that leads nowhere is a warning', () => {
    const schema = v.object({ STRIPE_KEY: v.string(), PLAIN: v.optional(v.string()) })
    const env = { P_STRIPE_KEY: 'x' }

    expect(load({ schema, env, secrets: ['STRIP_KEY'] }).warnings).toBe(
      'the option "secrets" names STRIP_KEY, which is no setting; did you mean STRIPE_KEY?',
    )
    expect(load({ env, secrets: ['STRIP_KEY'] }).warnings).toContain('did you mean STRIPE_KEY?')
    expect(load({ schema, env, fresh: ['PLAIM'] }).warnings).toContain('did you mean PLAIN?')
    expect(load({ schema, env, secrets: ['stripe_key', 'PLAIN'], fresh: ['plain'] }).warnings).toBe('')
  })
})

describe('many variables', () => {
  it.each([
    ['describes itself', 'valibot', 1],
    ['does not describe itself', 'opaque', 3],
  ])('are validated as often as few, under a schema that %s', (_, vendor, expected) => {
    for (const count of [2, 400]) {
      const env = Object.fromEntries(Array.from({ length: count }, (_item, index) => [`P_K${index}`, index % 2 === 0 ? '12' : 'off']))
      const types = (index: number) => (index % 2 === 0 ? v.string() : v.boolean())
      const keys = v.object(Object.fromEntries(Array.from({ length: count }, (_item, index) => [`K${index}`, types(index)])))
      const validate = vi.fn(keys['~standard'].validate)
      const schema = { ...keys, '~standard': { ...keys['~standard'], vendor, validate } }

      const { config } = load({ schema, env })

      expect(config.values).toMatchObject({ K0: '12', K1: false })
      expect(validate).toHaveBeenCalledTimes(expected)
    }
  })

  it('of 5,000 with a schema of 500 keys are read in less than 100 ms', () => {
    const env = Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`P_K${index}`, String(index)]))
    const schema = v.object(Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`K${index}`, v.optional(v.number(), 1)])))
    let fastest = Infinity
    // Processor time of the fastest of several: on a machine that others use, most of a single measurement can be waiting.
    for (let round = 0; round < 30 && fastest >= 100; round++) {
      const start = process.cpuUsage()
      const config = createConfig({ schema, root: aFolder(), files: [], dotenv: false, prefix: 'P', env, onWarning: () => {} })
      const { user, system } = process.cpuUsage(start)
      fastest = Math.min(fastest, (user + system) / 1_000)
      expect((config.values as Record<string, number>).K499).toBe(499)
    }

    expect(fastest).toBeLessThan(100)
  })
})
