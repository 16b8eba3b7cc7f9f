import crypto from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import express from 'express'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { bearerTokens, createConfigHandler, roles, toNodeHandler } from '../../src/http/index.js'
import { eventually } from '../support/eventually.js'
import { ADMIN, type OpenHandler, openHandler, TOKENS } from './open-handler.js'

// Requests as no client of good will sends them, byte by byte through Node and through the Fetch standard.

let open: OpenHandler
let server: Server
let port: number

beforeAll(async () => {
  open = await openHandler()
  await open.ask('POST', '/prompts', { name: 'greeting', template: 'Hello', labels: ['production'] })
  server = createServer(toNodeHandler(open.handler))
  port = await listen(server)
})

afterAll(async () => {
  server.closeAllConnections()
  server.close()
  await open.close()
})

async function listen(listener: Server): Promise<number> {
  await once(listener.listen(0, '127.0.0.1'), 'listening')
  return (listener.address() as AddressInfo).port
}

/** Sends bytes as they are; gives status, headers and body. */
async function raw(text: string, to = port) {
  const socket = connect(to, '127.0.0.1')
  socket.write(text, 'latin1')
  let received = ''
  for await (const chunk of socket) received += (chunk as Buffer).toString('latin1')
  const [head = '', ...body] = received.split('\r\n\r\n')
  return { status: Number(head.split(' ')[1]), head: head.toLowerCase(), body: body.join('\r\n\r\n') }
}

function requestOf(line: string, headers: readonly string[] = [], body = ''): string {
  return [`${line} HTTP/1.1`, 'Host: localhost', 'Connection: close', ...headers, '', body].join('\r\n')
}

const bearer = `Authorization: Bearer ${TOKENS.ada}`
const json = 'Content-Type: application/json'
const READ = '/config/api/prompts/greeting'
const CHECK = '/config/api/templates/check'
const post = (headers: readonly string[], body: string, path = CHECK) =>
  raw(
    requestOf(
      `POST ${path}`,
      [
        bearer,
        ...headers,
        ...(headers.some((line) => /^(content-length|transfer-encoding)/i.test(line)) ? [] : [`Content-Length: ${body.length}`]),
      ],
      body,
    ),
  )

describe('who asks', () => {
  it.each([
    ['twice the same', [bearer, bearer], 200],
    ['twice, the first wrong', ['Authorization: Bearer wrong-0123456789abcdef012345', bearer], 401],
    ['twice, the second wrong', [bearer, 'Authorization: Bearer wrong-0123456789abcdef012345'], 200],
    ['joined with a comma', [`${bearer}, Bearer ${TOKENS.eve}`], 401],
    ['another scheme', [`Authorization: Basic ${TOKENS.ada}`], 401],
    ['no scheme', [`Authorization: ${TOKENS.ada}`], 401],
    ['a scheme without a blank', [`Authorization: Bearer${TOKENS.ada}`], 401],
    ['a tab in place of a blank', [`Authorization: Bearer\t${TOKENS.ada}`], 401],
    ['a scheme in other letters', [`Authorization: bEaReR ${TOKENS.ada}`], 200],
    ['more blanks', [`Authorization:   Bearer   ${TOKENS.ada}   `], 200],
    ['a token with a byte more', [`${bearer}x`], 401],
    ['a token with a byte less', [bearer.slice(0, -1)], 401],
    ['a token in other letters', [`Authorization: Bearer ${TOKENS.ada.toUpperCase()}`], 401],
    ['a token with a byte beyond ASCII', [`${bearer}\xe9`], 401],
    ['a token of 8,000 bytes', [`Authorization: Bearer ${'a'.repeat(8_000)}`], 401],
    ['the token in a cookie', [`Cookie: token=${TOKENS.ada}; authorization=Bearer ${TOKENS.ada}`], 401],
    ['the token in another header', [`X-Authorization: Bearer ${TOKENS.ada}`, `Proxy-Authorization: Bearer ${TOKENS.ada}`], 401],
  ])('is judged by one Authorization header: %s', async (_, headers, status) => {
    expect((await raw(requestOf(`GET ${READ}`, headers))).status).toBe(status)
  })

  it.each(['token', 'access_token', 'authorization', 'api_key'])('is not read from the query: %s', async (name) => {
    expect((await raw(requestOf(`GET ${READ}?${name}=${TOKENS.ada}`))).status).toBe(401)
  })

  it('is found out by the same comparisons of the same bytes, whatever is sent', () => {
    const tokens = { first: 'a'.repeat(24), second: 'b'.repeat(40), third: 'c'.repeat(32) }
    const find = bearerTokens(tokens)
    const compare = vi.spyOn(crypto, 'timingSafeEqual')
    const comparisons = [...Object.values(tokens), 'd'.repeat(24), 'a', 'a'.repeat(23), 'b'.repeat(8_000)].map((token) => {
      compare.mockClear()
      find(new Request('http://x', { headers: { authorization: `Bearer ${token}` } }), {})
      return compare.mock.calls.map(([one, other]) => [one.byteLength, other.byteLength])
    })
    compare.mockRestore()

    for (const made of comparisons) expect(made).toEqual(Array(3).fill([40, 40]))
  })

  it('finds the last of a thousand tokens, and none that begins like one', async () => {
    const tokens = Object.fromEntries(Array.from({ length: 1_000 }, (_, place) => [`n${place}`, `${'0'.repeat(30)}${place + 1_000}`]))
    const find = bearerTokens(tokens)
    const whoIs = (token: string) => find(new Request('http://x', { headers: { authorization: `Bearer ${token}` } }), {})

    expect(await whoIs(`${'0'.repeat(30)}1999`)).toMatchObject({ name: 'n999' })
    expect(await whoIs(`${'0'.repeat(30)}199`)).toBeUndefined()
    expect(await whoIs(`${'0'.repeat(30)}19990`)).toBeUndefined()
  })
})

describe('a path', () => {
  it.each([
    ['/config/api/..%2f..%2fprompts', 404, 404],
    ['/config/api/prompts/..%2f..%2fetc%2fpasswd', 401, 404],
    ['/config/api/prompts/%2e%2e', 401, 404],
    ['/config/api/prompts/%252e%252e%252f', 401, 404],
    ['/config/api/../api/prompts/greeting', 404, 404],
    ['/config/api/./prompts/greeting', 404, 404],
    ['/config/api//prompts/greeting', 404, 404],
    ['/config/api/prompts//greeting', 404, 404],
    ['/config\\api\\prompts', 404, 404],
    ['/config/api/prompts/greeting%00', 401, 400],
    ['/config/api/prompts/%ff', 400, 400],
    ['/config/api/prompts/__proto__', 401, 404],
    ['/config/api/__proto__/constructor', 404, 404],
    ['/config/api/prompts/greeting;version=1', 401, 404],
    ['/config/admin/..%2f..%2fpackage.json', 404, 404],
    ['/config/admin/../../package.json', 404, 404],
    ['/config/admin/__proto__', 404, 404],
    ['/config/admin/toString', 404, 404],
    ['/CONFIG/api/prompts', 404, 404],
    ['/configuration/api/prompts', 404, 404],
    [`/config/api/prompts/${'a'.repeat(10_000)}`, 401, 400],
  ])('means what it says and nothing else: %s', async (path, without, withToken) => {
    expect((await raw(requestOf(`GET ${path}`))).status).toBe(without)
    expect((await raw(requestOf(`GET ${path}`, [bearer]))).status).toBe(withToken)
  })

  it('that is longer than what Node reads is refused by Node', async () => {
    expect((await raw(requestOf(`GET ${READ}?x=${'a'.repeat(20_000)}`))).status).toBe(431)
  })

  it.each([
    ['label=production&label=staging', 400],
    ['label[]=production', 400],
    ['__proto__=1', 400],
    ['constructor=1', 400],
    ['version=1e3', 400],
    ['version=0x1', 400],
    ['version=%201', 400],
    ['version=-1', 400],
    ['version=1%00', 400],
    ['min_revision=99999999999999999999', 400],
    ['label=%ff', 400],
    ['', 200],
    ['&&', 200],
  ])('takes a query by its schema: %s', async (query, status) => {
    expect((await raw(requestOf(`GET ${READ}?${query}`, [bearer]))).status).toBe(status)
  })
})

describe('a method', () => {
  it.each(['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override'])('is not overridden by %s', async (name) => {
    expect((await raw(requestOf(`GET ${READ}`, [bearer, `${name}: DELETE`]))).status).toBe(200)
    expect((await raw(requestOf(`GET ${READ}?_method=DELETE`, [bearer]))).status).toBe(400)
    expect((await raw(requestOf(`GET ${READ}`, [bearer]))).status).toBe(200)
  })

  it.each(['PUT', 'PATCH', 'TRACE', 'PROPFIND', 'SEARCH'])('%s is told what the path takes', async (method) => {
    expect(await raw(requestOf(`${method} ${READ}`, [bearer]))).toMatchObject({
      status: 405,
      head: expect.stringMatching(/allow: delete, get, head, options/),
    })
  })

  it('HEAD and OPTIONS work on every route, and OPTIONS asks for no token', async () => {
    const { body } = await open.ask('GET', '/openapi.json')
    const paths = Object.entries(body.paths as Record<string, object>)
    expect(paths.length).toBeGreaterThan(30)
    for (const [pattern, methods] of paths) {
      const path = `/config/api${pattern.replaceAll(/\{\w+\}/g, '1')}`
      const options = await open.handler(new Request(`http://x${path}`, { method: 'OPTIONS' }))
      const head = await open.handler(new Request(`http://x${path}`, { method: 'HEAD', headers: ADMIN }))

      const allow = options.headers.get('allow')?.split(', ') ?? []
      expect([options.status, await options.text()]).toEqual([204, ''])
      for (const method of Object.keys(methods)) expect(allow).toContain(method.toUpperCase())
      expect(await head.text()).toBe('')
      if ('get' in methods) expect([path, head.status]).not.toEqual([path, 405])
      else expect([path, head.status]).toEqual([path, 405])
    }
  })
})

describe('a body', () => {
  const template = '{"template":"x"}'

  it.each([
    [
      'in chunks with a trailer',
      ['Transfer-Encoding: chunked', json],
      `10\r\n${template}\r\n0\r\nX-Trailer: Content-Type: text/html\r\n\r\n`,
      200,
    ],
    ['in chunks that are none', ['Transfer-Encoding: chunked', json], 'zz\r\n', 400],
    ['with two lengths', ['Content-Length: 16', 'Content-Length: 17', json], template, 400],
    ['with length and chunks', ['Content-Length: 16', 'Transfer-Encoding: chunked', json], `10\r\n${template}\r\n0\r\n\r\n`, 400],
    ['with a length that is none', ['Content-Length: -1', json], template, 400],
    ['longer than it says', ['Content-Length: 15', json], template, 400],
    ['compressed', ['Content-Encoding: gzip', json], gzipSync(template).toString('latin1'), 415],
    ['compressed, as its type says', ['Content-Type: application/gzip'], gzipSync(template).toString('latin1'), 415],
    ['compressed, without a word', [json], gzipSync(template).toString('latin1'), 400],
    ['in UTF-16', ['Content-Type: application/json; charset=utf-16le'], Buffer.from(template, 'utf16le').toString('latin1'), 415],
    ['in Latin-1', ['Content-Type: application/json; charset=iso-8859-1'], '{"template":"\xe9"}', 415],
    ['in a charset that nobody knows', ['Content-Type: application/json; charset=klingon'], template, 415],
    ['in UTF-8, in quotes', ['Content-Type: application/json; charset="UTF-8"'], template, 200],
    ['in US-ASCII', ['Content-Type: application/json; charset=us-ascii'], template, 200],
    ['of a form', ['Content-Type: application/x-www-form-urlencoded'], template, 415],
    ['of text', ['Content-Type: text/plain'], template, 415],
    ['of two types', ['Content-Type: text/plain, application/json'], template, 415],
    ['without a type', [], template, 415],
    ['with bytes that are no UTF-8', [json], '{"template":"\xff"}', 400],
    ['with a mark in front', [json], `\xef\xbb\xbf${template}`, 200],
    ['of two values', [json], `${template}${template}`, 400],
    ['that is a list', [json], '[]', 400],
    ['that is null', [json], 'null', 400],
    ['with __proto__', [json], '{"template":"x","__proto__":{"template_format":"f"}}', 400],
    ['with constructor', [json], '{"template":"x","constructor":{"prototype":{"polluted":1}}}', 400],
  ])('%s', async (_, headers, body, status) => {
    expect((await post(headers, body)).status).toBe(status)
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
  })

  it('with keys of JavaScript in what is stored keeps them as they are, and changes nothing else', async () => {
    const parameters = '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"toString":1}'
    const name = 'pollution'
    const made = await post([json], `{"name":"${name}","template":"x","parameters":${parameters}}`, '/config/api/prompts')

    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
    if (made.status === 201) {
      const read = await raw(requestOf(`GET /config/api/prompts/${name}?version=1`, [bearer]))
      expect(JSON.parse(read.body).parameters).toEqual(JSON.parse(parameters))
    } else expect(made.status).toBe(400)
  })
})

describe('a body that does not come', () => {
  const started = requestOf('POST /config/api/prompts', [bearer, json, 'Content-Length: 60'], '{"name":"never-')
  /** Sends what it is given, and leaves the connection open. */
  const begin = async (text: string) => {
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    socket.on('error', () => {})
    socket.write(text, 'latin1')
    return socket
  }

  it('from three hundred clients at once keeps nobody else from reading and writing, and nothing of it is written when they go', async () => {
    const reportedBefore = open.reported.length
    const slow = await Promise.all(Array.from({ length: 300 }, () => begin(started)))
    const read = await raw(requestOf(`GET ${READ}`, [bearer]))
    const written = await post([json], '{"template":"x"}')
    for (const socket of slow) socket.destroy()
    await eventually(async () => expect(await new Promise<number>((done) => server.getConnections((_, open) => done(open)))).toBe(0))

    expect([read.status, written.status]).toEqual([200, 200])
    expect((await open.ask('GET', '/prompts?search=never&active_only=false')).body.items).toEqual([])
    expect(open.reported).toHaveLength(reportedBefore)
  })

  it('is not waited for where its sender may not write', async () => {
    const { status } = await raw(
      requestOf('POST /config/api/prompts', [`Authorization: Bearer ${TOKENS.vic}`, json, 'Content-Length: 60'], '{'),
    )
    expect(status).toBe(403)
  })

  it('byte by byte is read to its end', async () => {
    const body = '{"template":"Hello {name}"}'
    const socket = await begin(requestOf(`POST ${CHECK}`, [bearer, json, `Content-Length: ${body.length}`]))
    for (const byte of body) {
      socket.write(byte)
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
    let received = ''
    for await (const chunk of socket) received += String(chunk)
    expect(received).toMatch(/^HTTP\/1.1 200 /)
  })
})

describe('a condition of a write', () => {
  const promote = (header: string, value: string) =>
    raw(requestOf(`POST ${READ}/promote`, [bearer, json, `${header}: ${value}`, 'Content-Length: 13'], '{"version":1}'))
  const tag = async () => (await open.ask('GET', '/prompts/greeting')).headers.get('etag')!

  it.each([
    ['nothing', () => '', 412],
    ['commas', () => ',,,', 412],
    ['the tag without quotes', (own: string) => own.slice(1, -1), 412],
    ['half of the tag', (own: string) => own.slice(0, 10), 412],
    ['the tag in small letters', (own: string) => own.toLowerCase(), 412],
    ['the tag, weak', (own: string) => `W/${own}`, 200],
    ['the tag, weak in small letters', (own: string) => `w/${own}`, 412],
    ['the tag as the last of three hundred', (own: string) => `${'"x", '.repeat(300)}${own}`, 200],
    ['blanks around the tag', (own: string) => `  \t ${own}   `, 200],
    ['an asterisk in quotes', () => '"*"', 412],
    ['an asterisk among tags', () => '"x", *', 412],
    ['an asterisk', () => '*', 200],
  ])('If-Match with %s', async (_, headerOf, status) => {
    const own = await tag()
    expect((await promote('If-Match', headerOf(own))).status).toBe(status)
  })

  it.each([
    ['another tag', () => '"x"', 200],
    ['the tag', (own: string) => own, 412],
    ['the tag, weak', (own: string) => `W/${own}`, 412],
    ['an asterisk', () => '*', 412],
  ])('If-None-Match with %s', async (_, headerOf, status) => {
    const own = await tag()
    expect((await promote('If-None-Match', headerOf(own))).status).toBe(status)
  })
})

describe('what a client asks for', () => {
  const tagged = async (path: string) => /etag: (\S+)/i.exec((await raw(requestOf(`GET ${path}`, [bearer]))).head)![1]!

  it.each([
    ['its tag', (tag: string) => tag, 304],
    ['its tag, as a weak one', (tag: string) => `W/${tag}`, 304],
    ['a list', (tag: string) => `"a", W/"b,c" ,${tag}`, 304],
    ['everything', () => '*', 304],
    ['everything, with blanks', () => '  *  ', 304],
    ['others', () => '"a", "b"', 200],
    ['its tag without quotes', (tag: string) => tag.slice(1, -1), 200],
    ['nothing', () => '', 200],
    ['a list with a star', () => '"a", *', 200],
    ['a tag within a tag', (tag: string) => `"x,${tag.slice(1, -1)},y"`, 200],
  ])('If-None-Match with %s', async (_, header, status) => {
    const tag = await tagged(READ.toLowerCase())
    const exact = (await open.ask('GET', '/prompts/greeting')).headers.get('etag')!

    expect(tag.length).toBe(exact.length)
    expect((await raw(requestOf(`GET ${READ}`, [bearer, `If-None-Match: ${header(exact)}`]))).status).toBe(status)
  })

  it.each([
    ['bytes=0-1', '*/*'],
    ['bytes=-1', '*/*'],
    ['bytes=5-2', '*/*'],
    ['lines=1-2', '*/*'],
  ])('Range: %s is answered with everything', async (range) => {
    const answer = await raw(requestOf(`GET ${READ}`, [bearer, `Range: ${range}`, 'If-Range: "x"']))
    expect([answer.status, JSON.parse(answer.body).name]).toEqual([200, 'greeting'])
  })

  it.each([
    ['gzip;q=0', false],
    ['gzip;q=0.000', false],
    ['gzip; q=0', false],
    ['GZIP', true],
    ['*', true],
    ['*;q=0', false],
    ['identity, *;q=0', false],
    ['gzip;q=0, *', false],
    ['br, deflate', false],
    ['', false],
    [',,,', false],
    ['gzip;q=banana', true],
    ['notgzip', false],
  ])('Accept-Encoding: %s', async (encoding, isCompressed) => {
    const answer = await raw(requestOf('GET /config/api/openapi.json', [bearer, `Accept-Encoding: ${encoding}`]))
    expect([answer.status, answer.head.includes('content-encoding: gzip')]).toEqual([200, isCompressed])
    expect(answer.head).toContain('vary: accept-encoding')
  })

  it('says in a 304 what the answer varies by', async () => {
    const { headers } = await open.ask('GET', '/openapi.json')
    const answer = await raw(requestOf('GET /config/api/openapi.json', [bearer, `If-None-Match: ${headers.get('etag')}`]))
    expect([answer.status, answer.head.includes('vary: accept-encoding')]).toEqual([304, true])
  })
})

describe('a Host', () => {
  it.each([
    'evil.example',
    'localhost@evil.example',
    'localhost:80:80',
    '127.0.0.1.evil.example',
    '127.0.0.1#',
    '[::1',
    '0.0.0.0',
    '127.1',
    '2130706433',
    'localhost.',
  ])('that is not this machine reads nothing without a token: %s', async (host) => {
    const handler = createConfigHandler(open.manager, { anonymousReads: 'loopback' })
    const local = createServer(toNodeHandler(handler))
    const at = await listen(local)
    const ask = (name: string) => raw(`GET ${READ} HTTP/1.1\r\nHost: ${name}\r\nConnection: close\r\n\r\n`, at)

    expect((await ask('localhost')).status).toBe(200)
    expect((await ask(host)).status).toBe(403)
    expect((await raw(`GET ${READ} HTTP/1.1\r\nHost: localhost\r\nHost: ${host}\r\nConnection: close\r\n\r\n`, at)).status).not.toBe(500)
    local.close()
  })
})

describe('CORS', () => {
  it('is given by nobody but the host', async () => {
    for (const origin of ['https://evil.example', 'null', 'http://localhost']) {
      const headers = [`Origin: ${origin}`, 'Access-Control-Request-Method: DELETE', 'Access-Control-Request-Private-Network: true']
      const preflight = await raw(requestOf(`OPTIONS ${READ}`, headers))
      const read = await raw(requestOf(`GET ${READ}`, [bearer, `Origin: ${origin}`]))

      expect([preflight.status, read.status]).toEqual([204, 200])
      expect(preflight.head + read.head).not.toContain('access-control-')
    }
  })

  it('of the host keeps its Vary on every answer: read, 304, error, preflight and page', async () => {
    const trusted = 'https://tools.example.com'
    const handler = createConfigHandler(open.manager, {
      authenticate: bearerTokens({ ada: { token: TOKENS.ada, can: roles.admin } }),
      trustedOrigins: [trusted],
    })
    // What the package cors does.
    const cors: express.RequestHandler = (request, response, next) => {
      response.vary('Origin').set('Access-Control-Allow-Origin', trusted)
      if (request.method !== 'OPTIONS') return next()
      response.set({ 'Access-Control-Allow-Methods': 'GET, POST, DELETE', 'Access-Control-Max-Age': '600' }).sendStatus(204)
    }
    const app = express().use(cors, toNodeHandler(handler))
    const host = createServer(app)
    const at = await listen(host)
    const tag = (await open.ask('GET', '/openapi.json')).headers.get('etag')
    const ask = (line: string, ...headers: string[]) => raw(requestOf(line, [`Origin: ${trusted}`, ...headers]), at)
    const answers = [
      await ask('GET /config/api/openapi.json', bearer),
      await ask('GET /config/api/openapi.json', bearer, `If-None-Match: ${tag}`),
      await ask(`GET ${READ}`),
      await ask('GET /config/api/nothing', bearer),
      await ask('GET /config/admin/'),
    ]
    const preflight = await ask(`OPTIONS ${READ}`, 'Access-Control-Request-Method: DELETE')
    host.close()

    expect(answers.map(({ status }) => status)).toEqual([200, 304, 401, 404, 200])
    for (const { head } of answers) {
      expect(head).toContain(`access-control-allow-origin: ${trusted}`)
      expect(head.match(/^vary: .*$/gm)?.join()).toContain('origin')
    }
    expect([preflight.status, preflight.head.includes('access-control-max-age: 600')]).toEqual([204, true])
  })
})
