import { inspect } from 'node:util'
import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { createConfig } from '../../src/settings/index.js'
import { aFolder } from './folder.js'

const SECRET = 'Hunter2Zx9'

function printed(name: string, value: string): string {
  const root = aFolder({ 'settings.toml': `${JSON.stringify(name)} = ${JSON.stringify(value)}` })
  const config = createConfig({ root, env: {}, dotenv: false })
  return [config.explain(), JSON.stringify(config), inspect(config), JSON.stringify(config.inspect(name))].join('\n')
}

describe('names of secrets whose words run together', () => {
  it.each([
    'DBPASS',
    'smtpPass',
    'REDISPASS',
    'DBPWD',
    'smtppwd',
    'privkey',
    'SSHKEY',
    'TLS_PRIVKEY',
    'signingkey',
    'encryptionKey',
    'MASTERKEY',
    'STRIPE_SK',
  ])('are recognized: %s', (name) => expect(printed(name, SECRET)).not.toContain(SECRET))

  it.each(['COMPASS', 'BYPASS', 'LOWPASS', 'ENABLE_BYPASS', 'MONKEY', 'HOTKEY', 'PUBLICKEY', 'RISK', 'TASK'])(
    'are told from other words: %s',
    (name) => expect(printed(name, SECRET)).toContain(SECRET),
  )
})

describe('tokens of a form of their own', () => {
  const rest = 'a1B2c3D4e5F6g7H8i9J0k1L2'

  it.each([
    'sk_live_',
    'rk_test_',
    'whsec_',
    'gsk_',
    'xai-',
    'pplx-',
    'nvapi-',
    'pcsk_',
    'lsv2_pt_',
    'npm_',
    'pypi-',
    'dop_v1_',
    'shpat_',
    'sk-ant-api03-',
    'ghp_',
    'hf_',
  ])('are recognized alone and inside of texts: %s', (start) => {
    expect(printed('PLACE', start + rest)).not.toContain(rest)
    expect(printed('PLACE', `curl -u ${start}${rest} http://host`)).not.toContain(rest)
  })

  it.each(['npm_config_registry', 'sk-learn', 'hf_home', 'task-a1B2c3D4e5F6g7H8i9J0k1L2', 'whsec_', 'desk_live_a1B2c3D4e5F6g7H8'])(
    'are told from other texts: %s',
    (text) => expect(printed('PLACE', text)).toContain(text),
  )
})

describe('credentials inside of texts', () => {
  it.each([
    `u:${SECRET}@tcp(db:3306)/app`,
    `//u:${SECRET}@host/x`,
    `app:${SECRET}@localhost/db`,
    `hosts=u:${SECRET}@one.example.com,u:${SECRET}@two.example.com`,
    `curl -u admin:${SECRET}@host`,
    `https://h/?sig=${SECRET}&se=1`,
    `https://h/x?a=1&key=${SECRET}`,
    `https://h/api/f?code=${SECRET}`,
    `Basic ${SECRET}aaaaaaaa==`,
    `run --password ${SECRET} --host h`,
    `run --db-pass   '${SECRET} x'`,
  ])('are not printed: %s', (text) => expect(printed('PLACE', text)).not.toContain(SECRET))

  it.each([
    'mailto:someone@example.com',
    'registry.example.com/app:1.2@sha256:0123456789abcdef',
    'git@github.com:org/repo.git',
    'Basic authentication',
    'at 10:30',
    'run --host example.com --port 5',
    'https://h/?zip=12345&keyword=x',
  ])('are not seen where there are none: %s', (text) => expect(printed('PLACE', text)).toContain(text))
})

it.each(['-', '--a', 'a:', 'a:b ', 'eyJa.', 'jdbc:oracle:a:', 'Basic ', 'sk-', '--a ', '://'])(
  'reads a long text of %s in linear time',
  (part) => {
    const config = createConfig({ root: aFolder(), env: {}, dotenv: false, overrides: { PLACE: part.repeat(20_000) } })
    const start = performance.now()
    config.explain()

    expect(performance.now() - start).toBeLessThan(5_000)
  },
)

it("hides the password of Oracle's addresses", () => {
  const text = printed('PLACE', `jdbc:oracle:thin:scott/${SECRET}@//db.example.com:1521/x`)

  expect(text).not.toContain(SECRET)
  expect(text).toContain('@//db.example.com:1521/x')
})

it('takes a secret out of a message of the schema, also as it stands in a URL', () => {
  const schema = v.pipe(
    v.object({ PASSWORD: v.string(), BROKEN_TOKEN: v.string() }),
    v.check(
      () => false,
      ({ input }) => `no ${encodeURIComponent((input as { PASSWORD: string }).PASSWORD)}`,
    ),
  )
  const overrides = { PASSWORD: 'Hunt er/2Zx9', BROKEN_TOKEN: 'half a pair \ud800' }

  expect(() => createConfig({ root: aFolder(), schema, env: {}, overrides, dotenv: false, onWarning: () => {} })).toThrow(
    /The settings no \*\*\*/,
  )
})

describe('secrets of commands, of XML and of encoded texts', () => {
  it.each([
    `curl -u joe:${SECRET} http://host`,
    `curl -ujoe:${SECRET} http://host`,
    `curl --user joe:${SECRET} http://host`,
    `curl --user=joe:${SECRET} http://host`,
    `curl -u 'joe:${SECRET}' http://host`,
    `curl -u "joe:a ${SECRET}" http://host`,
    `curl -x http://proxy -U joe:${SECRET} http://host`,
    `curl --proxy-user joe:${SECRET} http://host`,
    `sshpass -p ${SECRET} ssh host`,
    `sshpass -p'${SECRET}' ssh host`,
    `machine host login joe password ${SECRET}`,
    `<password>${SECRET}</password>`,
    `<db:Password xsi:type="s">${SECRET}</db:Password>`,
    `<password>\n  ${SECRET}\n</password>`,
    `<password><![CDATA[${SECRET}]]></password>`,
    `&lt;password&gt;${SECRET}&lt;/password&gt;`,
    `<add key="Password" value="${SECRET}"/>`,
    `[{"name":"DB_PASSWORD","value":"${SECRET}"}]`,
    `[{"name": "DB_PASSWORD", "value": "${SECRET}"`,
    `password%3D${SECRET}`,
    `password%253D${SECRET}`,
    `a%26password%3D${SECRET}%26b%3D1`,
    `%7B%22password%22%3A%22${SECRET}%22%7D`,
    `see {\\"password\\":\\"${SECRET}\\"}`,
    `password\\u003d${SECRET}`,
    `password := ${SECRET}`,
    `"password" => "${SECRET}"`,
    `password: |\n  ${SECRET}\n  more ${SECRET}\n`,
  ])('are not shown: %s', (text) => expect(printed('PLACE', text)).not.toContain(SECRET))

  it.each([
    'docker run -u 1000:1000 image',
    'ffuf -u https://host/path -w words',
    'sort -u a b',
    '<host>example.com</host>',
    'a%3Db%26c%3Dd',
    '<add key="Host" value="example.com"/>',
    '100% of {name}: yes',
    'x := 1',
  ])('are told from other texts: %s', (text) => expect(printed('PLACE', text)).not.toContain('***'))
})
