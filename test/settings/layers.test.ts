import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { options as planOptions } from '../../examples/settings/schema.js'
import { createConfig } from '../../src/settings/index.js'
import { aFolder, writeFile } from './folder.js'

const silent = { onWarning: () => {}, dotenv: false } as const
const examples = fileURLToPath(new URL('../../examples/settings/config/', import.meta.url))
const planFiles = () =>
  Object.fromEntries(
    ['settings.toml', 'settings.local.toml', 'settings.staging.toml', 'settings.prod.toml', '.secrets.toml'].map((name) => [
      name,
      readFileSync(join(examples, name), 'utf8'),
    ]),
  )

describe("the plan's criteria", () => {
  it('loads the five files with the values the plan gives', () => {
    const config = createConfig({ ...planOptions, ...silent, root: aFolder(planFiles()), env: {} })

    expect(config.environment).toBe('local')
    expect(config.values).toMatchObject({
      APP_NAME: 'agent-loggy',
      DEBUG: true,
      LOG_LEVEL: 'DEBUG',
      LLM_TIMEOUT_SECONDS: 120,
      CHUNK_OVERLAP: 50,
      REDIS_CONFIG_CHANNEL: 'config:invalidate',
    })
    expect(config.values.DATABASE_URL).toBe('postgresql://postgres:postgres@localhost:5432/agent_loggy')
    expect(config.isDebug()).toBe(true)
  })

  it('gives the values of staging when the variable says staging', () => {
    const env = { ENV_FOR_DYNACONF: 'staging', AGENTLOGGY_DATABASE_URL: 'postgresql://st/x', AGENTLOGGY_OLLAMA_HOST: 'http://o' }

    const config = createConfig({ ...planOptions, ...silent, root: aFolder(planFiles()), env })

    expect(config.environment).toBe('staging')
    expect(config.values).toMatchObject({ DEBUG: false, LOG_LEVEL: 'INFO', DATABASE_URL: 'postgresql://st/x' })
    expect(config.values.ANALYSIS_DIR).toBeUndefined()
  })

  it('shows a fresh key that changed on disk at the next access', () => {
    const root = aFolder(planFiles())
    const config = createConfig({ ...planOptions, ...silent, root, env: {} })
    const before = config.values.FEATURE_FLAGS

    writeFile(root, 'settings.local.toml', `${planFiles()['settings.local.toml']}\n[default.FEATURE_FLAGS]\nbeta = true\n`)

    expect(before).toEqual({})
    expect(config.get('FEATURE_FLAGS.beta')).toBe(true)
    expect(config.version).toBe(2)
  })

  it('lets a variable win over every file', () => {
    const files = { ...planFiles(), '.secrets.toml': '[default]\nLOG_LEVEL = "WARNING"\n' }
    const config = createConfig({ ...planOptions, ...silent, root: aFolder(files), env: { AGENTLOGGY_LOG_LEVEL: 'ERROR' } })

    expect(config.values.LOG_LEVEL).toBe('ERROR')
  })

  it('fails at start without DATABASE_URL and OLLAMA_HOST, and says what to set', () => {
    const create = () => createConfig({ ...planOptions, ...silent, root: aFolder(planFiles()), env: { ENV_FOR_DYNACONF: 'prod' } })

    expect(create).toThrow(/2 problems in the settings \(environment "prod", chosen by ENV_FOR_DYNACONF\)/)
    expect(create).toThrow(
      /1\. DATABASE_URL is required \(string\)\n\s+set AGENTLOGGY_DATABASE_URL, or DATABASE_URL in \S+settings\.prod\.toml or \S+\.secrets\.toml/,
    )
    expect(create).toThrow(/2\. OLLAMA_HOST is required/)
    expect(create).toThrow(/settings\.local\.toml has it, but is only read when the environment is "local"/)
  })
})

describe('layers', () => {
  const layers = ['default', 'settings.toml', 'settings.prod.toml', '.secrets.toml', '.env', '.env.prod', 'variable', 'overrides'] as const

  it('are in their order, whichever of them speak', () => {
    fc.assert(
      fc.property(fc.subarray([...layers], { minLength: 1 }), (speaking) => {
        const said = (layer: (typeof layers)[number]) => speaking.includes(layer)
        const toml = ['settings.toml', 'settings.prod.toml', '.secrets.toml'] as const
        const dotenv = ['.env', '.env.prod'] as const
        const root = aFolder({
          ...Object.fromEntries(toml.filter(said).map((name) => [name, `WHO = "${name}"`])),
          ...Object.fromEntries(dotenv.filter(said).map((name) => [name, `P_WHO=${name}`])),
        })

        const config = createConfig({
          ...silent,
          root,
          dotenv: true,
          prefix: 'P',
          environment: 'prod',
          schema: v.object({ WHO: said('default') ? v.optional(v.string(), 'default') : v.string() }),
          env: said('variable') ? { P_WHO: 'variable' } : {},
          overrides: said('overrides') ? { WHO: 'overrides' } : {},
        })

        expect(config.values.WHO).toBe(speaking.at(-1))
        expect(config.inspect('who').candidates.length).toBe(speaking.length)
      }),
      { numRuns: 60 },
    )
  })

  it('read [default], then the environment, then [global], in any case, and nothing of other environments', () => {
    const root = aFolder({ 'settings.toml': '[DEFAULT]\na = 1\nb = 1\nc = 1\n[Prod]\nb = 2\nc = 2\n[global]\nc = 3\n[staging]\na = 9\n' })

    const config = createConfig({ ...silent, root, environment: 'prod', env: {} })

    expect(config.values).toEqual({ a: 1, b: 2, c: 3 })
  })

  it('refuse keys beside sections, naming file and line', () => {
    const root = aFolder({ 'settings.toml': 'stray = 1\n[default]\na = 1\n' })

    expect(() => createConfig({ ...silent, root, env: {} })).toThrow(/settings\.toml:1: stray stands outside/)
  })

  it('refuse a table beside sections when the schema names it, and warn about it when nothing does', () => {
    const root = aFolder({ 'settings.toml': '[default]\na = 1\n[db]\nhost = "h"\n' })
    const warnings: string[] = []

    createConfig({ ...silent, root, env: {}, onWarning: (message) => warnings.push(message) })

    expect(warnings.join()).toMatch(/\[db\] is read as the section of an environment "db"/)
    expect(() => createConfig({ ...silent, root, env: {}, schema: v.object({ db: v.any() }) })).toThrow(/db stands outside/)
  })

  it('do not read settings.local.toml outside of "local"', () => {
    const root = aFolder({ 'settings.toml': 'A = 1', 'settings.local.toml': 'A = 2' })

    const listed = ['settings.toml', 'settings.local.toml']

    expect(createConfig({ ...silent, root, env: {}, environment: 'prod' }).values).toEqual({ A: 1 })
    expect(createConfig({ ...silent, root, env: {}, environment: 'prod', files: listed }).values).toEqual({ A: 1 })
    expect(createConfig({ ...silent, root, env: {} }).values).toEqual({ A: 2 })
  })

  it('name a listed file that is missing, and warn with every path when none is there', () => {
    const root = aFolder({ 'settings.toml': 'A = 1' })
    const warnings: string[] = []

    createConfig({ ...silent, root: aFolder(), env: {}, onWarning: (message) => warnings.push(message) })

    expect(warnings.join()).toMatch(/no settings file found; looked for .*settings\.toml, .*settings\.local\.toml, .*\.secrets\.toml/)
    expect(() => createConfig({ ...silent, root, env: {}, files: ['settings.toml', 'extra.toml'] })).toThrow(/extra\.toml is listed/)
  })

  it('keep .env out of process.env', () => {
    const root = aFolder({ '.env': 'P_ONLY_IN_DOTENV=1' })

    const config = createConfig({ root, files: [], prefix: 'P' })

    expect(config.values).toEqual({ ONLY_IN_DOTENV: 1 })
    expect(process.env).not.toHaveProperty('P_ONLY_IN_DOTENV')
  })

  it('fail for an environment that is not on the list, with a suggestion', () => {
    const create = () =>
      createConfig({ ...silent, root: aFolder(), env: { APP_ENV: 'producton' }, environments: ['local', 'staging', 'production'] })

    expect(create).toThrow(/environment "producton", chosen by APP_ENV, is none of local, staging, production; did you mean "production"\?/)
  })

  it('name both origins when a table meets a single value', () => {
    const root = aFolder({ 'settings.toml': '[db]\nhost = "h"\n' })

    expect(() => createConfig({ ...silent, root, prefix: 'P', env: { P_DB: 'text' } })).toThrow(/settings\.toml and P_DB disagree/)
  })

  it('give the same values whatever the order of the environment', () => {
    const pairs = [
      ['P_DB__pool__max', '5'],
      ['P_DB', '{host="h", pool={min=1}}'],
      ['P_DB__pool', '{max=1, min=2}'],
      ['P_DB__host', 'x'],
      ['P_db', '{host="g"}'],
    ] as const

    fc.assert(
      fc.property(fc.shuffledSubarray([...pairs], { minLength: pairs.length }), (order) => {
        const config = createConfig({ ...silent, root: aFolder(), files: [], prefix: 'P', env: Object.fromEntries(order) })

        expect(config.values).toEqual({ DB: { host: 'x', pool: { max: 5, min: 2 } } })
      }),
    )
  })

  it('take X from the file that X_FILE names, less one line end and secret, unless the schema has a key X_FILE', () => {
    const root = aFolder({ pw: ' "top" \n', 'settings.toml': '' })
    const file = join(root, 'pw')

    const config = createConfig({ ...silent, root, prefix: 'P', env: { P_DSN_FILE: file, P_DB__CODE_FILE: 'pw' } })
    const plain = createConfig({
      ...silent,
      root,
      prefix: 'P',
      env: { P_LOG_FILE: '/var/log/x' },
      schema: v.object({ LOG_FILE: v.string() }),
    })

    expect(config.values).toEqual({ DSN: ' "top" ', DB: { CODE: ' "top" ' } })
    expect(JSON.stringify(config)).not.toContain('top')
    expect(plain.values).toEqual({ LOG_FILE: '/var/log/x' })
    expect(() => createConfig({ ...silent, root, prefix: 'P', env: { P_DSN_FILE: file, P_DSN: 'x' } })).toThrow(
      /DSN is set twice, by P_DSN_FILE and by P_DSN/,
    )
    expect(() => createConfig({ ...silent, root, prefix: 'P', env: { P_DSN_FILE: join(root, 'no') } })).toThrow(
      /P_DSN_FILE names, which does not exist/,
    )
  })

  it('read only what the schema names when there is no prefix', () => {
    const schema = v.looseObject({ PORT: v.number(), DB: v.optional(v.object({ host: v.string() })) })

    const config = createConfig({
      ...silent,
      root: aFolder(),
      files: [],
      schema,
      env: { PORT: '80', HOME: '/root', DB__host: 'h', port: '1' },
    })

    expect(config.values).toEqual({ PORT: 80, DB: { host: 'h' } })
  })

  it('use config/ when it is there, else the working directory', () => {
    const here = process.cwd()
    const folder = aFolder({ 'settings.toml': 'A = "cwd"' })
    try {
      process.chdir(folder)
      expect(createConfig({ ...silent, env: {} }).get('A')).toBe('cwd')
      mkdirSync('config')
      writeFile(folder, 'config/settings.toml', 'A = "config"')
      expect(createConfig({ ...silent, env: {} }).get('A')).toBe('config')
    } finally {
      process.chdir(here)
    }
  })
})
