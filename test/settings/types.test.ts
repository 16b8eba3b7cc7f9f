import * as v from 'valibot'
import { describe, expect, expectTypeOf, it } from 'vitest'
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
    expectTypeOf(config.get('database_url')).toEqualTypeOf<unknown>()
    expect(config.get('db.pool.max', 5)).toBe(5)
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
