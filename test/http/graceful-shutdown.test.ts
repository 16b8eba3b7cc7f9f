import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import * as http2 from 'node:http2'
import * as https from 'node:https'
import net, { type AddressInfo, type Socket } from 'node:net'
import tls from 'node:tls'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { type GracefulShutdownOptions, gracefulShutdown } from '../../src/http/index.js'
import { eventually } from '../support/eventually.js'
import { SELF_SIGNED } from '../support/self-signed.js'
import { TSX_LOADER } from '../support/tsx-loader.js'

const ends: (() => void)[] = []

afterEach(() => {
  vi.useRealTimers()
  for (const end of ends.splice(0)) end()
})

/** A server on a port of its own, prepared to stop. */
async function start(listener: RequestListener, options: GracefulShutdownOptions = {}, server: net.Server = createServer(listener)) {
  const stop = gracefulShutdown(server, options)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  ends.push(() => void stop().catch(() => {}))
  return { server, stop, port: (server.address() as AddressInfo).port }
}

/** A client that sees every byte. */
function open(port: number, text = ''): { readonly socket: Socket; readonly closed: Promise<string> } {
  const socket = net.connect(port, '127.0.0.1')
  socket.write(text)
  return { socket, closed: readAll(socket) }
}

async function readAll(socket: Socket): Promise<string> {
  let received = ''
  socket.on('data', (chunk) => {
    received += chunk
  })
  socket.on('error', (error) => {
    received += `error: ${error.message}`
  })
  await once(socket, 'close')
  return received
}

/** Requests that wait until they are let go. */
function held(text = 'done') {
  const waiting: ServerResponse[] = []
  const listener = (_request: IncomingMessage, response: ServerResponse) => void waiting.push(response)
  const answer = () => {
    for (const response of waiting.splice(0)) response.end(text)
  }
  ends.push(answer)
  return { waiting, listener, answer }
}

const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'

describe('a graceful shutdown', () => {
  it('answers what is under way, says that it is the last answer, and only then calls onClose', async () => {
    const order: string[] = []
    const { waiting, listener, answer } = held()
    const { stop, port } = await start(listener, {
      preClose: () => void order.push('preClose'),
      onClose: (report) => void order.push(`onClose ${JSON.stringify(report)}`),
    })
    const client = open(port, GET)
    await eventually(() => waiting.length === 1)

    const stopped = stop()
    await expect(fetch(`http://127.0.0.1:${port}`)).rejects.toThrow()
    order.push('answered')
    answer()

    expect(await stopped).toEqual({ cutRequests: 0 })
    expect(await client.closed).toMatch(/^HTTP\/1.1 200[\s\S]*connection: close\r\n[\s\S]*done/i)
    expect(order).toEqual(['preClose', 'answered', 'onClose {"cutRequests":0}'])
  })

  it('sends an answer to its last byte, however slowly its client reads', async () => {
    const size = 20_000_000
    let sent = 0
    const { stop, port } = await start((_request, response) => {
      response.end(Buffer.alloc(size, 'x'))
      sent++
    })
    const client = open(port)
    client.socket.pause()
    client.socket.write(GET)
    await eventually(() => sent === 1)

    const stopped = stop()
    client.socket.resume()

    expect((await client.closed).length).toBeGreaterThan(size)
    expect(await stopped).toEqual({ cutRequests: 0 })
  })

  it('closes idle connections at once, without waiting for the client', async () => {
    const { stop, port } = await start((_request, response) => response.end('done'))
    const clients = Array.from({ length: 5 }, () => open(port, GET))
    for (const { socket } of clients) await once(socket, 'data')

    // No timer may fire before the idle connections are closed.
    vi.useFakeTimers({ toFake: ['setTimeout', 'setInterval'] })
    await stop()

    for (const { closed } of clients) expect(await closed).not.toContain('error')
  })

  it('gives a connection that has sent nothing yet a second for its request', async () => {
    const { stop, server, port } = await start((_request, response) => response.end('done'))
    const accepted = once(server, 'connection').then(() => once(server, 'connection'))
    const [asking, silent] = [open(port), open(port)]
    await accepted

    vi.useFakeTimers({ toFake: ['setTimeout'] })
    const stopped = stop()
    asking.socket.write(GET)

    expect(await asking.closed).toMatch(/connection: close[\s\S]*done/i)
    vi.advanceTimersByTime(1_000)
    expect(await silent.closed).toBe('')
    expect(await stopped).toEqual({ cutRequests: 0 })
  })

  it('cuts a request that never ends at the deadline, and says so', async () => {
    const onClose = vi.fn()
    const { waiting, listener } = held()
    const { stop, port } = await start(listener, { deadlineMs: 2_000, onClose })
    const clients = [open(port, GET), open(port, 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nx'), open(port, 'GET / HT')]
    await eventually(() => waiting.length === 2)

    vi.useFakeTimers({ toFake: ['setTimeout'] })
    const stopped = stop()
    vi.advanceTimersByTime(1_999)
    await new Promise(setImmediate)
    expect(onClose).not.toHaveBeenCalled()
    vi.advanceTimersByTime(1)

    expect(await stopped).toEqual({ cutRequests: 2 })
    expect(onClose).toHaveBeenCalledWith({ cutRequests: 2 })
    await Promise.all(clients.map(({ closed }) => closed))
  })

  it('does not wait longer than that for preClose', async () => {
    const { stop } = await start(() => {}, { deadlineMs: 2_000, preClose: () => new Promise(() => {}) })

    vi.useFakeTimers({ toFake: ['setTimeout'] })
    const stopped = stop()
    vi.advanceTimersByTime(2_000)

    expect(await stopped).toEqual({ cutRequests: 0 })
  })

  it('answers every request of a pipeline', async () => {
    const { waiting, listener } = held()
    const { stop, port } = await start(listener)
    const client = open(port, GET + GET)
    await eventually(() => waiting.length === 2)

    const stopped = stop()
    client.socket.write(GET)
    await eventually(() => waiting.length === 3)
    for (const [place, response] of waiting.entries()) response.end(`answer ${place}`)

    const answers = (await client.closed).split(/(?=HTTP\/1.1 200)/)
    expect(answers.map((answer) => [/answer \d/.exec(answer)?.[0], /^connection: close/im.test(answer)])).toEqual([
      ['answer 0', false],
      ['answer 1', false],
      ['answer 2', true],
    ])
    expect(await stopped).toEqual({ cutRequests: 0 })
  })

  it('happens once: a second call gives the same promise', async () => {
    const onClose = vi.fn()
    const { stop } = await start(() => {}, { onClose })

    expect(stop()).toBe(stop())
    await stop()
    await stop()

    expect(onClose).toHaveBeenCalledTimes(1)
  })

  it('rejects with what a callback threw, after everything is closed', async () => {
    const broken = (name: string) => async () => {
      throw new Error(name)
    }
    const first = await start(() => {}, { preClose: broken('pre'), onClose: broken('on') })
    const second = await start(() => {}, { onClose: broken('on') })
    const closed = vi.fn()
    const third = await start(() => {}, { preClose: broken('pre'), onClose: closed })

    await expect(first.stop()).rejects.toMatchObject({ errors: [{ message: 'pre' }, { message: 'on' }] })
    await expect(second.stop()).rejects.toThrow('on')
    await expect(third.stop()).rejects.toThrow('pre')
    expect(closed).toHaveBeenCalledTimes(1)
    expect([first, second, third].map(({ server }) => server.listening)).toEqual([false, false, false])
  })

  it('of a server that does not listen closes the rest', async () => {
    const onClose = vi.fn()

    await gracefulShutdown(createServer(), { onClose })()

    expect(onClose).toHaveBeenCalledTimes(1)
  })

  it('installs listeners of signals only when it is asked to, and takes them away', async () => {
    const before = process.listenerCount('SIGUSR2')
    const plain = await start(() => {})
    const asked = await start(() => {}, { signals: ['SIGUSR2'] })

    expect(process.listenerCount('SIGUSR2')).toBe(before + 1)
    await Promise.all([plain.stop(), asked.stop()])
    expect(process.listenerCount('SIGUSR2')).toBe(before)
  })

  it.each([
    [{}, {}, /^server must be what createServer/],
    [undefined, {}, /^server must be what createServer/],
    [createServer(), { deadlineMs: -1 }, /^deadlineMs/],
    [createServer(), { deadlineMs: Number.NaN }, /^deadlineMs/],
    [createServer(), { deadlineMs: Number.POSITIVE_INFINITY }, /^deadlineMs/],
    [createServer(), { onClose: Promise.resolve() }, /^onClose must be a function/],
    [createServer(), { signals: 'SIGTERM' }, /^signals must be a list/],
    [createServer(), { onclose: () => {} }, /did you mean onClose/],
  ])('refuses what it cannot use (%#)', (server, options, message) => {
    expect(() => gracefulShutdown(server as never, options as never)).toThrow(message)
  })
})

describe('other servers', () => {
  it('https: answers what is under way, closes what is idle', async () => {
    const { waiting, listener, answer } = held()
    const { stop, port } = await start(listener, {}, https.createServer(SELF_SIGNED, listener))
    const connect = () => tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false })
    const [idle, busy] = [connect(), connect()]
    const closed = [idle, busy].map(readAll)
    idle.write(GET)
    await eventually(() => waiting.length === 1)
    answer()
    await once(idle, 'data')
    busy.write(GET)
    await eventually(() => waiting.length === 1)

    const stopped = stop()
    expect(await closed[0]).toContain('done')
    answer()

    expect(await closed[1]).toMatch(/connection: close[\s\S]*done/i)
    expect(await stopped).toEqual({ cutRequests: 0 })
  })

  it.each([
    ['http2', http2.createServer(), 'http'],
    ['http2 over TLS', http2.createSecureServer({ ...SELF_SIGNED, allowHTTP1: true }), 'https'],
  ])('%s: ends sessions after their last stream', async (_, server, scheme) => {
    const { waiting, listener, answer } = held()
    server.on('request', listener as never)
    const { stop, port } = await start(listener, {}, server)
    const [idle, busy] = [1, 2].map(() => http2.connect(`${scheme}://127.0.0.1:${port}`, { rejectUnauthorized: false }))
    await once(idle!, 'connect')
    const stream = busy!.request({ ':path': '/' })
    stream.setEncoding('utf8')
    await eventually(() => waiting.length === 1)

    const stopped = stop()
    await once(idle!, 'close')
    answer()

    let text = ''
    for await (const chunk of stream) text += chunk
    expect(text).toBe('done')
    expect(await stopped).toEqual({ cutRequests: 0 })
  })
})

describe('by signal', () => {
  const module = new URL('../../src/http/graceful-shutdown.ts', import.meta.url)
  const program = (onClose: string) => `
    import { createServer } from 'node:http'
    import { gracefulShutdown } from ${JSON.stringify(module.href)}
    const server = createServer((request) => console.log('asked'))
    gracefulShutdown(server, { signals: ['SIGTERM', 'SIGINT'], onClose: ${onClose} })
    server.listen(0, '127.0.0.1', () => console.log('port ' + server.address().port))
  `
  let child: ChildProcess
  let printed = ''

  afterEach(() => void child.kill('SIGKILL'))

  async function run(onClose: string): Promise<{ readonly port: number; readonly exit: Promise<unknown[]> }> {
    printed = ''
    child = spawn(process.execPath, ['--import', TSX_LOADER, '--input-type=module', '-e', program(onClose)])
    for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (chunk) => (printed += chunk))
    const exit = once(child, 'exit')
    await eventually(() => /port \d+/.test(printed), { timeoutMs: 30_000 })
    return { port: Number(/port (\d+)/.exec(printed)?.[1]), exit }
  }

  it('the process ends by itself, with 0', async () => {
    const { exit } = await run('() => {}')

    child.kill('SIGTERM')

    expect(await exit).toEqual([0, null])
  })

  it('a second signal cuts what is open, and a third one does what Node does', async () => {
    const { port, exit } = await run(
      `({ cutRequests }) => { console.log('cut ' + cutRequests); return new Promise(() => setInterval(() => {}, 1_000)) }`,
    )
    const client = open(port, GET)
    await eventually(() => printed.includes('asked'))

    child.kill('SIGTERM')
    await eventually(() => isRefused(port))
    expect(printed).not.toContain('cut')
    child.kill('SIGINT')
    await client.closed
    await eventually(() => printed.includes('cut 1'))
    child.kill('SIGINT')

    expect(await exit).toEqual([null, 'SIGINT'])
  })

  it('what a callback throws is not lost', async () => {
    const { exit } = await run(`() => { throw new Error('the database is stuck') }`)

    child.kill('SIGTERM')

    expect((await exit)[0]).toBe(1)
    expect(printed).toContain('the database is stuck')
  })
})

async function isRefused(port: number): Promise<boolean> {
  const socket = net.connect(port, '127.0.0.1')
  const isConnected = await once(socket, 'connect').then(
    () => true,
    () => false,
  )
  socket.destroy()
  return !isConnected
}
