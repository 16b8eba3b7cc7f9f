import { once } from 'node:events'
import { createServer, request, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import middie from '@fastify/middie'
import { serve } from '@hono/node-server'
import express from 'express'
// @ts-expect-error its types are not installed beside those of Express 5
import express4 from 'express4'
import Fastify from 'fastify'
import helmet from 'helmet'
import { Hono } from 'hono'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { type Actor, type ConfigHandler, createConfigHandler, roles, toNodeHandler } from '../../src/http/index.js'
import { eventually } from '../support/eventually.js'
import { ADMIN, type OpenHandler, openHandler } from './open-handler.js'

let open: OpenHandler
let servers: Server[] = []

beforeAll(async () => {
  open = await openHandler()
  await open.ask('POST', '/prompts', { name: 'greeting', template: 'Hello', labels: ['production'] })
})

afterEach(() => {
  for (const server of servers) {
    server.closeAllConnections()
    server.close()
  }
  servers = []
})

afterAll(() => open.close())

async function listen(server: Server): Promise<string> {
  servers.push(server)
  if (!server.listening) await once(server.listen(0, '127.0.0.1'), 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const JSON_ADMIN = { ...ADMIN, 'content-type': 'application/json' }

/** What every host has to give: a read, a write, a refusal as a problem, the page, and its own routes. */
async function expectMounted(origin: string, root = '/config'): Promise<void> {
  const api = `${origin}${root}/api`
  const name = `made-${Math.random()}`
  const read = await fetch(`${api}/prompts/greeting`, { headers: ADMIN })
  const made = await fetch(`${api}/prompts`, { method: 'POST', headers: JSON_ADMIN, body: JSON.stringify({ name, template: 'x' }) })
  const refused = await fetch(`${api}/prompts`, { method: 'POST', headers: JSON_ADMIN, body: '{"nome": 1}' })
  const missing = await fetch(`${api}/nothing`, { headers: ADMIN })
  const page = await fetch(`${origin}${root}/admin/`)
  const redirect = await fetch(`${origin}${root}`, { redirect: 'manual' })
  const head = await fetch(`${api}/healthz`, { method: 'HEAD' })
  const own = await fetch(`${origin}/own`)
  const below = await fetch(`${origin}${root}/own`)

  expect([read.status, (await read.json()) as object]).toMatchObject([200, { name: 'greeting', template: 'Hello' }])
  expect([made.status, made.headers.get('location')]).toEqual([201, `${root}/api/prompts/${encodeURIComponent(name)}?version=1`])
  expect([refused.status, refused.headers.get('content-type')]).toEqual([400, 'application/problem+json; charset=utf-8'])
  expect(await refused.json()).toMatchObject({ instance: `${root}/api/prompts`, errors: [{}, {}, {}] })
  expect([missing.status, missing.headers.get('content-type')]).toEqual([404, 'application/problem+json; charset=utf-8'])
  expect([page.status, page.headers.get('content-security-policy')]).toEqual([200, expect.stringContaining("default-src 'none'")])
  expect([redirect.status, redirect.headers.get('location')]).toEqual([308, `${root}/admin/`])
  expect([head.status, await head.text()]).toEqual([200, ''])
  expect([own.status, await own.text()]).toEqual([200, 'own'])
  expect([below.status, await below.text()]).toEqual([200, 'own'])
}

describe.each([
  ['Express 5', express],
  ['Express 4', express4 as unknown as typeof express],
])('%s', (_, create) => {
  function host(configure: (app: express.Express) => void): Promise<string> {
    const app = create()
    configure(app)
    app.get(['/own', '/config/own', '/inner/config/own'], (_request, response) => void response.send('own'))
    return listen(createServer(app))
  }

  it('mounts it beside its own routes', async () => {
    await expectMounted(await host((app) => app.use(toNodeHandler(open.handler))))
  })

  it('mounts it below its path, and in an app of an app', async () => {
    await expectMounted(await host((app) => app.use('/config', toNodeHandler(open.handler))))
    await expectMounted(await host((app) => app.use('/inner', create().use(toNodeHandler(open.handler)))), '/inner/config')
  })

  it('keeps its body parser, its helmet and its error handler', async () => {
    const errors: unknown[] = []
    const app = create()
    app.use(helmet(), create.json(), create.urlencoded({ extended: true }), create.text())
    app.use(toNodeHandler(open.handler))
    app.get(['/own', '/config/own'], (_request, response) => void response.send('own'))
    app.post('/echo', (req, response) => void response.json(req.body))
    app.get('/broken', () => {
      throw new Error('of the host')
    })
    app.use(((error, _request, response, _next) => {
      errors.push(error)
      response.status(418).send('its own')
    }) as express.ErrorRequestHandler)
    const origin = await listen(createServer(app))

    await expectMounted(origin)
    const own = await fetch(`${origin}/own`)
    const form = await fetch(`${origin}/config/api/prompts`, { method: 'POST', headers: ADMIN, body: new URLSearchParams({ name: 'x' }) })
    const echo = await fetch(`${origin}/echo`, { method: 'POST', headers: JSON_ADMIN, body: '{"a":1}' })

    expect(own.headers.get('content-security-policy')).toContain("default-src 'self'")
    expect(own.headers.get('x-powered-by')).toBeNull()
    expect(form.status).toBe(415)
    expect(await echo.json()).toEqual({ a: 1 })
    expect(errors).toEqual([])
    expect([(await fetch(`${origin}/broken`)).status, errors.length]).toEqual([418, 1])
    expect((await fetch(`${origin}/config/api/prompts`, { method: 'POST', headers: JSON_ADMIN, body: '{' })).status).toBe(418)
  })

  it('hands its own session to authenticate', async () => {
    const session = createConfigHandler(open.manager, {
      basePath: '/tools',
      authenticate: (_request, { incoming }) => {
        const { user } = incoming as { user?: string }
        return user === undefined ? undefined : { name: user, can: roles.admin }
      },
    })
    const app = create()
    app.use((req, _response, next) => {
      if (req.headers.cookie === 'session=grace') Object.assign(req, { user: 'grace' })
      next()
    })
    app.use(toNodeHandler(session))
    const origin = await listen(createServer(app))
    const post = (headers: Record<string, string>, type = 'application/json') =>
      fetch(`${origin}/tools/api/prompts/by-session/versions`, {
        method: 'POST',
        headers: { 'content-type': type, ...headers },
        body: '{"template":"x","create":true}',
      })

    expect((await post({})).status).toBe(401)
    expect(((await (await post({ cookie: 'session=grace' })).json()) as { created_by: string }).created_by).toBe('grace')
    const crossSite = { cookie: 'session=grace', origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }
    expect((await post(crossSite, 'text/plain')).status).toBe(403)
    expect((await post(crossSite)).status).toBe(403)
  })
})

describe('other hosts', () => {
  it('node:http has it alone', async () => {
    const origin = await listen(createServer(toNodeHandler(open.handler)))

    expect((await fetch(`${origin}/config/api/prompts/greeting`, { headers: ADMIN })).status).toBe(200)
    expect((await fetch(`${origin}/elsewhere`)).status).toBe(404)
    expect((await fetch(`${origin}/config/elsewhere`)).headers.get('content-type')).toContain('problem+json')
  })

  it('Fastify mounts it with middie, whose own parsers stay its own', async () => {
    const app = Fastify()
    await app.register(middie)
    app.use(toNodeHandler(open.handler))
    app.get('/own', async (_request, reply) => reply.type('text/plain').send('own'))
    app.get('/config/own', async (_request, reply) => reply.type('text/plain').send('own'))
    await app.listen({ port: 0, host: '127.0.0.1' })

    await expectMounted(await listen(app.server))
    await app.close()
  })

  it('Fastify mounts it as a route that hands its answer over', async () => {
    const app = Fastify()
    const node = toNodeHandler(open.handler)
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', (_request, _payload, done) => done(null))
    app.all('/config/api/*', (request, reply) => {
      reply.hijack()
      node(request.raw, reply.raw)
    })
    await app.listen({ port: 0, host: '127.0.0.1' })
    const origin = await listen(app.server)

    const made = await fetch(`${origin}/config/api/prompts`, {
      method: 'POST',
      headers: JSON_ADMIN,
      body: '{"name":"hijacked","template":"x"}',
    })

    expect(made.status).toBe(201)
    await app.close()
  })

  it('Hono mounts it as it is', async () => {
    const app = new Hono()
    app.get('/own', (context) => context.text('own'))
    app.get('/config/own', (context) => context.text('own'))
    app.all('/config', (context) => open.handler(context.req.raw))
    app.all('/config/*', (context) => open.handler(context.req.raw))
    const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }) as Server
    await once(server, 'listening')

    await expectMounted(await listen(server))
  })
})

describe('through Node', () => {
  const node = (handler: ConfigHandler) => listen(createServer(toNodeHandler(handler)))

  it('a body of unknown length is read, bounded, and the connection lives on', async () => {
    const origin = await node(open.handler)
    const send = (chunks: readonly string[]) =>
      new Promise<number | undefined>((resolve, reject) => {
        const sent = request(`${origin}/config/api/templates/check`, { method: 'POST', headers: JSON_ADMIN }, (response) => {
          response.resume()
          resolve(response.statusCode)
        })
        sent.on('error', reject)
        for (const chunk of chunks) sent.write(chunk)
        sent.end()
      })

    expect(await send(['{"templ', 'ate":"x"}'])).toBe(200)
    expect(await send(Array.from({ length: 40 }, () => 'x'.repeat(100_000)))).toBe(413)
    expect(await send(['{"template":', '7}'])).toBe(400)
  })

  it.each([
    ['a whole URL', 'GET http://evil.example/config/api/prompts HTTP/1.1\r\nHost: x\r\n\r\n', /401/],
    ['a fragment of a path', 'GET /config/api/prompts/%zz HTTP/1.1\r\nHost: x\r\n\r\n', /400/],
    ['two slashes', 'GET //config/api/prompts HTTP/1.1\r\nHost: x\r\n\r\n', /404/],
    ['an odd host', 'GET /config/api/prompts HTTP/1.1\r\nHost: [::\r\n\r\n', /401/],
    ['a header with odd bytes', 'GET /config/api/prompts HTTP/1.1\r\nHost: x\r\nX-A: \xff\xfe\r\n\r\n', /401/],
    ['an odd method', 'PROPFIND /config/api/prompts HTTP/1.1\r\nHost: x\r\n\r\n', /405/],
    ['an asterisk', 'OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n', /404/],
  ])('%s is answered', async (_, text, wanted) => {
    const session = createConfigHandler(open.manager, { authenticate: (request) => (request.url === '' ? { name: 'x' } : undefined) })
    const { port } = new URL(await node(session))
    const socket = connect(Number(port), '127.0.0.1')
    socket.end(Buffer.from(text, 'latin1'))

    let answer = ''
    for await (const chunk of socket) answer += chunk

    expect(answer.split('\r\n')[0]).toMatch(wanted)
  })

  it.each([
    ['a redirection', 'GET http://evil.example/config HTTP/1.1', '', /location: \/config\/admin\/\r\n/i],
    [
      'what was made',
      'POST http://evil.example/config/api/prompts HTTP/1.1',
      '{"name":"whole-url","template":"x"}',
      /location: \/config\/api\//i,
    ],
    ['the document', 'GET http://evil.example/config/api/openapi.json HTTP/1.1', '', /"servers":\[\{"url":"\/config\/api"/],
  ])('%s is where the handler is, whatever host a whole URL names', async (_, line, body, wanted) => {
    const { port } = new URL(await node(open.handler))
    const headers = `Host: x\r\nConnection: close\r\nAuthorization: ${ADMIN.authorization}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}`
    const socket = connect(Number(port), '127.0.0.1')
    socket.write(`${line}\r\n${headers}\r\n\r\n${body}`)

    let answer = ''
    for await (const chunk of socket) answer += chunk

    expect(answer).toMatch(wanted)
    expect(answer).not.toContain('evil.example')
  })

  it('a redirection below a path of the host leads to no other host', async () => {
    const inner = toNodeHandler(open.handler)
    const origin = await listen(
      createServer((request, response) => {
        // A host that takes the first part of a path off, as a router does.
        Object.assign(request, { originalUrl: request.url, url: request.url?.replace(/^\/+[^/]+/, '') })
        inner(request, response)
      }),
    )

    const ask = async (path: string) => (await fetch(`${origin}${path}`, { redirect: 'manual' })).headers.get('location')

    expect(await ask('/tools/config')).toBe('/tools/config/admin/')
    expect(await ask('//evil.example/config')).toBe('/evil.example/config/admin/')
  })

  it('a write without a Host is refused when it names an origin', async () => {
    const session = createConfigHandler(open.manager, { authenticate: () => ({ name: 'ann', can: roles.admin }) })
    const { port } = new URL(await node(session))
    const statusOf = async (origin: string) => {
      const socket = connect(Number(port), '127.0.0.1')
      const body = '{"template":"x"}'
      const headers = `${origin}Content-Type: application/json\r\nContent-Length: ${body.length}`
      socket.write(`POST /config/api/templates/check HTTP/1.0\r\n${headers}\r\n\r\n${body}`)
      let answer = ''
      for await (const chunk of socket) answer += chunk
      return Number(answer.split(' ')[1])
    }

    expect(await statusOf('')).toBe(200)
    for (const origin of ['null', 'nonsense', 'http://evil.example', 'file://']) expect(await statusOf(`Origin: ${origin}\r\n`)).toBe(403)
  })

  it('a body whose client is gone is not waited for', async () => {
    let goOn = () => {}
    const asked = vi.fn(
      () =>
        new Promise<Actor>((resolve) => {
          goOn = () => resolve({ name: 'ann', can: roles.admin })
        }),
    )
    const server = createServer()
    const inner = toNodeHandler(createConfigHandler(open.manager, { authenticate: asked }))
    const ended = new Promise<{ destroyed: boolean }>((resolve) => {
      server.on('request', (incoming, response) => {
        const destroy = response.destroy.bind(response)
        const end = response.end.bind(response)
        response.end = ((...parts: never[]) => {
          resolve(response)
          return end(...parts)
        }) as never
        response.destroy = ((...parts: never[]) => {
          resolve(response)
          return destroy(...parts)
        }) as never
        incoming.on('close', () => setImmediate(goOn))
        inner(incoming, response)
      })
    })
    const { port } = new URL(await listen(server))
    const socket = connect(Number(port), '127.0.0.1')
    socket.write('POST /config/api/templates/check HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{')
    await eventually(() => asked.mock.calls.length === 1)

    socket.destroy()

    await ended
  })

  it('a client that goes away ends its stream of events', async () => {
    const origin = await node(open.handler)
    const controller = new AbortController()
    const response = await fetch(`${origin}/config/api/events`, { headers: ADMIN, signal: controller.signal })
    const reader = response.body!.getReader()
    expect(new TextDecoder().decode((await reader.read()).value)).toContain('retry:')

    controller.abort()

    await expect(reader.read()).rejects.toThrow()
    expect((await fetch(`${origin}/config/api/healthz`)).status).toBe(200)
  })

  it('only its own handlers are taken', () => {
    expect(() => toNodeHandler((() => {}) as never)).toThrow(/createConfigHandler/)
    expect(() => toNodeHandler(undefined as never)).toThrow(/createConfigHandler/)
  })
})

describe('a runtime that compresses by itself, as Workers do', () => {
  afterEach(() => {
    vi.unstubAllGlobals()
  })

  it('is told that a body with a content-encoding is compressed already', async () => {
    const made: (ResponseInit & { encodeBody?: string })[] = []
    class Observed extends Response {
      constructor(body?: ConstructorParameters<typeof Response>[0], init: ResponseInit = {}) {
        super(body, init)
        made.push(init)
      }
    }
    vi.stubGlobal('Response', Observed)
    const ask = (encoding: string) =>
      open.handler(new Request('http://host/config/api/openapi.json', { headers: { ...ADMIN, 'accept-encoding': encoding } }))

    await ask('gzip')
    await ask('identity')

    expect(made.map(({ encodeBody }) => encodeBody)).toEqual(['manual', undefined])
  })
})
