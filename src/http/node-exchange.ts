import type { IncomingMessage, ServerResponse } from 'node:http'
import { brokeOff, parseBody, tooLarge } from './body.js'
import type { Exchange, Locality } from './exchange.js'
import { Problem } from './problem.js'

/** Properties that frameworks of Node add to a request. */
export interface NodeRequest extends IncomingMessage {
  /** The URL before a router of the host's took its own part off. */
  readonly originalUrl?: string
  /** The body, when a parser of the host's has read it already. */
  readonly body?: unknown
}

/** A request of Node as an exchange. */
export function nodeExchange(
  request: NodeRequest,
  response: ServerResponse,
  { path, search, root }: Pick<Exchange, 'path' | 'search' | 'root'>,
): Exchange {
  const header = (name: string) => {
    const value = request.headers[name]
    return typeof value === 'string' ? value : value?.join(', ')
  }
  return {
    method: request.method ?? 'GET',
    path,
    search,
    root,
    locality: () => localityOf(request),
    incoming: request,
    signal: () => {
      const controller = new AbortController()
      response.once('close', () => controller.abort())
      return controller.signal
    },
    header,
    json: (limitBytes) => readJson(request, limitBytes),
    request: () => standardRequest(request, header('host')),
  }
}

/** Enough of the request to see who sent it: all but its body. */
function standardRequest(request: NodeRequest, host: string | undefined): Request {
  const headers = new Headers()
  for (let place = 0; place < request.rawHeaders.length; place += 2) {
    try {
      headers.append(request.rawHeaders[place] as string, request.rawHeaders[place + 1] as string)
    } catch {
      // Node accepts headers that the standard refuses; none of them identifies the caller.
    }
  }
  const scheme = 'encrypted' in request.socket && request.socket.encrypted ? 'https' : 'http'
  const authority = host !== undefined && URL.canParse(`${scheme}://${host}`) ? host : 'localhost'
  const path = request.originalUrl ?? request.url ?? '/'
  const method = request.method === 'TRACE' || request.method === 'CONNECT' ? 'GET' : (request.method ?? 'GET')
  return new Request(`${scheme}://${authority}${path.startsWith('/') ? path : '/'}`, { method, headers })
}

async function readJson(request: NodeRequest, limitBytes: number): Promise<unknown> {
  const { body } = request
  if (body !== undefined) return parsedByHost(body)
  if (request.headers['transfer-encoding'] === undefined && request.headers['content-length'] === undefined) return undefined
  if (request.readableEnded) {
    throw new Problem(400, 'E_MALFORMED', 'The body was read before it came here, and not kept in request.body.')
  }
  if (request.destroyed) throw brokeOff()
  return parseBody(await readBytes(request, limitBytes))
}

/** The rest of a body that is too large is read and dropped, because a client reads the answer only after it has sent everything. */
function readBytes(request: NodeRequest, limitBytes: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = []
    let length = 0
    request.on('data', (chunk: Uint8Array) => {
      length += chunk.byteLength
      if (length <= limitBytes) chunks.push(chunk)
      else if (length > limitBytes * MOST_DROPPED) request.destroy()
      else {
        chunks.length = 0
        reject(tooLarge(limitBytes))
      }
    })
    request.on('end', () => resolve(Buffer.concat(chunks)))
    request.on('error', () => reject(brokeOff()))
    request.on('close', () => reject(brokeOff()))
  })
}

/** A client that goes on sending beyond so many times the limit is cut off. */
const MOST_DROPPED = 10

/** The body as the host's parser gave it: an object, or bytes or text that are parsed here. */
function parsedByHost(body: unknown): unknown {
  if (body instanceof Uint8Array) return parseBody(body)
  if (typeof body === 'string') return parseBody(Buffer.from(body))
  return body
}

/** What proxies add, beside `X-Forwarded-…`. */
const FORWARDED: ReadonlySet<string> = new Set([
  'forwarded',
  'via',
  'x-real-ip',
  'x-client-ip',
  'x-cluster-client-ip',
  'x-envoy-external-address',
  'x-original-forwarded-for',
  'x-original-host',
  'cf-connecting-ip',
  'cdn-loop',
  'fastly-client-ip',
  'fly-client-ip',
  'true-client-ip',
])

/** A client behind a proxy of this machine is not on this machine. */
function localityOf(request: IncomingMessage): Locality {
  const { remoteAddress = '' } = request.socket
  if (!isLoopback(remoteAddress.replace(/^::ffff:/i, ''))) return 'elsewhere'
  for (const name in request.headers) if (name.startsWith('x-forwarded') || FORWARDED.has(name)) return 'elsewhere'
  const host = (request.headers.host ?? '').toLowerCase().replace(/:\d+$/, '')
  return isLoopback(host) ? 'here' : 'foreign-host'
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host)
}
