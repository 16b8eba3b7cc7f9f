import { request } from 'node:http'
import { afterEach, describe, expect, it } from 'vitest'
import { findToken, readEnvironment } from '../../examples/express-host/environment.js'
import { type Host, type HostOptions, startHost, TOKEN } from './start-host.js'

const DRAFT = { name: 'greeting', template: 'Hello' }
const STRONG = 'eve:f3b1c5d79e8a40226b7d9c0e1f2a3b4c'
let host: Host | undefined

afterEach(() => host?.close())

async function start(options: HostOptions = {}): Promise<Host> {
  host = await startHost(options)
  return host
}

describe('who may do what', () => {
  it('writes need a token, reads do not', async () => {
    const { call } = await start()

    const without = await call('POST', '/prompts', DRAFT, {})
    const wrong = await call('POST', '/prompts', DRAFT, { authorization: 'Bearer ada:no' })

    expect(without).toMatchObject({ status: 401, body: { code: 'E_UNAUTHENTICATED', instance: '/api/config/prompts' } })
    expect(without.headers.get('www-authenticate')).toBe('Bearer')
    expect(wrong.status).toBe(401)
    expect((await call('DELETE', '/prompts/greeting', undefined, {})).status).toBe(401)
    expect((await call('GET', '/prompts', undefined, {})).status).toBe(200)
    expect((await call('POST', '/prompts', DRAFT)).status).toBe(201)
  })

  it('a host without tokens serves reads only, whatever is sent', async () => {
    const { call } = await start({ tokens: [] })

    for (const headers of [{}, { authorization: 'Bearer ' }, { authorization: 'Bearer undefined' }] as Record<string, string>[]) {
      expect(await call('POST', '/prompts', DRAFT, headers)).toMatchObject({ status: 403, body: { code: 'E_READ_ONLY' } })
    }
    expect((await call('GET', '/prompts', undefined, {})).status).toBe(200)
  })

  it('production asks for the token on reads and events too, and never on health', async () => {
    const { call, origin } = await start({ isProduction: true, host: '0.0.0.0' })

    for (const path of ['/prompts', '/events', '/changelog', '/cache/stats', '/openapi.json']) {
      expect((await call('GET', path, undefined, {})).status, path).toBe(401)
    }
    expect((await call('GET', '/prompts')).status).toBe(200)
    expect((await fetch(`${origin}/readyz`)).status).toBe(200)
  })

  it('changes are logged under the name of the token', async () => {
    const bob = { name: 'bob', value: 'bob:1111' }
    const { call } = await start({ tokens: [TOKEN, bob] })

    const claimed = await call('POST', '/prompts', { ...DRAFT, changed_by: 'root' })
    await call('POST', '/prompts', DRAFT, { authorization: `bearer ${bob.value}` })

    expect(claimed).toMatchObject({ status: 400, body: { field: 'changed_by' } })
    expect((await call('GET', '/prompts/greeting/history')).body[0].changed_by).toBe('bob')
  })

  it('a loopback host does not answer to the name of another site', async () => {
    const { origin } = await start()

    const status = await new Promise((resolve) => {
      request(`${origin}/api/config/prompts`, { headers: { host: 'evil.example' } }, (response) => resolve(response.statusCode)).end()
    })

    expect(status).toBe(403)
  })
})

describe('what is taken and given', () => {
  it('bodies are limited, JSON, and have no fields nobody knows', async () => {
    const { call, origin } = await start()
    const post = (body: string, type: string) =>
      fetch(`${origin}/api/config/prompts`, {
        method: 'POST',
        body,
        headers: { authorization: `Bearer ${TOKEN.value}`, 'content-type': type },
      })

    const large = await post(JSON.stringify({ ...DRAFT, template: 'x'.repeat(3_000_000) }), 'application/json')

    expect(large.status).toBe(413)
    expect(large.headers.get('content-type')).toContain('application/problem+json')
    expect((await post('{"name":', 'application/json')).status).toBe(400)
    expect((await post('name=x', 'application/x-www-form-urlencoded')).status).toBe(415)
    expect(await call('POST', '/prompts', { ...DRAFT, lables: ['production'] })).toMatchObject({ status: 400, body: { field: 'lables' } })
    expect(await call('POST', '/prompts', { ...DRAFT, labels: ['UPPER'] })).toMatchObject({ status: 400, body: { field: 'labels[0]' } })
    expect(await call('POST', '/prompts', { template: 'x' })).toMatchObject({ status: 400, body: { field: 'name' } })
    expect(await call('POST', '/prompts', [])).toMatchObject({ status: 400 })
  })

  it('a query that does not fit is a problem, and no failure', async () => {
    const { call, reported } = await start()
    const queries = [
      'limit=0',
      'limit=1001',
      'limit=abc',
      'limit=1&limit=2',
      'active_only=maybe',
      'cursor=%00',
      'nobody=knows',
      '__proto__=x',
    ]

    for (const query of queries) {
      expect(await call('GET', `/prompts?${query}`), query).toMatchObject({ status: 400, body: { code: 'E_INVALID_ARGUMENT' } })
    }
    expect(reported).toEqual([])
  })

  it('a template of 1 MiB passes', async () => {
    const { call } = await start()

    expect((await call('POST', '/prompts', { name: 'long', template: '\n'.repeat(1_048_576) })).status).toBe(201)
  })

  it('what nobody foresaw is reported, and not told', async () => {
    const { call, manager, reported } = await start()
    manager.changelog.list = () => Promise.reject(new Error('secret detail at /srv/app.ts:1'))

    const answer = await call('GET', '/changelog')

    expect(answer).toMatchObject({ status: 500, body: { code: 'E_INTERNAL' } })
    expect(JSON.stringify(answer.body)).not.toContain('secret')
    expect(reported).toHaveLength(1)
  })

  it('a database that is away is 503 with a time to come back', async () => {
    const { call, manager } = await start()
    await manager.shutdown()

    const answer = await call('GET', '/prompts')

    expect(answer.status).toBe(503)
    expect(answer.headers.get('retry-after')).toBe('1')
    expect((await call('GET', '/readyz')).status).toBe(503)
  })

  it('the page allows no inline script, no inline style, and no text as HTML', async () => {
    const { origin } = await start()

    const page = await fetch(`${origin}/admin/`)
    const policy = page.headers.get('content-security-policy')!

    expect(page.status).toBe(200)
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("require-trusted-types-for 'script'")
    expect(policy).not.toContain('unsafe')
    expect(page.headers.get('x-content-type-options')).toBe('nosniff')
    expect(page.headers.get('x-powered-by')).toBeNull()
    expect(await page.text()).not.toMatch(/<style|style=|<script(?![^>]*src=)|\son\w+=|https?:/)
    expect((await fetch(`${origin}/admin/../main.ts`)).status).toBe(404)
    expect((await fetch(`${origin}/admin/..%2fmain.ts`)).status).toBeGreaterThanOrEqual(400)
  })

  it('an unknown path is a problem too', async () => {
    const { call } = await start()

    expect(await call('GET', '/nothing')).toMatchObject({ status: 404, body: { code: 'E_NO_ROUTE' } })
    expect(await call('POST', '/prompts/%E0%A4%A')).toMatchObject({ status: 400 })
  })
})

describe('the environment', () => {
  it('refuses to be open to others without a token', () => {
    expect(() => readEnvironment({ HOST: '0.0.0.0' })).toThrow(/loopback/)
    expect(readEnvironment({})).toMatchObject({ host: '127.0.0.1', port: 8000, workers: 1, tokens: [], database: 'pglite:memory' })
  })

  it('refuses production without a token, or with a weak one', () => {
    const production = (CONFIG_ADMIN_TOKEN?: string) => () =>
      readEnvironment({ NODE_ENV: 'production', ...(CONFIG_ADMIN_TOKEN && { CONFIG_ADMIN_TOKEN }) })

    expect(production()).toThrow(/has to be set/)
    expect(production('secret')).toThrow(/weak/)
    expect(production('a'.repeat(64))).toThrow(/weak/)
    expect(production(`${STRONG},bob:short`)).toThrow(/"bob" is weak/)
    expect(production(STRONG)).not.toThrow()
  })

  it('makes up a token for a demo only', () => {
    const demo = readEnvironment({}, { demo: true }).tokens

    expect(demo).toMatchObject([{ name: 'demo', value: expect.stringMatching(/^demo:[0-9a-f]{32}$/) }])
    expect(() => readEnvironment({ NODE_ENV: 'production' }, { demo: true })).toThrow(/has to be set/)
  })

  it('refuses several workers on the embedded database, and numbers that are none', () => {
    expect(() => readEnvironment({ WORKERS: '4' })).toThrow(/DATABASE_URL/)
    expect(() => readEnvironment({ PORT: '80x' })).toThrow(/PORT/)
    expect(readEnvironment({ WORKERS: '4', DATABASE_URL: 'postgresql://x', PORT: '0' })).toMatchObject({ workers: 4, port: 0 })
  })

  it('finds the token of a header', () => {
    const { tokens } = readEnvironment({ CONFIG_ADMIN_TOKEN: `${STRONG}, plain-token` })

    expect(findToken(tokens, `Bearer ${STRONG}`)?.name).toBe('eve')
    expect(findToken(tokens, 'Bearer plain-token')?.name).toBe('admin')
    for (const header of [undefined, '', 'Bearer', 'Basic plain-token', 'Bearer plain-token2'])
      expect(findToken(tokens, header)).toBeUndefined()
  })
})
