import { gunzipSync } from 'node:zlib'

/** A request, and what is to be answered. Only what the Fetch standard has, and nothing that needs a database. */
export interface Check {
  readonly name: string
  readonly path: string
  readonly init?: {
    readonly method?: string
    readonly headers?: Readonly<Record<string, string>>
    readonly body?: string
  }
  readonly status: number
  /** What these headers are; `undefined` for one that is not there. */
  readonly headers?: Readonly<Record<string, string | RegExp | undefined>>
  /** What the body has. */
  readonly body?: RegExp
  /** Whether it comes in gzip; clients over a wire unpack it themselves. */
  readonly isCompressed?: boolean
}

export const TOKEN = 'ada-0123456789abcdef0123456789abcdef'
const ADA = { authorization: `Bearer ${TOKEN}` }
const JSON_OF_ADA = { ...ADA, 'content-type': 'application/json' }
/** The first byte of what gzip has packed. */
const GZIP = 0x1f
const PROBLEM = /^application\/problem\+json/

export const CHECKS: readonly Check[] = [
  {
    name: 'the page comes with its policy',
    path: '/config/admin/',
    status: 200,
    headers: { 'content-type': /^text\/html/, 'content-security-policy': /^default-src 'none'; script-src 'self'; style-src 'sha256-/ },
    body: /<noscript>/,
  },
  {
    name: 'its script comes',
    path: '/config/admin/page.js',
    status: 200,
    headers: { 'content-type': /^text\/javascript/, etag: /^(W\/)?"/ },
    body: /addEventListener/,
  },
  {
    name: 'its script comes compressed',
    path: '/config/admin/page.js',
    init: { headers: { 'accept-encoding': 'gzip' } },
    status: 200,
    headers: { vary: /accept-encoding/, etag: /^W\/"/ },
    isCompressed: true,
    body: /addEventListener/,
  },
  { name: 'the page leads to itself', path: '/config/admin', status: 308, headers: { location: /\/config\/admin\/$/ } },
  { name: 'nothing else is in its folder', path: '/config/admin/constructor', status: 404, headers: { 'content-type': PROBLEM } },
  {
    name: 'the document of the API is read',
    path: '/config/api/openapi.json',
    init: { headers: ADA },
    status: 200,
    body: /"openapi":"3\.1/,
  },
  { name: 'a list is read', path: '/config/api/prompts', init: { headers: ADA }, status: 200, body: /"items":\[\]/ },
  { name: 'a name that is missing', path: '/config/api/prompts/x', init: { headers: ADA }, status: 404, body: /"code":"E_NOT_FOUND"/ },
  {
    name: 'a route that is missing',
    path: '/config/api/nowhere',
    init: { headers: ADA },
    status: 404,
    headers: { 'content-type': PROBLEM, 'x-request-id': /./ },
    body: /"code":"E_NO_ROUTE"/,
  },
  {
    name: 'no token',
    path: '/config/api/prompts',
    status: 401,
    headers: { 'www-authenticate': /^Bearer/ },
    body: /"code":"E_UNAUTHENTICATED"/,
  },
  { name: 'a wrong token', path: '/config/api/prompts', init: { headers: { authorization: 'Bearer x' } }, status: 401 },
  {
    name: 'a wrong method',
    path: '/config/api/prompts',
    init: { method: 'PUT', headers: ADA },
    status: 405,
    headers: { allow: /GET.*POST/ },
  },
  { name: 'HEAD', path: '/config/api/prompts', init: { method: 'HEAD', headers: ADA }, status: 200, body: /^$/ },
  { name: 'OPTIONS', path: '/config/api/prompts', init: { method: 'OPTIONS' }, status: 204, headers: { allow: /GET/ } },
  {
    name: 'a body that is no JSON',
    path: '/config/api/templates/check',
    init: { method: 'POST', headers: JSON_OF_ADA, body: '{' },
    status: 400,
    body: /"code":"E_MALFORMED"/,
  },
  {
    name: 'a body of another type',
    path: '/config/api/templates/check',
    init: { method: 'POST', headers: { ...ADA, 'content-type': 'text/plain' }, body: '{}' },
    status: 415,
    body: /"code":"E_NOT_JSON"/,
  },
  {
    name: 'a body that is too large',
    path: '/config/api/templates/check',
    init: { method: 'POST', headers: JSON_OF_ADA, body: JSON.stringify({ template: 'x'.repeat(3_000_000) }) },
    status: 413,
    body: /"code":"E_TOO_LARGE"/,
  },
  {
    name: 'all that is wrong with a body',
    path: '/config/api/templates/check',
    init: { method: 'POST', headers: JSON_OF_ADA, body: '{"templat":1}' },
    status: 400,
    body: /"pointer":"\/templat"/,
  },
  {
    name: 'a template is checked',
    path: '/config/api/templates/check',
    init: { method: 'POST', headers: JSON_OF_ADA, body: '{"template":"Hi {name}"}' },
    status: 200,
    body: /"variables":\["name"\]/,
  },
  {
    name: 'a form of another site is refused',
    path: '/config/api/templates/check',
    init: { method: 'POST', headers: { ...JSON_OF_ADA, 'sec-fetch-site': 'cross-site' }, body: '{}' },
    status: 403,
  },
  { name: 'a path that cannot be decoded', path: '/config/api/prompts/%E0%A4', init: { headers: ADA }, status: 400 },
]

/** What is wrong with an answer; nothing when all is right. */
export async function faultsOf({ status, headers, body, isCompressed }: Check, answer: Response): Promise<readonly string[]> {
  const bytes = Buffer.from(await answer.arrayBuffer())
  const text = (isCompressed && bytes[0] === GZIP ? gunzipSync(bytes) : bytes).toString()
  const faults = answer.status === status ? [] : [`is ${answer.status}, not ${status}: ${text.slice(0, 200)}`]
  for (const [name, wanted] of Object.entries(headers ?? {})) {
    const value = answer.headers.get(name) ?? undefined
    if (wanted instanceof RegExp ? !wanted.test(value ?? '') : value !== wanted) faults.push(`has ${name} ${value}`)
  }
  if (body && !body.test(text)) faults.push(`has another body: ${text.slice(0, 200)}`)
  return faults
}
