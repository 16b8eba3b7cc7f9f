import { fileURLToPath } from 'node:url'
import express, { type Express, type RequestHandler } from 'express'
import type { Services } from './api/endpoint.js'
import { OPERATIONS } from './api/operations.js'
import { Problem, problems } from './api/problem.js'
import { type AccessRules, addApi, answering } from './api/router.js'
import { isLoopback } from './environment.js'

export interface AppOptions extends Services, AccessRules {
  /** The address the server listens on. */
  readonly host: string
  /** Is told about errors that nobody foresaw. */
  readonly report: (error: unknown) => void
}

const API = '/api/config'
const ADMIN = fileURLToPath(new URL('admin', import.meta.url))
// No inline script or style, nothing from elsewhere, no text that becomes HTML.
const PAGE_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; " +
  "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

/** The service: the API, the admin page, and what an orchestrator asks. */
export function createApp(options: AppOptions): Express {
  const app = express()
  app.disable('x-powered-by')
  app.set('query parser', 'simple')
  app.use(guardEverything(options.host))
  addApi(app, API, options, options)
  app.use('/admin', pageHeaders, express.static(ADMIN, { etag: true, cacheControl: false }))
  app.get('/', (_request, response) => response.redirect('/admin/'))
  for (const endpoint of OPERATIONS) if (endpoint.access === 'open') app.get(endpoint.path, answering(endpoint, options))

  app.use((request) => {
    throw new Problem(404, 'E_NO_ROUTE', `There is no ${request.method} ${request.path}.`)
  })
  app.use(problems(options.report))
  return app
}

const HEADERS = new Map([
  ['Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'"],
  ['X-Content-Type-Options', 'nosniff'],
  ['Cross-Origin-Resource-Policy', 'same-origin'],
  ['Cache-Control', 'no-cache'],
])
const PAGE_HEADERS = new Map([
  ['Content-Security-Policy', PAGE_POLICY],
  ['Cross-Origin-Opener-Policy', 'same-origin'],
  ['Permissions-Policy', 'camera=(), geolocation=(), microphone=()'],
  ['Referrer-Policy', 'no-referrer'],
  ['X-Frame-Options', 'DENY'],
])

/** A page of another site can give a loopback address a name of its own, and then read from it: only our own names answer there. */
function guardEverything(host: string): RequestHandler {
  const isLocal = isLoopback(host)
  return (request, response, next) => {
    response.setHeaders(HEADERS)
    if (isLocal && !isLoopback((request.headers.host ?? '').replace(/:\d+$/, ''))) {
      throw new Problem(403, 'E_FOREIGN_HOST', 'This host answers to localhost only.')
    }
    next()
  }
}

const pageHeaders: RequestHandler = (_request, response, next) => {
  response.setHeaders(PAGE_HEADERS)
  next()
}
