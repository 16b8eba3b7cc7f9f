import { join } from 'node:path'
import { inspect } from 'node:util'
import fc from 'fast-check'
import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { runSettingsCommand } from '../../src/settings/command.js'
import { type Config, createConfig, type StandardSchema } from '../../src/settings/index.js'
import { aFolder, writeFile } from './folder.js'

// Long enough that it cannot be a part of an ordinary text by chance, with everything that needs escaping somewhere.
const secrets = fc
  .stringMatching(/^[A-Za-z0-9][A-Za-z0-9 "'\\$%&?#@:/=+~-]{10,30}[A-Za-z0-9]$/)
  .filter((text) => !text.includes('${') && !text.startsWith('@'))

/** Everything that a config can print about itself. */
function everythingPrinted(config: Config): string {
  const values = config.values as object
  return [
    String(config),
    JSON.stringify(config),
    JSON.stringify({ nested: values }),
    inspect(config, { depth: 9, showHidden: false }),
    inspect({ values }, { depth: 9 }),
    `${JSON.stringify(Object.entries(values).filter(([, value]) => typeof value === 'object'))}`,
    config.explain(),
    JSON.stringify(config.health()),
    JSON.stringify(config.describe()),
    JSON.stringify(['PASSWORD', 'LISTED', 'MARKED', 'DB', 'FROM_FILE', 'DERIVED', 'VALUE', 'CHAIN'].map((path) => config.inspect(path))),
  ].join('\n')
}

function expectHidden(text: string, secret: string): void {
  for (const form of [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret), inspect(secret).slice(1, -1)]) {
    expect(text.includes(form), `${form} in ${text}`).toBe(false)
  }
}

const schema = v.looseObject({ MARKED: v.optional(v.pipe(v.string(), v.metadata({ secret: true }))) })
const quoted = (secret: string) => JSON.stringify(secret)
const layers: Record<
  string,
  (secret: string) => { files?: Record<string, string>; env?: Record<string, string>; overrides?: Record<string, unknown>; default?: true }
> = {
  'named like one, in a file': (secret) => ({
    files: { 'settings.toml': `PASSWORD = ${quoted(secret)}\n[DB]\napi_key = ${quoted(secret)}` },
  }),
  'in the list, in the file of an environment': (secret) => ({ files: { 'settings.prod.toml': `LISTED = ${quoted(secret)}` } }),
  'marked by the schema': (secret) => ({ files: { 'settings.toml': `MARKED = ${quoted(secret)}` } }),
  'in the file of secrets, below a variable': (secret) => ({
    files: { '.secrets.toml': `VALUE = ${quoted(secret)}` },
    env: { P_VALUE: 'open' },
  }),
  'in the file of secrets, in a table': (secret) => ({ files: { '.secrets.toml': `[DB]\nuser = [${quoted(secret)}]` } }),
  'in .env': (secret) => ({ files: { '.env': `P_PASSWORD='${secret.replaceAll(/['\\]/g, '-')}'` } }),
  'in a variable': (secret) => ({ env: { P_PASSWORD: secret } }),
  'in a variable that says a table': (secret) => ({ env: { P_DB: JSON.stringify({ password: secret, host: 'h' }) } }),
  'in a file that a variable names': (secret) => ({ files: { pw: secret }, env: { P_FROM_FILE_FILE: 'pw' } }),
  'read by a token': (secret) => ({ files: { pw: secret, 'settings.toml': 'FROM_FILE = "@read_file pw"' } }),
  'derived from one': (secret) => ({
    files: {
      '.secrets.toml': `PW = ${quoted(secret)}`,
      'settings.toml': 'DERIVED = "@format pg://u:{this.PW}@h/x"\nCHAIN = ["@get DERIVED"]',
    },
  }),
  'from a variable named like one': (secret) => ({
    files: { 'settings.toml': 'DERIVED = "@env CI_TOKEN"\nCHAIN = "@format x{env[CI_TOKEN]}"' },
    env: { CI_TOKEN: secret },
  }),
  'in the credentials of a URL': (secret) => ({
    files: { 'settings.toml': `VALUE = "postgresql://user:${encodeURIComponent(secret)}@db.example.com:5432/x"` },
  }),
  'in overrides': (secret) => ({ overrides: { PASSWORD: secret, DB: { credentials: [secret] } } }),
}

describe('no secret is printed', () => {
  for (const [place, put] of Object.entries(layers)) {
    it(`when it is ${place}`, () => {
      fc.assert(
        fc.property(secrets, (text) => {
          const secret = place === 'in .env' ? text.replaceAll(/['\\]/g, '-') : text
          const { files = {}, env = {}, overrides = {} } = put(secret)
          const root = aFolder(files)

          const config = createConfig({
            schema,
            root,
            prefix: 'P',
            environment: 'prod',
            env,
            overrides,
            secrets: ['listed'],
            onWarning: () => {},
          })

          expectHidden(everythingPrinted(config), secret)
        }),
        { numRuns: 25 },
      )
    })
  }

  it('in errors of schemas, rules, tokens and merges', () => {
    fc.assert(
      fc.property(secrets, (secret) => {
        const chatty: StandardSchema = {
          '~standard': {
            version: 1,
            vendor: 'chatty',
            validate: (value) => ({
              issues: [
                { message: `no: ${JSON.stringify(value)}` },
                { message: `bad ${secret}`, path: ['PASSWORD'] },
                { message: `near ${secret}`, path: ['OTHER'] },
              ],
            }),
          },
        }
        const strict = v.object({
          PASSWORD: v.pipe(v.string(), v.minLength(99)),
          API_KEY: v.number(),
          TOKENS: v.array(v.picklist(['a'])),
          SECRET: v.pipe(
            v.string(),
            v.check(
              () => false,
              (issue) => `bad ${issue.received} ${String(issue.input)}`,
            ),
          ),
        })
        const rules = [{ path: 'X', message: `must not be ${secret}`, check: () => false }]
        const env = { P_PASSWORD: secret, P_API_KEY: secret, P_TOKENS: secret, P_SECRET: secret }
        const broken = {
          P_PASSWORD: `@int ${secret}`,
          P_SECRET: `@format {${secret.replaceAll(/[{}]/g, '')}}`,
          P_TOKEN: `@json ${secret}`,
          P_API_KEY: `@bool ${secret}`,
        }

        for (const options of [{ env, schema: chatty }, { env, schema: strict }, { env, rules }, { env: broken }]) {
          const error = thrownBy(() =>
            createConfig({ root: aFolder(), files: [], dotenv: false, prefix: 'P', onWarning: () => {}, ...options }),
          )

          expectHidden(`${String(error)} ${inspect(error, { depth: 9 })} ${JSON.stringify(error)}`, secret)
        }
      }),
      { numRuns: 25 },
    )
  })

  it('in errors of files that are not TOML', () => {
    fc.assert(
      fc.property(secrets, (secret) => {
        for (const text of [
          `PASSWORD = x${secret}`,
          `PASSWORD = "${secret.replaceAll(/["\\]/g, '')}`,
          `PASSWORD = "x"\n${secret}`,
          `PASSWORD = @x${secret}`,
          `[default]\nA=1\n[x\nPASSWORD="${secret}"`,
        ]) {
          const error = thrownBy(() =>
            createConfig({ root: aFolder({ '.secrets.toml': text }), env: {}, dotenv: false, onWarning: () => {} }),
          )

          expectHidden(`${String(error)} ${inspect(error, { depth: 9 })}`, secret)
        }
      }),
      { numRuns: 25 },
    )
  })

  it('in events and warnings', () => {
    fc.assert(
      fc.property(secrets, secrets, (first, second) => {
        fc.pre(first !== second)
        const root = aFolder({ '.secrets.toml': `A = ${quoted(first)}` })
        const printed: string[] = []
        const config = createConfig({ root, env: {}, dotenv: false, onWarning: (message) => printed.push(message) })
        config.on('change', (event) => {
          printed.push(JSON.stringify(event), inspect(event, { depth: 9 }))
          throw new Error(second)
        })
        config.on('error', ({ error }) => printed.push(String(error), inspect(error)))

        writeFile(root, '.secrets.toml', `A = ${quoted(second)}`)
        config.reload()
        writeFile(root, '.secrets.toml', `A = = ${quoted(second)}`)
        config.reload()

        expect(config.get('A')).toBe(second)
        expect(printed.join()).toContain('***')
        for (const secret of [first, second]) expectHidden(printed.join('\n'), secret)
      }),
      { numRuns: 25 },
    )
  })

  it('on the command line', async () => {
    await fc.assert(
      fc.asyncProperty(secrets, async (secret) => {
        const cwd = aFolder({ '.secrets.toml': `A = ${quoted(secret)}\nURL = "https://h.example/${encodeURIComponent(secret)}"` })
        let printed = ''
        const print = (text: string) => {
          printed += text
        }
        const io = {
          stdout: print,
          stderr: print,
          cwd,
          env: { P_TOKEN: secret },
        }

        for (const args of [['list'], ['get', 'A'], ['get', 'TOKEN'], ['inspect', 'TOKEN'], ['validate'], ['docs'], ['example']]) {
          expect(await runSettingsCommand([...args, '--prefix', 'P'], io)).toBe(0)
        }

        expectHidden(printed, secret)
      }),
      { numRuns: 25 },
    )
  })
})

describe('secrets', () => {
  it('are plain to those who read them', () => {
    const config = createConfig({ root: aFolder({ '.secrets.toml': 'A = "a"\n[DB]\nB = ["b"]' }), env: {}, dotenv: false })

    expect(config.values).toEqual({ A: 'a', DB: { B: ['b'] } })
    expect(config.get('db.b.0')).toBe('b')
    expect({ ...config.values }).toEqual({ A: 'a', DB: { B: ['b'] } })
  })

  it('show the host of a URL with credentials', () => {
    const root = aFolder({ '.secrets.toml': 'DSN = "postgresql://u:p@db.example.com:5432/x?sslkey=y"' })

    expect(createConfig({ root, env: {}, dotenv: false }).explain('DSN')).toContain('DSN = postgresql://***@db.example.com:5432/***')
  })

  it('are not what counts tokens of a text, nor what the schema says is none', () => {
    const schema = v.object({
      MAX_TOKENS: v.number(),
      TOKENIZER: v.string(),
      PUBLIC_TOKEN: v.pipe(v.string(), v.metadata({ secret: false })),
      ACCESS_TOKENS: v.string(),
    })
    const root = aFolder({ 'settings.toml': 'MAX_TOKENS = 4096\nTOKENIZER = "bpe"\nPUBLIC_TOKEN = "pub"\nACCESS_TOKENS = "hidden"' })

    const config = createConfig({ schema, root, env: {}, dotenv: false })

    expect(JSON.parse(JSON.stringify(config))).toEqual({ MAX_TOKENS: 4096, TOKENIZER: 'bpe', PUBLIC_TOKEN: 'pub', ACCESS_TOKENS: '***' })
  })

  it('tell how long a refused one is', () => {
    const schema = v.object({ REDIS_PASSWORD: v.pipe(v.string(), v.minLength(20)) })
    const root = aFolder({ '.secrets.toml': '\nREDIS_PASSWORD = "hunter2"' })

    expect(() => createConfig({ schema, root, env: {}, dotenv: false })).toThrow(
      /REDIS_PASSWORD must have at least 20 characters, got \*\*\* \(7 characters\) +from \S*\.secrets\.toml:2/,
    )
    expect(join(root, '.secrets.toml')).toContain('.secrets.toml')
  })
})

function thrownBy(work: () => unknown): unknown {
  try {
    work()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}
