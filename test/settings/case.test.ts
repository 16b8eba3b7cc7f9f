import { type } from 'arktype'
import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { type CreateConfigOptions, createConfig } from '../../src/settings/index.js'
import { aFolder } from './folder.js'

function load(options: Partial<CreateConfigOptions>, folder: Record<string, string> = {}) {
  return createConfig({ root: aFolder(folder), prefix: 'P', env: {}, onWarning: () => {}, ...options })
}

describe('two variables whose names differ in case only', () => {
  const port = v.object({ port: v.optional(v.number(), 1), db: v.optional(v.object({ host: v.string() })) })

  it.each([
    [{ P_PORT: '1', P_port: '2' }, 'port is set twice, by P_PORT and by P_port: unset one of them'],
    [{ P_Port: '1', P_PORT: '2' }, 'is set twice, by P_Port and by P_PORT'],
    [{ P_DB__HOST: '1', P_db__HOST: '2' }, 'is set twice, by P_DB__HOST and by P_db__HOST'],
  ])('are refused where they say different things: %o', (env, message) => {
    expect(() => load({ schema: port, env })).toThrow(message)
    expect(() => load({ env })).toThrow('is set twice')
  })

  it('are refused in a .env file, where the same name twice is the last', () => {
    expect(() => load({ schema: port }, { '.env': 'P_PORT=1\nP_port=2' })).toThrow('is set twice')
    expect(load({ schema: port }, { '.env': 'P_PORT=1\nP_PORT=2' }).values).toEqual({ port: 2 })
  })

  it('may say the same, and those of different layers may not', () => {
    expect(load({ schema: port, env: { P_PORT: '3', P_port: '3' } }).values).toEqual({ port: 3 })
    expect(load({ schema: port, env: { P_port: '4' } }, { '.env': 'P_PORT=3' }).values).toEqual({ port: 4 })
  })

  it('merge tables', () => {
    expect(load({ env: { P_DB: '{"a":1}', P_db: '{"b":2}' } }).values).toEqual({ DB: { a: 1, b: 2 } })
  })

  it('never show what they say', () => {
    const env = { P_DB_PASSWORD: 'hunter2', P_db_password: 'hunter3' }

    expect(() => load({ env })).toThrow(/^(?![\s\S]*hunter)[\s\S]*is set twice/)
  })

  it('are the schema’s own spelling without a prefix, because the environment is other programs’ too', () => {
    const schema = v.object({ http_proxy: v.string() })

    expect(load({ schema, prefix: '', env: { HTTP_PROXY: 'a', http_proxy: 'b' } }).values).toEqual({ http_proxy: 'b' })
  })

  it.each([
    ['valibot', v.object({ headers: v.record(v.string(), v.string()) })],
    ['zod', z.object({ headers: z.record(z.string(), z.string()) })],
    ['arktype', type({ headers: 'Record<string, string>' })],
  ])('are two keys of a record, each with its own origin: %s', (_, schema) => {
    const config = load({ schema, env: { P_HEADERS__Foo: '1', P_HEADERS__FOO: '2', P_headers__foo: '3', P_HEADERS__FOO_FILE: '' } })

    expect(config.get('headers')).toEqual({ Foo: '1', FOO: '2', foo: '3' })
    expect(config.inspect('headers.FOO').candidates.map(({ name }) => name)).toEqual(['P_HEADERS__FOO'])
    expect(config.explain().match(/^headers\.\w+ = "\d"/gm)).toHaveLength(3)
  })
})

describe('keys are spelled as the schema spells them', () => {
  it.each([
    ['valibot', v.object({ level: v.record(v.picklist(['httpServer', 'db']), v.string()) })],
    ['zod', z.object({ level: z.partialRecord(z.enum(['httpServer', 'db']), z.string()) })],
    ['zod, all keys', z.object({ level: z.record(z.enum(['httpServer', 'db']), z.string()) })],
  ])('in a record with a list of keys: %s', (_, schema) => {
    const config = load({ schema, env: { P_LEVEL__HTTPSERVER: '1.10', P_LEVEL__DB: 'info' } })

    expect(config.values).toEqual({ level: { httpServer: '1.10', db: 'info' } })
    expect(config.describe().map(({ path }) => path)).toEqual(['level.httpServer', 'level.db'])
  })

  it.each([
    ['a variable', { env: { P_SERVERS: '[{"HOST":"h","tls":{"CERT":"1.10"}}]' } }, {}],
    ['a file', {}, { 'settings.toml': '[[servers]]\nHost = "h"\n[servers.TLS]\ncert = "1.10"' }],
    ['overrides', { overrides: { servers: [{ Host: 'h', TLS: { CERT: '1.10' } }] } }, {}],
  ])('in tables of a list: %s', (_, options, folder) => {
    const schema = v.object({ servers: v.array(v.object({ host: v.string(), tls: v.object({ cert: v.string() }) })) })

    expect(load({ schema, ...options }, folder).values).toEqual({ servers: [{ host: 'h', tls: { cert: '1.10' } }] })
  })

  it('and a record in a list keeps its keys', () => {
    const schema = v.object({ rows: v.array(v.record(v.string(), v.number())) })

    expect(load({ schema }, { 'settings.toml': '[[rows]]\nA = 1\na = 2' }).values).toEqual({ rows: [{ A: 1, a: 2 }] })
  })
})

describe('a schema that contains itself', () => {
  interface Node {
    readonly text: string
    readonly kids?: readonly Node[] | undefined
  }
  const ofValibot: v.GenericSchema<Node> = v.object({ text: v.string(), kids: v.optional(v.array(v.lazy(() => ofValibot))) })
  const ofZod: z.ZodType<Node> = z.object({ text: z.string(), kids: z.lazy(() => z.array(ofZod)).optional() })
  const ofArktype = type.module({ node: { text: 'string', 'kids?': 'node[]' } }).node

  it.each([
    ['valibot', v.object({ top: ofValibot })],
    ['zod', z.object({ top: ofZod })],
    ['arktype', type({ top: ofArktype })],
  ])('says at every depth how a text is read: %s', (_, schema) => {
    const env = {
      P_TOP__TEXT: '1',
      P_TOP__KIDS__0__TEXT: '1.10',
      P_TOP__KIDS__0__KIDS__0__TEXT: '2.0',
      P_TOP__KIDS__0__KIDS__0__KIDS: '[]',
    }

    expect(load({ schema, env }).values).toEqual({
      top: { text: '1', kids: [{ text: '1.10', kids: [{ text: '2.0', kids: [] }] }] },
    })
  })
})
