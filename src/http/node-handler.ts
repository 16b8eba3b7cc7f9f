import type { IncomingMessage, ServerResponse } from 'node:http'
import { InvalidArgumentError } from '../shared/errors.js'
import { type Answer, lengthOf } from './answer.js'
import type { Exchange } from './exchange.js'
import { type ConfigHandler, notServed, pathBelow, SERVE } from './handler.js'
import { type NodeRequest, nodeExchange } from './node-exchange.js'

/** A middleware of Express and Connect, and a listener of `node:http`. */
export type NodeHandler = (request: IncomingMessage, response: ServerResponse, next?: (error?: unknown) => void) => void

/**
 * The handler for Node's own requests: `app.use(toNodeHandler(handler))` in Express, Connect, Nest and Fastify with `@fastify/middie`, or
 * `createServer(toNodeHandler(handler))`.
 *
 * A path outside of `basePath` goes to `next()`, or is a 404 where there is none: routes of the host stay as they are. A body that
 * the host has parsed already is taken from `request.body`.
 */
export function toNodeHandler(handler: ConfigHandler): NodeHandler {
  const serve = handler?.[SERVE]
  if (typeof serve !== 'function') throw new InvalidArgumentError('handler', 'must be what createConfigHandler() gave')
  return (request, response, next) => {
    const place = placeOf(request, handler.basePath)
    const served = place ? serve(nodeExchange(request, response, place)) : Promise.resolve(undefined)
    served
      .then((answer) => {
        if (answer === undefined && next) return next()
        return send(answer ?? notServed(request.url ?? '/'), request, response)
      })
      // What can still fail is writing to a client that went away, or the host's next().
      .catch((error: unknown) => (next && !response.headersSent ? next(error) : response.destroy()))
  }
}

/** Where a request is below the base path: by its URL, or by the one from before a router of the host's took its own part off. */
function placeOf({ url = '/', originalUrl = url }: NodeRequest, basePath: string): Pick<Exchange, 'path' | 'search' | 'root'> | undefined {
  const asked = addressOf(originalUrl)
  for (const address of [addressOf(url), asked]) {
    const mark = address.indexOf('?')
    const pathname = mark === -1 ? address : address.slice(0, mark)
    const path = pathBelow(basePath, pathname)
    if (path === undefined) continue
    // The part before it belongs to the host. With two slashes in front it would name another host in a redirection.
    const before = asked.endsWith(address) ? asked.slice(0, asked.length - address.length).replace(/^\/+/, '/') : ''
    return { path, search: mark === -1 ? '' : address.slice(mark + 1), root: before + basePath }
  }
  return undefined
}

/** A proxy may send the whole URL: who the client says it asked is not where the handler is. */
function addressOf(url: string): string {
  return url.startsWith('/') ? url : url.replace(/^https?:\/\/[^/?]*/i, '')
}

async function send({ status, headers: own, body }: Answer, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const headers = withHostsVary(own, response)
  if (body instanceof ReadableStream) {
    response.writeHead(status, headers)
    return request.method === 'HEAD' ? endStream(body, response) : pump(body, response)
  }
  const hasLength = status !== 304 && status !== 204
  response.writeHead(status, hasLength ? { ...headers, 'content-length': lengthOf(body) } : { ...headers })
  response.end(request.method === 'HEAD' ? undefined : body)
}

/** What the host's middleware says that answers vary by stays said: CORS names `Origin`, and a cache would mix origins up without it. */
function withHostsVary(headers: Answer['headers'], response: ServerResponse): Answer['headers'] {
  const hosts = response.getHeader('vary')
  return hosts === undefined || headers.vary === undefined ? headers : { ...headers, vary: `${hosts}, ${headers.vary}` }
}

async function endStream(body: ReadableStream<Uint8Array>, response: ServerResponse): Promise<void> {
  response.end()
  await body.cancel()
}

/** Writes a stream as it comes; the stream hears when the client goes away. */
async function pump(body: ReadableStream<Uint8Array>, response: ServerResponse): Promise<void> {
  const reader = body.getReader()
  // It may have gone before its stream had begun; there is no event to wait for then.
  if (response.destroyed) return reader.cancel()
  response.flushHeaders()
  response.on('close', () => void reader.cancel().catch(() => {}))
  for (;;) {
    const { value, done } = await reader.read()
    if (done) break
    // A client that is gone drains nothing.
    if (response.destroyed) return reader.cancel()
    if (!response.write(value)) await drained(response)
  }
  response.end()
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const go = () => {
      response.off('drain', go)
      response.off('close', go)
      resolve()
    }
    response.on('drain', go)
    response.on('close', go)
  })
}
