import fc from 'fast-check'
import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { createConfig, type StandardSchema } from '../../src/settings/index.js'
import { aFolder } from './folder.js'

const silent = { onWarning: () => {}, dotenv: false } as const

describe('casting', () => {
  const read = (schema: v.GenericSchema, text: string): unknown => {
    return createConfig({ ...silent, root: aFolder(), files: [], prefix: 'P', env: { P_V: text }, schema: v.object({ V: schema }) }).get(
      'V',
    )
  }

  it('lets the schema decide what a text means', () => {
    expect(read(v.string(), '12345')).toBe('12345')
    expect(read(v.string(), 'true')).toBe('true')
    expect(read(v.string(), '{"a": 1}')).toBe('{"a": 1}')
    expect(read(v.boolean(), 'off')).toBe(false)
    expect(read(v.boolean(), '1')).toBe(true)
    expect(read(v.number(), '007')).toBe(7)
    expect(read(v.array(v.string()), 'a, b')).toEqual(['a', 'b'])
    expect(read(v.array(v.string()), '1,2')).toEqual(['1', '2'])
    expect(read(v.array(v.number()), '1,2')).toEqual([1, 2])
    expect(read(v.array(v.object({ a: v.number() })), '[{"a": 1}]')).toEqual([{ a: 1 }])
    expect(read(v.union([v.number(), v.picklist(['auto'])]), 'auto')).toBe('auto')
  })

  it('keeps any text as it is under v.string()', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (text) => {
        fc.pre(!text.startsWith('@') && !/^\s*["']/.test(text) && !text.includes('\0'))
        expect(read(v.string(), text)).toBe(text)
      }),
      { numRuns: 300 },
    )
  })

  it('says what a transformation wanted, whose schema has no shape', () => {
    const schema = v.pipe(v.unknown(), v.transform(Number), v.number())

    expect(read(schema, '1.10')).toBe(1.1)
    expect(() => read(schema, 'abc')).toThrow(/V must be a number, got "abc" +from env P_V/)
  })

  it('takes null for a nullable value from the token @none and from JSON, not from the word', () => {
    const schema = v.nullable(v.number())

    expect(read(schema, '@none')).toBeNull()
    expect(read(v.object({ limit: schema }), '{"limit": null}')).toEqual({ limit: null })
    expect(read(v.nullable(v.string()), 'null')).toBe('null')
    expect(() => read(schema, 'null')).toThrow(/V must be a number, got "null" +from env P_V/)
  })

  it('never casts what a file or code has typed', () => {
    const schema = v.object({ A: v.number() })

    expect(() => createConfig({ ...silent, root: aFolder({ 'settings.toml': 'A = "42"' }), env: {}, schema })).toThrow(
      /A must be a number, got "42" +from \S*settings\.toml:1/,
    )
    expect(() => createConfig({ ...silent, root: aFolder(), files: [], env: {}, schema, overrides: { A: '42' as never } })).toThrow(
      /A must be a number/,
    )
  })

  it('casts for a schema of another library as well, and repeats its message', () => {
    const port: StandardSchema<unknown, { PORT: number }> = {
      '~standard': {
        version: 1,
        vendor: 'handmade',
        validate: (value) => {
          const { PORT } = value as { PORT?: unknown }
          return typeof PORT === 'string' && PORT.startsWith('p')
            ? { value: { PORT: 7 } }
            : { issues: [{ message: 'wants a p', path: ['PORT'] }] }
        },
      },
    }
    const create = (text: string) =>
      createConfig({ ...silent, root: aFolder(), files: [], prefix: 'P', env: { P_PORT: text }, schema: port })

    expect(create('p1').values.PORT).toBe(7)
    expect(() => create('42')).toThrow(/PORT is not accepted: wants a p, got 42/)
  })

  it('refuses an asynchronous schema', () => {
    const schema = v.objectAsync({
      A: v.pipeAsync(
        v.string(),
        v.checkAsync(async () => true),
      ),
    })

    expect(() => createConfig({ ...silent, root: aFolder({ 'settings.toml': 'A = "x"' }), env: {}, schema: schema as never })).toThrow(
      /asynchronous/,
    )
  })

  it('reports what a rule says in the same list as the schema', () => {
    const schema = v.object({ A: v.number(), URL: v.optional(v.string(), 'http://x') })
    const rules = [
      {
        environments: ['prod'],
        path: 'URL',
        message: 'must be https in production',
        check: (values: { URL: string }) => values.URL.startsWith('https'),
      },
      { path: 'URL', message: 'never applies', when: () => false, check: () => false },
    ]
    const create = (environment: string) =>
      createConfig({ ...silent, root: aFolder({ 'settings.toml': 'A = "x"' }), env: {}, schema, rules, environment })

    expect(() => create('prod')).toThrow(/2 problems.*\n.*A must be a number.*\n.*URL must be https in production/)
    expect(() => create('dev')).toThrow(/1 problem /)
  })

  it('warns about unknown keys with the nearest known one, or fails, or is silent', () => {
    const schema = v.object({ LOG_LEVEL: v.optional(v.string()), DB: v.optional(v.object({ host: v.string() })) })
    const root = aFolder({ 'settings.toml': 'LOGLEVEL = "x"\n[DB]\nhost = "h"\nhots = 1\n' })
    const warnings: string[] = []
    const create = (unknownKeys: 'warn' | 'error' | 'ignore') =>
      createConfig({
        ...silent,
        root,
        schema,
        prefix: 'P',
        env: { P_LOGLEVEL: 'x' },
        unknownKeys,
        onWarning: (message) => warnings.push(message),
      })

    create('ignore')
    expect(warnings).toEqual([])
    create('warn')
    expect(warnings.join('\n')).toMatch(
      /P_LOGLEVEL is not a known setting, did you mean P_LOG_LEVEL\?\n\S*settings\.toml:4: DB\.hots is not a known setting, did you mean DB\.host\?/,
    )
    expect(() => create('error')).toThrow(/LOGLEVEL is not a known setting/)
  })
})

describe('tokens', () => {
  const create = (files: Record<string, string>, env: Record<string, string> = {}, schema?: v.GenericSchema) =>
    createConfig({ ...silent, root: aFolder(files), prefix: 'P', env, ...(schema ? { schema } : {}) })

  it('use final values, defaults of the schema and the reading of the schema included', () => {
    const schema = v.object({ HOST: v.optional(v.string(), 'h'), PIN: v.string(), URL: v.string() })

    const config = create({ 'settings.toml': 'URL = "@format {this.HOST}/{this.PIN}"' }, { P_PIN: '1e3' }, schema)

    expect(config.get('URL')).toBe('h/1e3')
  })

  it('report a circle as a path', () => {
    expect(() => create({ 'settings.toml': 'A = "@format {this.B}"\nB = "@get C"\nC = "@get A"' })).toThrow(
      /A refers to itself|refers to itself: A -> B -> C -> A/,
    )
  })

  it('show an unquoted token and how to quote it', () => {
    expect(() => create({ 'settings.toml': 'X = 1\nA = @env STAGING_URL' })).toThrow(
      /settings\.toml:2:5 has a token without quotes: A = @env STAGING_URL\n {2}write A = "@env STAGING_URL"/,
    )
  })

  it('read files relative to the file that says it', () => {
    const config = create({
      'settings.toml': 'A = "@read_file keys/a"',
      'keys/a': 'one\n',
      'settings.local.toml': 'B = ["@read_file keys/a"]',
    })

    expect(config.values).toEqual({ A: 'one', B: ['one'] })
  })

  it('are not read in defaults and overrides, which are code', () => {
    const schema = v.object({ A: v.optional(v.string(), '@env HOME') })

    expect(create({}, {}, schema).get('A')).toBe('@env HOME')
  })
})
