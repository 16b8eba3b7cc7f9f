import { inspect } from 'node:util'
import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { createConfig } from '../../src/settings/index.js'
import { aFolder } from './folder.js'

const TOKEN = 'a1B2c3D4e5F6'

/** Everything that is printed about a setting `PLACE` with this value. */
function printed(value: string): string {
  const root = aFolder({
    'settings.toml': `PLACE = ${JSON.stringify(value)}\nLIST = [${JSON.stringify(value)}]\nJOINED = "@format see {this.PLACE}"`,
  })
  const config = createConfig({ root, prefix: 'P', env: { P_TEXT: `{"a": ${JSON.stringify(value)}}` }, dotenv: false })
  return [
    config.explain(),
    JSON.stringify(config),
    inspect(config),
    JSON.stringify(['PLACE', 'LIST', 'JOINED', 'TEXT'].map((path) => config.inspect(path))),
  ].join('\n')
}

describe('the user of a URL without a password', () => {
  it.each([
    `https://${TOKEN}@github.com/org/repo.git`,
    `HTTPS://${TOKEN}@host`,
    `http://${TOKEN}@host:8080/path?x=1#y`,
    `https://${TOKEN}@host/a@b`,
    `wss://${TOKEN}@host`,
    `git+https://${TOKEN}@host/x.git`,
    `nats://${TOKEN}@nats.example.com:4222`,
    `redis://${TOKEN}@cache:6379/0`,
    `postgresql://${TOKEN}@db/app`,
    `my-own.scheme://${TOKEN}@host`,
    `https://${TOKEN}@one.example.com,https://${TOKEN}2@two.example.com`,
    `https://host/path,https://${TOKEN}@two.example.com`,
    `clone https://${TOKEN}@host/x.git now`,
    `https://x%2F${TOKEN}@host`,
    // GitHub's form: the token stands where a user does.
    `https://${TOKEN}:x-oauth-basic@host/x.git`,
    `clone https://${TOKEN}:x-oauth-basic@host/x.git now`,
    `clone https://${TOKEN}@host/x.git@v1 now`,
    `https://${TOKEN}:x-oauth-basic@one.example.com,https://${TOKEN}2@two.example.com/a@b`,
  ])('is not printed: %s', (value) => {
    expect(printed(value)).not.toContain(TOKEN)
  })

  it('makes an address of the web a secret, which keeps its host', () => {
    const config = createConfig({ root: aFolder(), prefix: 'P', env: { P_PLACE: `https://${TOKEN}@host/x` }, dotenv: false })

    expect(config.inspect('PLACE')).toMatchObject({ isSecret: true, value: 'https://***@host/***' })
    expect(config.get('PLACE')).toBe(`https://${TOKEN}@host/x`)
  })

  it('is not printed by errors, changes and objects of class URL', () => {
    const schema = v.object({
      PLACE: v.pipe(v.string(), v.maxLength(5)),
      NOTE: v.pipe(
        v.string(),
        v.check(() => false, `no https://${TOKEN}@host here`),
      ),
    })
    const env = { P_PLACE: `https://${TOKEN}@host`, P_NOTE: 'x' }
    const url = createConfig({ root: aFolder(), env: {}, overrides: { A: new URL(`https://${TOKEN}@host/x`) }, dotenv: false })

    expect(() => createConfig({ root: aFolder(), schema, prefix: 'P', env, dotenv: false })).toThrow(
      /PLACE must have at most 5 characters, got https:\/\/\*\*\*@host\/\*\*\* [\s\S]*NOTE no https:\/\/\*\*\*@host here/,
    )
    expect(JSON.stringify(url) + url.explain()).not.toContain(TOKEN)
  })

  it.each([
    'https://example.com/a@b',
    'https://example.com?mail=a@b.com',
    'mailto:someone@example.com',
    'someone@example.com',
    'https://example.com#x@y',
    'postgresql:///app?host=/tmp',
  ])('is not seen where there is none: %s', (value) => {
    expect(printed(value)).toContain(`PLACE = ${JSON.stringify(value)}`)
  })
})
