import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { HANDLER_DEFAULTS } from '../../src/http/index.js'
import { type OpenHandler, openHandler } from './open-handler.js'

let open: OpenHandler

beforeAll(async () => {
  open = await openHandler()
})

afterAll(() => open.close())

const get = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
  open.handler(new Request(`http://host/config${path}`, { method, headers }))

it('the page and everything it asks for is served, with tags, compressed, and with no inline script', async () => {
  const page = await get('/admin/')
  const html = await page.text()
  const asked = [...html.matchAll(/(?:href|src)="([\w.]+)"/g)].map(([, file]) => file as string)

  expect(html).not.toMatch(/\sstyle=|<script(?![^>]*src=)|\son\w+=|https?:/)
  expect(new Set(asked)).toEqual(new Set(['icon.svg', 'page.js']))
  for (const file of ['', ...asked]) {
    const answer = await get(`/admin/${file}`, { 'accept-encoding': 'gzip' })
    const etag = answer.headers.get('etag')!
    expect(answer.status, file).toBe(200)
    expect(answer.headers.get('content-security-policy'), file).toMatch(
      /^default-src 'none'; script-src 'self'; style-src 'sha256-[\w+/]{43}=';/,
    )
    expect(answer.headers.get('content-security-policy'), file).not.toContain('unsafe')
    expect((await get(`/admin/${file}`, { 'if-none-match': etag })).status, file).toBe(304)
  }
  expect((await get('/admin/page.js', { 'accept-encoding': 'gzip' })).headers.get('content-encoding')).toBe('gzip')
})

it('nothing else is', async () => {
  for (const path of ['/admin/app.js', '/admin/constructor', '/admin/__proto__', '/admin/..%2fpage.js', '/admin/page.js/']) {
    expect((await get(path)).status, path).toBe(404)
  }
  expect([(await get('/admin')).status, (await get('/admin')).headers.get('location')]).toEqual([308, '/config/admin/'])
  expect([(await get('/admin/', {}, 'POST')).status, (await get('/admin/', {}, 'OPTIONS')).headers.get('allow')]).toEqual([
    405,
    'GET, HEAD, OPTIONS',
  ])
  expect(await (await get('/admin/', {}, 'HEAD')).text()).toBe('')
})

it('docs/http.md names every option, every default and every code', () => {
  const read = (path: string) => readFileSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)), 'utf8')
  const [text, options] = [read('docs/http.md'), read('src/http/options.ts')]
  const names = [...(/const KEYS = \[([^\]]+)\]/.exec(options)?.[1] ?? '').matchAll(/'(\w+)'/g)].map(([, name]) => name as string)
  const files = [
    'authentication',
    'body',
    'safety',
    'conditions',
    'idempotency',
    'api-server',
    'problem',
    'run-limiter',
    'event-streams',
    'api/playground',
  ]
  const codes = files.flatMap((file) =>
    [...read(`src/http/${file}.ts`).matchAll(/Problem\(\s*\d+,\s*'(E_\w+)'/g)].map(([, code]) => code as string),
  )

  expect(names.length).toBeGreaterThan(8)
  for (const name of names) expect(text).toContain(`| \`${name}\` |`)
  expect(text).toContain(HANDLER_DEFAULTS.maxBodyBytes.toLocaleString('en'))
  // The library's own codes have a page of their own.
  const own = [...codes, 'E_INTERNAL'].filter((code) => !read('docs/errors.md').includes(code))
  expect(own.length).toBeGreaterThan(12)
  for (const code of own) expect(text).toContain(`\`${code}\``)
})
