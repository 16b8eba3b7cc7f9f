import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { eventually } from './eventually.js'
import { startTcpProxy, type TcpProxy } from './tcp-proxy.js'

let server: Server
let proxy: TcpProxy

beforeEach(async () => {
  server = createServer((socket) => {
    socket.on('error', () => {})
    socket.pipe(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  proxy = await startTcpProxy({ port: (server.address() as AddressInfo).port })
})

afterEach(async () => {
  await proxy.close()
  server.close()
})

it('passes bytes on in both directions', async () => {
  const client = await dial()

  client.socket.write('hello')

  await eventually(() => expect(client.heard()).toBe('hello'))
})

it('breaks standing connections with a cut and takes new ones', async () => {
  const before = await dial()
  await eventually(() => expect(proxy.connections).toBe(1))

  proxy.cut()

  await eventually(() => expect(before.socket.destroyed).toBe(true))
  const after = await dial()
  after.socket.write('again')
  await eventually(() => expect(after.heard()).toBe('again'))
})

it('refuses connections until it accepts them again, on the same port', async () => {
  const before = await dial()

  await proxy.refuse()

  await eventually(() => expect(before.socket.destroyed).toBe(true))
  await expect(dial()).rejects.toThrow('ECONNREFUSED')
  await proxy.accept()
  const after = await dial()
  after.socket.write('back')
  await eventually(() => expect(after.heard()).toBe('back'))
})

it('holds everything back while stalled and delivers it in order afterwards', async () => {
  const client = await dial()
  const watcher = await dial()
  client.socket.write('0')
  await eventually(() => expect(client.heard()).toBe('0'))

  proxy.stall()
  for (let number = 1; number <= 9; number++) client.socket.write(`${number}`)
  watcher.socket.write('held too')
  await eventually(() => expect(client.socket.writableLength).toBe(0))
  await new Promise((resolve) => setTimeout(resolve, 50))

  expect(client.heard()).toBe('0')
  expect(watcher.heard()).toBe('')
  proxy.resume()
  await eventually(() => expect(client.heard()).toBe('0123456789'))
  await eventually(() => expect(watcher.heard()).toBe('held too'))
})

it('delivers later while a delay is set, in each direction', async () => {
  const client = await dial()
  proxy.delay(40)
  const sentAt = performance.now()

  client.socket.write('slow')
  await eventually(() => expect(client.heard()).toBe('slow'))

  // A lower bound, which a slow machine cannot break: once on the way there, once on the way back.
  expect(performance.now() - sentAt).toBeGreaterThanOrEqual(2 * 39)
})

it('keeps the order when a delay ends', async () => {
  const client = await dial()
  proxy.delay(40)

  client.socket.write('slow ')
  await new Promise((resolve) => setTimeout(resolve, 20))
  proxy.delay(0)
  client.socket.write('fast')

  await eventually(() => expect(client.heard()).toBe('slow fast'))
})

it('leads to another server once it is told, and breaks what stands', async () => {
  const other = createServer((socket) => socket.on('error', () => {}).end('the other one'))
  other.listen(0, '127.0.0.1')
  await once(other, 'listening')
  const before = await dial()

  proxy.retarget({ port: (other.address() as AddressInfo).port })

  await eventually(() => expect(before.socket.destroyed).toBe(true))
  const after = await dial()
  await eventually(() => expect(after.heard()).toBe('the other one'))
  other.close()
})

async function dial(): Promise<{ socket: Socket; heard: () => string }> {
  const socket = connect(proxy.port, '127.0.0.1')
  let heard = ''
  socket.on('data', (chunk) => {
    heard += chunk
  })
  await once(socket, 'connect')
  socket.on('error', () => {})
  return { socket, heard: () => heard }
}
