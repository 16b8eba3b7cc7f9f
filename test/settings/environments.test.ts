import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { type CreateConfigOptions, createConfig } from '../../src/settings/index.js'
import { aFolder } from './folder.js'

function load(files: Record<string, string>, options: Partial<CreateConfigOptions> & { env?: Record<string, string> }) {
  const warnings: string[] = []
  const config = createConfig({ root: aFolder(files), dotenv: false, env: {}, ...options, onWarning: (message) => warnings.push(message) })
  return { config, warnings: warnings.join('\n') }
}

const files = { 'settings.toml': 'A = "default"', 'settings.prod.toml': 'A = "prod"', 'settings.dev.toml': 'A = "dev"' }

describe('the environment', () => {
  it.each([
    ['production', 'prod'],
    ['PROD', 'prod'],
    ['Production', 'prod'],
    ['prod', 'prod'],
    ['development', 'dev'],
    ['DEV', 'dev'],
  ])('%s reads the file of %s', (name, expected) => {
    const { config, warnings } = load(files, { env: { NODE_ENV: name } })

    expect(config.get('A')).toBe(expected)
    expect(config.environment).toBe(name)
    expect(warnings).toBe('')
  })

  it('prefers the file of its own name to that of another name for it', () => {
    const both = { ...files, 'settings.production.toml': 'A = "production"' }

    expect(load(both, { env: { NODE_ENV: 'production' } }).config.get('A')).toBe('production')
    expect(load(both, { env: { NODE_ENV: 'prod' } }).config.get('A')).toBe('prod')
  })

  it('reads the section, the .env file and the rules of its other name', () => {
    const sections = { 'settings.toml': '[default]\nA = 1\n[prod]\nA = 2\n', '.env.prod': 'P_B=3' }
    const rules = [{ environments: ['prod'], path: 'A', message: 'must be 1', check: (values: Record<string, unknown>) => values.A === 1 }]
    const options = { env: { NODE_ENV: 'production' }, dotenv: true, prefix: 'P' }

    expect(load(sections, options).config.values).toEqual({ A: 2, B: 3 })
    expect(() => load(sections, { ...options, rules })).toThrow(/A must be 1/)
  })

  it('takes the name on the allow-list when it goes by another', () => {
    const { config } = load(files, { env: { NODE_ENV: 'production' }, environments: ['local', 'prod'] })

    expect(config.environment).toBe('prod')
    expect(config.get('A')).toBe('prod')
    expect(() => load(files, { env: { NODE_ENV: 'prdo' }, environments: ['local', 'prod'] })).toThrow(/did you mean "prod"/)
  })

  it.each([
    ['prdo', files, /belongs to the environment "prdo" \(chosen by NODE_ENV\); there are dev, prod: did you mean "prod"\?/],
    ['test', files, /belongs to the environment "test" \(chosen by NODE_ENV\); there are dev, prod$/],
    ['prdo', { 'settings.toml': '[default]\nA = 1\n[prod]\nA = 2\n' }, /there are prod: did you mean "prod"\?/],
    ['prdo', { 'settings.toml': '[prod]\nA = 2\n[staging]\nA = 3\n' }, /there are prod, staging/],
    ['staging', { 'settings.toml': 'A = 1', 'settings.local.toml': 'A = 2' }, /there are local$/],
  ])('%s that nothing belongs to is a warning that names what is there', (name, there, expected) => {
    expect(load(there, { env: { NODE_ENV: name } }).warnings).toMatch(expected)
  })

  it('is no reason for a warning when nothing belongs to any, or when nobody chose it', () => {
    expect(load({ 'settings.toml': 'A = 1' }, { env: { NODE_ENV: 'production' } }).warnings).toBe('')
    expect(load(files, {}).warnings).toBe('')
  })
})

describe('settings files', () => {
  it('may be JSON, with sections and in the place of the file of secrets', () => {
    const { config } = load(
      {
        'a.json': '{"default": {"A": 1, "db": {"host": "h"}}, "prod": {"A": 2}}',
        'a.prod.json': '{"B": [1, 2]}',
        's.json': '{"C": "top"}',
      },
      { files: ['a.json', 'a.{env}.json'], secretsFile: 's.json', environment: 'prod' },
    )

    expect(config.values).toEqual({ A: 2, db: { host: 'h' }, B: [1, 2], C: 'top' })
    expect(JSON.stringify(config)).toContain('"C":"***"')
  })

  it.each([
    ['a.json', '{"A": 1,}', /a\.json:1:\d+ is not valid JSON$/],
    ['a.json', '{\n"PASSWORD": "hunter2" "x"}', /a\.json:2:\d+ is not valid JSON$/],
    ['a.json', '[1]', /a\.json must hold a JSON object/],
    ['a.json', '{"A": 12345678901234567890}', /beyond 2\^53/],
    ['a.yaml', 'A: 1', /a\.yaml is neither TOML nor JSON/],
    ['a.yml', 'A: 1', /neither TOML nor JSON/],
    ['a.toml', 'A: 1', /a\.toml:1:\d+ is not TOML: it looks like JSON or YAML/],
    ['a.toml', '{"A": 1}', /a\.toml:1:\d+ is not TOML: it looks like JSON or YAML/],
    ['a.toml', '---\nA: 1', /looks like JSON or YAML/],
    ['a.toml', 'x = 1\nd = 2021-02-30', /a\.toml:2:5 has a date that does not exist/],
    ['a.toml', 'd = 2023-02-29T10:00:00Z', /a\.toml:1:5 has a date that does not exist/],
    ['a.toml', 'd = [2021-01-01, 2021-04-31]', /a\.toml:1:18 has a date that does not exist/],
    ['a.toml', 'd = { a = 2021-06-31 }', /a\.toml:1:11 has a date that does not exist/],
    ['a.toml', 'd = 2021-01-01T24:00:00Z', /a\.toml:1:\d+ is not valid TOML/],
  ])('%s with %j is refused', (name, text, expected) => {
    expect(() => load({ [name]: text }, { files: [name] })).toThrow(expected)
  })

  it('keep days that exist, and what only looks like a day', () => {
    const text = 'd = 2024-02-29\n# 2021-02-30\ns = "2021-02-30"\nt = """\n2021-02-30"""\n[2021-02-31]\n2021-02-30 = 1\n'
    const { config } = load({ 'settings.toml': text }, {})

    expect(config.get('d')).toEqual(new Date('2024-02-29'))
    expect(JSON.stringify(config)).toContain('"d":"2024-02-29"')
    expect(config.get('2021-02-31')).toEqual({ '2021-02-30': 1 })
  })

  it('that hold one key in two cases are refused, except where the schema has a record', () => {
    const users = { 'settings.toml': '[default.users]\nBob = 1\nbob = 2\n' }
    const record = v.object({ users: v.record(v.string(), v.number()) })
    const closed = v.object({ users: v.object({ bob: v.number() }) })

    expect(() => load(users, {})).toThrow(/users\.Bob is said twice in one table, in different case/)
    expect(() => load(users, { schema: closed })).toThrow(/said twice/)
    expect(() => load({ 'settings.toml': 'A = 1\na = 2' }, {})).toThrow(/said twice/)
    expect(load(users, { schema: record }).config.values).toEqual({ users: { Bob: 1, bob: 2 } })
    expect(load(users, { schema: record }).config.get('users.bob')).toBe(2)
    expect(load(users, { schema: record }).config.get('users.Bob')).toBe(1)
    expect(load({}, { schema: record, prefix: 'P', env: { P_USERS: '{"Bob":1,"bob":2}' } }).config.get('users')).toEqual({ Bob: 1, bob: 2 })
  })

  it('are wanted only when something says so', () => {
    const here = process.cwd()
    const warnings: string[] = []
    try {
      process.chdir(aFolder())
      createConfig({ env: {}, prefix: 'P', onWarning: (message) => warnings.push(message) })
      expect(warnings).toEqual([])
      createConfig({ env: {}, root: '.', onWarning: (message) => warnings.push(message) })
      expect(warnings.join()).toMatch(/no settings file found; looked for settings\.toml, settings\.local\.toml, \.secrets\.toml/)
    } finally {
      process.chdir(here)
    }
  })

  it('of another kind beside none are named in the warning', () => {
    expect(load({ 'settings.json': '{}', 'settings.prod.yaml': '' }, {}).warnings).toMatch(
      /\(settings\.json, settings\.prod\.yaml are there/,
    )
  })
})
