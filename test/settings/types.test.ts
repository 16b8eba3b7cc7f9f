import * as v from 'valibot'
import { describe, expect, expectTypeOf, it } from 'vitest'
import * as z from 'zod'
import { type Config, createConfig, type StandardSchema } from '../../src/settings/index.js'
import { aFolder } from './folder.js'

const schema = v.object({
  DATABASE_URL: v.string(),
  LLM_TIMEOUT_SECONDS: v.optional(v.pipe(v.number(), v.integer()), 120),
  LOG_LEVEL: v.optional(v.picklist(['DEBUG', 'INFO']), 'INFO'),
  FEATURE_FLAGS: v.optional(v.record(v.string(), v.boolean()), {}),
  HOSTS: v.optional(v.array(v.string()), []),
  db: v.object({ host: v.string(), pool: v.optional(v.object({ max: v.number() })) }),
})
const overrides = { DATABASE_URL: 'postgresql://h/x', db: { host: 'h' } }
const create = () => createConfig({ schema, overrides, root: aFolder(), files: [], dotenv: false, env: {} })

describe('the types of settings', () => {
  it('infers values from the schema, read-only at every depth', () => {
    const { values } = create()

    expectTypeOf(values.LLM_TIMEOUT_SECONDS).toEqualTypeOf<number>()
    expectTypeOf(values.LOG_LEVEL).toEqualTypeOf<'DEBUG' | 'INFO'>()
    expectTypeOf(values.HOSTS).toEqualTypeOf<readonly string[]>()
    expectTypeOf(values.db).toEqualTypeOf<{ readonly host: string; readonly pool?: { readonly max: number } | undefined }>()
    // @ts-expect-error a snapshot cannot be written to
    expect(() => (values.LOG_LEVEL = 'DEBUG')).toThrow(TypeError)
    // @ts-expect-error nor can a table in it
    expect(() => (values.db.host = 'x')).toThrow(TypeError)
  })

  it('infers what stands at a dotted path', () => {
    const config = create()

    expectTypeOf(config.get('db.host')).toEqualTypeOf<string>()
    expectTypeOf(config.get('db.pool.max')).toEqualTypeOf<number | undefined>()
    expectTypeOf(config.get('db.pool.max', 5)).toEqualTypeOf<number>()
    expectTypeOf(config.get('FEATURE_FLAGS.beta')).toEqualTypeOf<boolean | undefined>()
    expectTypeOf(config.get('database_url')).toEqualTypeOf<string>()
    expectTypeOf(config.get('feature_flags.beta')).toEqualTypeOf<boolean | undefined>()
    expectTypeOf(config.get('Db.Host')).toEqualTypeOf<string>()
    expectTypeOf(config.get('db__pool__max')).toEqualTypeOf<number | undefined>()
    expectTypeOf(config.get('HOSTS.0')).toEqualTypeOf<string | undefined>()
    expectTypeOf(config.get('hosts[0]')).toEqualTypeOf<string | undefined>()
    expectTypeOf(config.get('hosts.0', 'none')).toEqualTypeOf<string>()
    expect(config.get('db.pool.max', 5)).toBe(5)
  })

  it('refuses a path that a closed schema does not have', () => {
    const config = create()

    // @ts-expect-error misspelt
    expect(config.get('db.hots')).toBeUndefined()
    // @ts-expect-error misspelt, with a fallback
    expect(config.get('LOG_LEVLE', 'INFO')).toBe('INFO')
    // @ts-expect-error below a single value
    expect(config.get('db.host.x')).toBeUndefined()
    // @ts-expect-error no index
    expect(config.get('HOSTS.first')).toBeUndefined()
    // A path of run time.
    const path: string = 'db.host'
    expectTypeOf(config.get(path)).toEqualTypeOf<unknown>()
    expect(config.get(path)).toBe('h')
  })

  it('knows lists, unions of tables, and what an open schema may have besides', () => {
    const open = v.looseObject({
      servers: v.array(v.object({ host: v.string(), tags: v.optional(v.array(v.string())) })),
      auth: v.union([v.object({ kind: v.literal('a'), pin: v.string() }), v.object({ kind: v.literal('b'), path: v.string() })]),
      pair: v.tuple([v.string(), v.number()]),
    })
    const config = createConfig({
      schema: open,
      root: aFolder(),
      files: [],
      dotenv: false,
      overrides: { servers: [{ host: 'h' }], auth: { kind: 'a', pin: '1' }, pair: ['x', 2] },
    })

    expectTypeOf(config.get('servers.0.host')).toEqualTypeOf<string | undefined>()
    expectTypeOf(config.get('servers[0].tags[1]')).toEqualTypeOf<string | undefined>()
    expectTypeOf(config.get('auth.pin')).toEqualTypeOf<string | undefined>()
    expectTypeOf(config.get('auth.kind')).toEqualTypeOf<'a' | 'b'>()
    expectTypeOf(config.get('pair.1')).toEqualTypeOf<number>()
    expectTypeOf(config.get('something.else')).toEqualTypeOf<unknown>()
    // @ts-expect-error the table inside is closed
    expect(config.get('servers.0.hots')).toBeUndefined()
    expect([config.get('servers.0.host'), config.get('auth.pin'), config.get('pair.1')]).toEqual(['h', '1', 2])
  })

  it('infers the same from a schema of zod', () => {
    const zod = z.object({ db: z.object({ host: z.string() }).default({ host: 'h' }), port: z.coerce.number().default(1) })
    const config = createConfig({ schema: zod, root: aFolder(), files: [], dotenv: false })

    expectTypeOf(config.values.port).toEqualTypeOf<number>()
    expectTypeOf(config.get('DB.host')).toEqualTypeOf<string>()
    // @ts-expect-error misspelt
    expect(config.get('db.hots')).toBeUndefined()
  })

  it('accepts any Config where one of unknown values is asked for', () => {
    const config = create()
    const read = (settings: Config, path: string): unknown => settings.get(path)

    expectTypeOf(config).toExtend<Config>()
    expect(read(config, 'DATABASE_URL')).toBe('postgresql://h/x')
  })

  it('refuses overrides and rules that do not fit the schema', () => {
    const wrong = () =>
      createConfig({
        schema,
        // @ts-expect-error a number is wanted
        overrides: { ...overrides, LLM_TIMEOUT_SECONDS: 'soon' },
        root: aFolder(),
        files: [],
        env: {},
      })

    expect(wrong).toThrow('LLM_TIMEOUT_SECONDS must be an integer, got "soon"')
    createConfig({
      schema,
      overrides,
      root: aFolder(),
      files: [],
      env: {},
      rules: [{ path: 'HOSTS', message: 'x', check: (values) => expectTypeOf(values.HOSTS).toEqualTypeOf<readonly string[]>() || true }],
    })
  })

  it('gives unknown values without a schema', () => {
    const config = createConfig({ root: aFolder(), files: [], dotenv: false, prefix: 'X', env: { X_A: '1' } })

    expectTypeOf(config.values).toEqualTypeOf<Readonly<Record<string, unknown>>>()
    expect(config.values.A).toBe(1)
  })

  it('takes the output type of any Standard Schema', () => {
    const handmade: StandardSchema<unknown, { port: number }> = {
      '~standard': { version: 1, vendor: 'handmade', validate: (value) => ({ value: value as { port: number } }) },
    }
    const config = createConfig({ schema: handmade, root: aFolder(), files: [], dotenv: false, overrides: { port: 1 } })

    expectTypeOf(config.values.port).toEqualTypeOf<number>()
    expect(config.values.port).toBe(1)
  })
})
