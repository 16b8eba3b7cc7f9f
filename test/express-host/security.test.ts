import { createHash } from 'node:crypto'
import { request } from 'node:http'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { type Host, type HostOptions, startHost, TOKEN } from './start-host.js'

const DRAFT = { name: 'greeting', template: 'Hello' }
let host: Host | undefined

afterEach(() => {
  vi.unstubAllEnvs()
  return host?.close()
})

async function start(options: HostOptions = {}): Promise<Host> {
  host = await startHost(options)
  return host
}

/** Asks with headers that fetch does not let anybody choose. */
function askAs(url: string, headers: Record<string, string>): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { headers }, (response) => {
      response.resume()
      resolve(response.statusCode)
    })
    sent.on('error', reject).end()
  })
}

describe('who may do what', () => {
  it('writes need a token, reads on the same machine do not', async () => {
    const { call } = await start()

    const without = await call('POST', '/prompts', DRAFT, {})
    const wrong = await call('POST', '/prompts', DRAFT, { authorization: 'Bearer ada:no' })

    expect(without).toMatchObject({ status: 401, body: { code: 'E_UNAUTHENTICATED', instance: '/config/api/prompts' } })
    expect(without.headers.get('www-authenticate')).toBe('Bearer')
    expect(wrong.status).toBe(401)
    expect((await call('GET', '/prompts', undefined, { authorization: 'Bearer ada:no' })).status).toBe(401)
    expect((await call('DELETE', '/prompts/greeting', undefined, {})).status).toBe(401)
    expect((await call('GET', '/prompts', undefined, {})).status).toBe(200)
    expect((await call('POST', '/prompts', DRAFT)).status).toBe(201)
  })

  it('a handler without authenticate serves reads only, whatever is sent', async () => {
    const { call } = await start({ handler: { authenticate: undefined } as never })

    for (const headers of [{}, { authorization: 'Bearer ' }, { authorization: 'Bearer undefined' }] as Record<string, string>[]) {
      expect(await call('POST', '/prompts', DRAFT, headers)).toMatchObject({ status: 403, body: { code: 'E_READ_ONLY' } })
    }
    expect((await call('GET', '/prompts', undefined, {})).status).toBe(200)
  })

  it.each(['production', 'prod', 'PRODUCTION'])(
    'with NODE_ENV=%s reads and events need the token too, and health never does',
    async (name) => {
      vi.stubEnv('NODE_ENV', name)
      const { call, origin } = await start()

      for (const path of ['/prompts', '/events', '/changelog', '/cache/stats', '/openapi.json']) {
        expect((await call('GET', path, undefined, {})).status, path).toBe(401)
      }
      expect((await call('GET', '/prompts')).status).toBe(200)
      expect((await fetch(`${origin}/readyz`)).status).toBe(200)
    },
  )

  it('changes are logged under the name of the token', async () => {
    const { call } = await start()

    const claimed = await call('POST', '/prompts', { ...DRAFT, changed_by: 'root' })
    await call('POST', '/prompts', DRAFT, { authorization: `bearer ${TOKEN.value}` })

    expect(claimed).toMatchObject({ status: 400, body: { field: 'changed_by' } })
    expect((await call('GET', '/prompts/greeting/history')).body.items[0].changed_by).toBe('ada')
  })

  it('without a token it does not answer to the name of another site', async () => {
    const { origin } = await start()
    const url = `${origin}/api/config/prompts`

    expect(await askAs(url, { host: 'evil.example' })).toBe(403)
    expect(await askAs(url, { host: 'localhost:8000' })).toBe(200)
    expect(await askAs(url, { host: 'evil.example', authorization: `Bearer ${TOKEN.value}` })).toBe(200)
  })

  it.each(['x-forwarded-for', 'forwarded', 'x-real-ip', 'via'])(
    'without a token nobody reads through a proxy that sends %s',
    async (name) => {
      const { origin } = await start()

      expect(await askAs(`${origin}/api/config/prompts`, { [name]: '203.0.113.7' })).toBe(401)
    },
  )
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

  it('the page allows no inline script, no style but its own, and no text as HTML', async () => {
    const { origin } = await start()

    const page = await fetch(`${origin}/config/admin/`)
    const policy = page.headers.get('content-security-policy')!

    expect(page.status).toBe(200)
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("require-trusted-types-for 'script'")
    expect(policy).not.toContain('unsafe')
    expect(page.headers.get('x-content-type-options')).toBe('nosniff')
    expect(page.headers.get('x-powered-by')).toBeNull()
    const html = await page.text()
    const [styles, ...further] = [...html.matchAll(/<style>(.*?)<\/style>/gs)].map(([, text = '']) => text)
    expect(further).toEqual([])
    expect(policy).toContain(`style-src 'sha256-${createHash('sha256').update(styles!).digest('base64')}'`)
    expect(html.replace(styles!, '')).not.toMatch(/style=|<script(?![^>]*src=)|\son\w+=|https?:/)
    expect((await fetch(`${origin}/config/admin/../main.ts`)).status).toBe(404)
    expect((await fetch(`${origin}/config/admin/..%2fmain.ts`)).status).toBeGreaterThanOrEqual(400)
  })

  it('an unknown path is a problem too', async () => {
    const { call } = await start()

    expect(await call('GET', '/nothing')).toMatchObject({ status: 404, body: { code: 'E_NO_ROUTE' } })
    expect(await call('POST', '/prompts/%E0%A4%A')).toMatchObject({ status: 400 })
  })
})
