// biome-ignore-all lint/suspicious/noTemplateCurlyInString: .env files hold ${X}.
import { join } from 'node:path'
import { inspect } from 'node:util'
import fc from 'fast-check'
import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { runSettingsCommand } from '../../src/settings/command.js'
import { type Config, createConfig, type StandardSchema } from '../../src/settings/index.js'
import { unhindered } from '../support/unhindered.js'
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
    JSON.stringify(
      [
        'PASSWORD',
        'LISTED',
        'MARKED',
        'DB',
        'FROM_FILE',
        'DERIVED',
        'VALUE',
        'CHAIN',
        'PEOPLE',
        'PEOPLE.0',
        'PEOPLE.0.code',
        'OTHER',
        'NOTE',
        'CONN',
      ].map((path) => config.inspect(path)),
    ),
  ].join('\n')
}

function expectHidden(text: string, secret: string): void {
  for (const form of [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret), inspect(secret).slice(1, -1)]) {
    expect(text.includes(form), `${form} in ${text}`).toBe(false)
  }
}

const schemas: Readonly<Record<string, StandardSchema>> = {
  valibot: v.looseObject({
    MARKED: v.optional(v.pipe(v.string(), v.metadata({ secret: true }))),
    PEOPLE: v.optional(
      v.array(v.object({ password: v.string(), code: v.pipe(v.string(), v.metadata({ secret: true })), port: v.number() })),
    ),
    NOTE: v.optional(v.string()),
  }),
  zod: z.looseObject({
    MARKED: z.string().meta({ secret: true }).optional(),
    PEOPLE: z.array(z.object({ password: z.string(), code: z.string().meta({ secret: true }), port: z.number() })).optional(),
    NOTE: z.string().optional(),
  }),
}
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
  'in a list of tables that a variable says': (secret) => ({
    env: { P_PEOPLE: JSON.stringify([{ password: secret, code: secret, port: 5 }]) },
  }),
  'in a list of tables in TOML that a variable says': (secret) => ({
    env: { P_OTHER: `[{password = ${quoted(secret)}}, {n = {token = ${quoted(secret)}}}]` },
  }),
  'in a list of tables in a file': (secret) => ({
    files: { 'settings.toml': `[[PEOPLE]]\npassword = ${quoted(secret)}\ncode = ${quoted(secret)}\nport = 1` },
  }),
  'in one item of a list, said by a variable of its own': (secret) => ({
    files: { 'settings.toml': `[[PEOPLE]]\npassword = "open"\ncode = "open"\nport = 1` },
    env: { P_PEOPLE__0__PASSWORD: secret, P_PEOPLE__0__CODE: secret },
  }),
  'in JSON that the schema takes for text': (secret) => ({ env: { P_NOTE: JSON.stringify({ a: { clientSecret: secret } }) } }),
  'in a text that is broken JSON': (secret) => ({ env: { P_NOTE: `{"password": ${quoted(secret)}` } }),
  'in a text with a name before it': (secret) => ({ env: { P_NOTE: `host=h password=${quoted(secret)}` } }),
  'made from a secret in .env': (secret) => ({
    files: {
      '.env': `P_DB_PASSWORD='${secret.replaceAll(/['\\]/g, '-')}'\nP_CONN=host/\${P_DB_PASSWORD}/x\nP_CHAIN="\${P_NONE:-\${P_CONN}}"`,
    },
  }),
  'made from a secret in .env that another file uses': (secret) => ({
    files: {
      '.env': `CI_TOKEN='${secret.replaceAll(/['\\]/g, '-')}'`,
      '.env.prod': 'P_VALUE=${CI_TOKEN}',
      'settings.toml': 'CHAIN = "@env P_VALUE"',
    },
  }),
  'made from a secret of the real environment in .env': (secret) => ({
    files: { '.env': 'P_VALUE=x${CI_TOKEN}y\nP_CHAIN=${P_VALUE}' },
    env: { CI_TOKEN: secret },
  }),
  'in a directory of secrets': (secret) => ({ files: { 'run/VALUE': secret, 'run/DB__CODE': secret } }),
  'in overrides': (secret) => ({ overrides: { PASSWORD: secret, DB: { credentials: [secret] } } }),
}

describe.each(Object.entries(schemas))('no secret is printed, with a schema of %s,', (_, schema) => {
  for (const [place, put] of Object.entries(layers)) {
    it(`when it is ${place}`, () => {
      fc.assert(
        fc.property(secrets, (text) => {
          const secret = place.includes('.env') ? text.replaceAll(/['\\]/g, '-') : text
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
            secretsDirectory: 'run',
            onWarning: (message) => expectHidden(message, secret),
          })

          expectHidden(everythingPrinted(config), secret)
        }),
        { numRuns: 25 },
      )
    })
  }

  it('in errors about lists of tables, texts and files', () => {
    fc.assert(
      fc.property(secrets, (secret) => {
        const people = [{ password: secret, code: secret, port: 'x' }]
        const said: { env?: Record<string, string>; files?: Record<string, string> }[] = [
          { env: { P_PEOPLE: JSON.stringify(people) } },
          { env: { P_PEOPLE: JSON.stringify([{ password: [secret], code: { a: secret }, port: 1 }]) } },
          { env: { P_PEOPLE: JSON.stringify(people).slice(0, -1) } },
          { env: { P_PEOPLE: secret } },
          { env: { P_PEOPLE__0__PORT: secret, P_PEOPLE__0__PASSWORD: secret } },
          { files: { 'settings.toml': `[[PEOPLE]]\npassword = [${quoted(secret)}]\ncode = 1\nport = 1` } },
          { files: { pw: `[{"password":${quoted(secret)}}]` }, env: { P_PEOPLE_FILE: 'pw' } },
          { files: { pw: secret }, env: { P_PEOPLE_FILE: 'pw' } },
          { files: { 'run/PEOPLE': JSON.stringify(people) } },
          { files: { '.env': `P_DB_PASSWORD='${secret.replaceAll(/['\\]/g, '-')}'\nP_PEOPLE=[{"port":"\${P_DB_PASSWORD}"}]` } },
          { files: { 'settings.json': `{"PEOPLE": [${quoted(secret)}` } },
        ]
        for (const { env = {}, files = {} } of said) {
          const options = {
            root: aFolder(files),
            files: Object.keys(files).filter((name) => name.startsWith('settings')),
            secretsDirectory: 'run',
          }
          const error = thrownBy(() => createConfig({ ...options, schema, prefix: 'P', env, onWarning: () => {} }))

          const text = `${String(error)} ${inspect(error, { depth: 9 })} ${JSON.stringify(error)}`
          for (const form of new Set([secret, secret.replaceAll(/['\\]/g, '-')])) {
            // A secret that a key without a secret's name is set to cannot be known as one.
            if (env.P_PEOPLE__0__PORT === undefined) expectHidden(text, form)
          }
        }
      }),
      { numRuns: 25 },
    )
  })
})

describe('no secret is printed', () => {
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
          `PASSWORD = "x"\n= ${secret}`,
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
  it.each([
    'DB_PASS',
    'ACCESS_KEY',
    'OPENAI_KEY',
    'JWT',
    'AUTHORIZATION',
    'SENTRY_DSN',
    'CONNECTION_STRING',
    'connectionString',
    'dbPass',
    'PASSWD',
    'DB_PWD',
    'ENCRYPTION_KEY',
    'stripeKey',
    'awsAccessKeyId',
    'BASIC_AUTH',
    'SESSION_COOKIE',
    'BEARER',
    'clientsecret',
    'PGPASSWORD',
    'API_KEYS',
    'PASSWORD_SALT',
    'TOTP_SEED',
    'X_API_KEY',
    'CREDS',
    'LICENSE_KEY',
    'GITHUB_PAT',
    'SLACK_WEBHOOK_URL',
    'AUTH_HEADER',
  ])('are known by the name %s', (name) => {
    const config = createConfig({ root: aFolder(), files: [], prefix: 'P', env: { [`P_${name}`]: 'hunter2x' } })

    expect(config.explain()).not.toContain('hunter2x')
  })

  it.each([
    'COMPASS',
    'PUBLIC_KEY',
    'PRIMARY_KEY',
    'CACHE_KEY',
    'KEY',
    'KEYCLOAK_URL',
    'MONKEY',
    'AUTH_ENABLED',
    'MAX_TOKENS',
    'BYPASS',
    'SPIN',
    'AUTHOR',
    'PATH',
    'BASE_URL',
    'HEADER',
  ])('are not known by the name %s', (name) => {
    const config = createConfig({ root: aFolder(), files: [], prefix: 'P', env: { [`P_${name}`]: 'hunter2x' } })

    expect(config.explain()).toContain('hunter2x')
  })

  it('are the keys of what a table around them names, and every URL with a password', () => {
    const root = aFolder({
      'settings.toml':
        '[openai]\nkey = "k1"\n[cache]\nkey = "k2"\n[hosts]\nmain = "redis://:pw1@h:6379/0"\nplain = "https://h/x"\nlist = ["amqp://u:pw2@h"]',
    })
    const config = createConfig({ root, env: {}, dotenv: false })
    const printed = `${config.explain()} ${JSON.stringify(config)} ${inspect(config)}`

    for (const hidden of ['k1', 'pw1', 'pw2', 'u:']) expect(printed, hidden).not.toContain(hidden)
    for (const shown of ['k2', 'redis://***@h:6379/***', 'https://h/x', 'amqp://***@h/***']) expect(printed, shown).toContain(shown)
    expect(config.inspect('hosts.main').isSecret).toBe(true)
  })

  it.each(['', 'RSA ', 'EC ', 'ENCRYPTED ', 'OPENSSH '])('are private keys of the kind "%s" under any name', (kind) => {
    const pem = `-----BEGIN ${kind}PRIVATE KEY-----\nhunter2\n-----END ${kind}PRIVATE KEY-----\n`
    const bundle = `-----BEGIN CERTIFICATE-----\npublic\n-----END CERTIFICATE-----\n`
    const schema = v.object({ TLS: v.string(), CA: v.string(), BOTH: v.string(), LIST: v.array(v.string()), N: v.optional(v.string()) })
    const env = { P_TLS: pem, P_CA: bundle, P_BOTH: bundle + pem, P_LIST: JSON.stringify([pem]) }
    const config = createConfig({ schema, root: aFolder(), files: [], prefix: 'P', env, dotenv: false })
    const printed = `${config.explain()} ${JSON.stringify(config)} ${inspect(config)} ${JSON.stringify(config.inspect('LIST'))}`

    expect(printed).not.toContain('hunter2')
    expect(printed).toContain('public')
    const refused = v.object({ TLS: v.pipe(v.string(), v.maxLength(5)) })
    expect(() => createConfig({ schema: refused, root: aFolder(), files: [], prefix: 'P', env })).toThrow(
      /TLS must have at most 5 characters, got \*\*\*/,
    )
  })

  it.each([
    `sk-proj-${'a1-B_'.repeat(8)}`,
    `ghp_${'a1B'.repeat(12)}`,
    `github_pat_${'a1B_'.repeat(12)}`,
    `glpat-${'a1B-_'.repeat(4)}`,
    'xoxb-123456789012-abcdef',
    `AIza${'a1-B_'.repeat(7)}`,
    `hf_${'a1B'.repeat(11)}`,
    'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl',
  ])('are tokens of a well-known form under any name: %s', (token) => {
    const env = { P_A: token, P_LIST: JSON.stringify(['x', token]) }
    const config = createConfig({ root: aFolder(), files: [], prefix: 'P', env, dotenv: false })

    expect(`${config.explain()} ${JSON.stringify(config)} ${inspect(config.values)}`).not.toContain(token)
    expect([config.get('A'), config.inspect('A').isSecret]).toEqual([token, true])
  })

  it.each(['sk-SK', 'sk-learn', 'hf_hub', 'eyJ', 'ghp_x', 'glpat-', 'Bearer of news'])(
    'are not words that begin like a token: %s',
    (text) => {
      const config = createConfig({ root: aFolder(), files: [], prefix: 'P', env: { P_A: text }, dotenv: false })

      expect(config.explain()).toContain(text)
    },
  )

  it.each([
    ['in .env', { '.env': 'P_A=x${DB_PASSWORD:-hunter2}y' }],
    ['in .env, inside of another', { '.env': 'P_A=x${HOST:-${DB_PASSWORD-hunter2}}y' }],
    ['in @env', { 'settings.toml': 'A = "@env DB_PASSWORD hunter2"' }],
    ['in @format', { 'settings.toml': 'A = "@format x{env[DB_PASSWORD]:-hunter2}y"' }],
  ])('are also what stands in for one that is not set: %s', (_, files) => {
    const config = createConfig({ root: aFolder(files), prefix: 'P', env: {}, onWarning: () => {} })

    expect(String(config.get('A'))).toContain('hunter2')
    expect(`${config.explain()} ${JSON.stringify(config)} ${inspect(config)}`).not.toContain('hunter2')
  })

  it('inside of a list are taken out of what a schema says elsewhere', () => {
    const schema = z
      .object({ DB: z.array(z.object({ password: z.string() })), OTHER: z.string() })
      .superRefine((value, context) => context.addIssue({ code: 'custom', path: ['OTHER'], message: `is not ${value.DB[0]?.password}` }))
    expect(() =>
      createConfig({ schema, root: aFolder({ 'settings.toml': 'OTHER = "x"\n[[DB]]\npassword = "hunter2"' }), env: {} }),
    ).toThrow(/OTHER is not accepted: is not \*\*\*, got "x"/)
  })

  it('in a text with brackets are hidden by their place in the schema', () => {
    const schema = v.object({ L: v.array(v.object({ code: v.pipe(v.string(), v.metadata({ secret: true })) })), NOTE: v.string() })
    const env = { P_L: '[{"code":"hunter2"}]', P_NOTE: '{"a": {"password": "hunter3"}, "b": 1}' }
    const config = createConfig({ schema, root: aFolder(), files: [], prefix: 'P', env })

    expect(config.explain()).toContain('[{\\"code\\":\\"***\\"}]')
    expect(config.explain()).toContain('{\\"a\\":{\\"password\\":\\"***\\"},\\"b\\":1}')
  })

  it('are reported without the text around them', () => {
    const schema = v.object({ DB: v.array(v.object({ password: v.string(), port: v.number() })) })
    const create = () =>
      createConfig({ schema, root: aFolder(), files: [], prefix: 'P', env: { P_DB: '[{"password":"hunter2","port":"x"}]' } })

    expect(create).toThrow(/1\. DB\.0\.port must be a number, got "x" +from env P_DB/)
    expect(create).not.toThrow(/hunter2/)
  })

  it('are hidden in sets and maps that a schema makes', () => {
    const schema = v.object({
      A: v.pipe(
        v.string(),
        v.transform((text) => new Map([['password', text]])),
      ),
      TOKENS: v.pipe(
        v.array(v.string()),
        v.transform((items) => new Set(items)),
      ),
    })
    const config = createConfig({ schema, root: aFolder(), files: [], prefix: 'P', env: { P_A: 'hunter2', P_TOKENS: 'hunter3' } })

    expect(config.values.A.get('password')).toBe('hunter2')
    expect(`${inspect(config)} ${inspect(config.values)} ${JSON.stringify(config)}`).not.toMatch(/hunter/)
  })

  it.each([
    'https://h/?api_key=hunter2&x=1',
    'https://h/?x=1&token=hunter2',
    'note: api_key=hunter2',
    'a=b;password=hunter2;c=d',
    'Server=h;User Id=u;Password=hunter2',
    'host=h password: hunter2',
    '{"a":1,"secret":"hunter2"',
    "x = {'passwd': 'hunter2'}",
    'tokens=[hunter2, hunter3]',
    'a: b: client_secret: hunter2',
    'Authorization: Bearer hunter2',
    'Authorization: Basic hunter2; X: y',
    'Bearer hunter2x',
    '{"headers":{"X":"Bearer hunter2x"}}',
  ])('inside of %s are masked', (text) => {
    const config = createConfig({ root: aFolder(), files: [], prefix: 'P', env: { P_TEXT: text, P_LIST: JSON.stringify([text]) } })

    expect(`${JSON.stringify(config)} ${inspect(config)} ${config.explain()}`).not.toContain('hunter')
  })

  it('leave other numbers and texts as they are, also a bigint', () => {
    const schema = v.object({ BIG: v.bigint(), URL: v.string() })
    const env = { P_BIG: '12345678901234567890', P_URL: 'https://h/?page=1#x' }
    const config = createConfig({ schema, root: aFolder(), files: [], prefix: 'P', env })

    expect(config.values.BIG).toBe(12345678901234567890n)
    expect(JSON.stringify(config)).toBe('{"BIG":"12345678901234567890","URL":"https://h/?page=1#x"}')
  })

  it('are looked for in long texts to their end', () => {
    const long = `${'a'.repeat(300_000)} ${'a://'.repeat(50_000)} ${'"'.repeat(50_001)}`
    const config = createConfig({ root: aFolder(), files: [], prefix: 'P', env: { P_A: long } })

    expect(unhindered(() => JSON.stringify(config))).toContain('a://a://')
  })

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
