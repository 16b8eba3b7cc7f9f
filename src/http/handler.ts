import * as v from 'valibot'
import type { Answer } from './answer.js'
import { jsonAnswer, taggedAnswer } from './answer.js'
import { createApi } from './api/endpoints.js'
import { ApiServer } from './api-server.js'
import { type Endpoint, endpoint } from './endpoint.js'
import { EventStreams } from './event-streams.js'
import type { Exchange } from './exchange.js'
import { fetchExchange } from './fetch-exchange.js'
import { MemoryIdempotencyKeys } from './idempotency-memory.js'
import { defaultsOf, type HttpManager } from './manager.js'
import { openApiDocument } from './openapi.js'
import { type ConfigHandlerOptions, resolveOptions } from './options.js'
import { pageAnswer } from './page.js'
import { resourcesOf } from './resources.js'
import { RunLimiter } from './run-limiter.js'

/** How `toNodeHandler` reaches the handler without a `Request`, also between copies of the package. */
export const SERVE = Symbol.for('agent-config.http.serve')

/** Answers requests; `undefined` for a path outside of `basePath`. */
export type Serve = (exchange: Exchange) => Promise<Answer | undefined>

/** A handler for requests of the Fetch standard. */
export interface ConfigHandler {
  (request: Request): Promise<Response>
  /** Where the handler is: `/config`. */
  readonly basePath: string
  /** Ends open event streams, so that a server can close. Their clients come back after a second. */
  close(): void
  readonly [SERVE]: Serve
}

/**
 * The REST API and the admin page as one handler of the Fetch standard: for Next, Hono, Bun and Deno as it is, for Express, Fastify and
 * `node:http` through `toNodeHandler`. The manager stays the host's: close it yourself.
 *
 * @throws {InvalidArgumentError} without `authenticate`, unless `anonymousReads` is given; and for options that are not acceptable
 *
 * @example
 * ```ts
 * const handler = createConfigHandler(manager, {
 *   authenticate: bearerTokens({ ada: { token: process.env.ADA_TOKEN, can: roles.admin } }),
 * })
 * const response = await handler(new Request('http://localhost/config/api/healthz'))
 * ```
 */
export function createConfigHandler(manager: HttpManager, options: ConfigHandlerOptions = {}): ConfigHandler {
  const resolved = resolveOptions(options)
  const { basePath, llm, admin, authenticate, anonymousReads, trustedOrigins, maxBodyBytes, onError = () => {} } = resolved
  const streams = new EventStreams(manager)
  const { endpoints: calls, named } = createApi(resourcesOf(manager), llm)
  const document = (root: string) => openApiDocument(endpoints, named, root)
  const endpoints: readonly Endpoint[] = [...calls, describing(document), streaming(streams)]
  const api = new ApiServer({
    endpoints,
    services: {
      manager,
      defaults: defaultsOf(manager),
      llm,
      runs: new RunLimiter(resolved.playground),
      redisStatistics: resolved.redisStatistics,
    },
    access: { authenticate, anonymousReads },
    trustedOrigins,
    keys: manager.idempotencyKeys ?? new MemoryIdempotencyKeys(),
    maxBodyBytes,
    onError,
  })
  const serve: Serve = async (exchange) => {
    const { path } = exchange
    if (path.startsWith('/api/')) return api.serve(exchange, path.slice('/api'.length))
    // With basePath `/`, the root itself is the host's front page and not redirected.
    if (!admin || (basePath === '' && !path.startsWith('/admin'))) return undefined
    return pageAnswer(exchange)
  }
  const handler = async (request: Request): Promise<Response> => {
    const { pathname, search } = partsOf(request.url)
    const path = pathBelow(basePath, pathname)
    const answer = path === undefined ? undefined : await serve(fetchExchange(request, search, path, basePath))
    return responseOf(answer ?? notServed(pathname), request.method)
  }
  return Object.assign(handler, { basePath, close: () => streams.close(), [SERVE]: serve })
}

/** What a request's URL says, which is absolute and normalized already: making a `URL` of it again takes a tenth of a cached read. */
function partsOf(url: string): { readonly pathname: string; readonly search: string } {
  const hash = url.indexOf('#')
  const end = hash === -1 ? url.length : hash
  const start = url.indexOf('/', url.indexOf('//') + 2)
  const mark = url.indexOf('?')
  const pathEnd = mark === -1 || mark > end ? end : mark
  return { pathname: url.slice(start, pathEnd), search: url.slice(pathEnd + 1, end) }
}

/** What stands behind the base path; `undefined` when the path is another one. */
export function pathBelow(basePath: string, pathname: string): string | undefined {
  if (!pathname.startsWith(basePath)) return undefined
  const path = pathname.slice(basePath.length)
  return path === '' || path.startsWith('/') ? path : undefined
}

export function notServed(path: string): Answer {
  const code = 'E_NO_ROUTE'
  const problem = {
    type: 'urn:agent-config:problem:no-route',
    title: 'Not found',
    status: 404,
    detail: `There is no ${path}.`,
    code,
    instance: path,
  }
  return jsonAnswer(404, problem, { 'content-type': 'application/problem+json; charset=utf-8', 'x-content-type-options': 'nosniff' })
}

function responseOf({ status, headers, body }: Answer, method: string): Response {
  // Workers compress what has a content-encoding, unless they are told that it is compressed. Other runtimes do not know the option.
  const isEncoded = headers['content-encoding'] !== undefined
  const init: ResponseInit & { readonly encodeBody?: 'manual' } = isEncoded
    ? { status, headers, encodeBody: 'manual' }
    : { status, headers }
  if (method !== 'HEAD') return new Response(body ?? null, init)
  // An event stream that nobody will read would stay open.
  if (body instanceof ReadableStream) void body.cancel()
  return new Response(null, init)
}

function describing(documentAt: (root: string) => object): Endpoint {
  const documents = new Map<string, Answer>()
  return endpoint({
    method: 'GET',
    path: '/openapi.json',
    tag: 'document',
    summary: 'The OpenAPI document of this API',
    access: 'read',
    isStatic: true,
    answer: v.looseObject({}),
    handle: async ({ api }) => {
      const document = documents.get(api) ?? taggedAnswer(documentAt(api))
      // Bounded: a host has one root, or a few, but clients can influence the value.
      if (documents.size < 10) documents.set(api, document)
      return document
    },
  })
}

function streaming(streams: EventStreams): Endpoint {
  return endpoint({
    method: 'GET',
    path: '/events',
    tag: 'events',
    summary: 'Server-sent events: what a client missed that sends Last-Event-ID, then `ready`, then a `change` for every change',
    access: 'read',
    answer: v.string(),
    mediaType: 'text/event-stream',
    handle: async ({ header }) => streams.open(header('last-event-id')),
  })
}
