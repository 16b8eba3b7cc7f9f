import { gzipSync } from 'node:zlib'
import type { Answer } from './answer.js'
import { etagOf } from './answer.js'
import { compressed } from './compression.js'
import { unlessKnown } from './conditions.js'
import type { Exchange } from './exchange.js'
import { PAGE_ASSETS, PAGE_STYLE_SOURCE } from './page-assets.js'

// No inline script, no style but the one in the page, nothing from elsewhere, no text that becomes HTML.
const POLICY =
  `default-src 'none'; script-src 'self'; style-src ${PAGE_STYLE_SOURCE}; img-src 'self'; connect-src 'self'; base-uri 'none'; ` +
  "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
const HEADERS = {
  'content-security-policy': POLICY,
  // Costs a new process in Chromium. See docs/decisions/0085-the-page-keeps-its-opener-policy.md.
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'cache-control': 'no-cache',
  vary: 'accept-encoding',
}
const encoder = new TextEncoder()
const prepared = new Map<string, Answer>()

/** One of the page's files; `undefined` for any other path. The files hold no secrets: the data comes from the API. */
export async function pageAnswer({ method, path, root, header }: Exchange): Promise<Answer | undefined> {
  if (path === '' || path === '/' || path === '/admin') {
    if (method !== 'GET' && method !== 'HEAD') return undefined
    return { status: 308, headers: { ...HEADERS, location: `${root}/admin/` } }
  }
  const name = path === '/admin/' ? 'index.html' : path.slice('/admin/'.length)
  if (!path.startsWith('/admin/') || !Object.hasOwn(PAGE_ASSETS, name)) return undefined
  const allow = 'GET, HEAD, OPTIONS'
  if (method === 'OPTIONS') return { status: 204, headers: { ...HEADERS, allow } }
  if (method !== 'GET' && method !== 'HEAD') return { status: 405, headers: { ...HEADERS, allow } }
  return compressed(unlessKnown(assetOf(name), header('if-none-match')), header('accept-encoding'))
}

function assetOf(name: string): Answer {
  const known = prepared.get(name)
  if (known) return known
  const { body: text, type } = PAGE_ASSETS[name] as (typeof PAGE_ASSETS)[string]
  const body = encoder.encode(text)
  const compressedOnce = { gzip: Promise.resolve(gzipSync(body, { level: 9 })) }
  const answer = { status: 200, headers: { ...HEADERS, 'content-type': type, etag: etagOf(body) }, body, compressed: compressedOnce }
  prepared.set(name, answer)
  return answer
}
