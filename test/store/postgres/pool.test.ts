import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import pg from 'pg'
import { expect, it, vi } from 'vitest'
import { guardedPool, type PoolLike } from '../../../src/store/postgres/pool.js'
import { caught } from '../fixture.js'

/** A pool of one client that fails every query with this error. */
function poolThatFails(error: Error) {
  const client = { query: vi.fn(() => Promise.reject(error)), release: vi.fn() }
  return { client, pool: guardedPool({ connect: async () => client, end: async () => {} }, { ownsPool: false, queryMs: 1_000 }) }
}

it('sends nothing more on a connection that is lost, so that a ROLLBACK does not wait for a second timeout, and destroys it', async () => {
  const { client, pool } = poolThatFails(new Error('Query read timeout'))
  const connection = await pool.connect()

  const lost = await caught(() => connection.query('select 1', []))
  const rollback = await caught(() => connection.query('rollback', []))
  connection.release()

  expect(lost).toMatchObject({ code: 'E_STORE_UNAVAILABLE', message: expect.stringContaining('Query read timeout') })
  expect(rollback).toBe(lost)
  expect(client.query).toHaveBeenCalledTimes(1)
  expect(client.release).toHaveBeenCalledExactlyOnceWith(lost)
})

it('keeps a connection on which PostgreSQL refused a statement', async () => {
  const refused = Object.assign(new Error('duplicate key'), { severity: 'ERROR', code: '23505' })
  const { client, pool } = poolThatFails(refused)
  const connection = await pool.connect()

  const error = await caught(() => connection.query('insert …', []))
  await caught(() => connection.query('rollback', []))
  connection.release()

  expect(error).toBe(refused)
  expect(client.query).toHaveBeenCalledTimes(2)
  expect(client.release).toHaveBeenCalledExactlyOnceWith(undefined)
})

it.each(['57P01', '57P02', '57P03', '08006', '08P01'])('destroys a connection whose server goes down (%s)', async (code) => {
  const { client, pool } = poolThatFails(Object.assign(new Error('going down'), { severity: 'FATAL', code }))
  const connection = await pool.connect()

  await caught(() => connection.query('select 1', []))
  connection.release()

  expect(client.release).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ code: 'E_STORE_UNAVAILABLE' }))
})

/** PostgreSQL's messages: a letter, the length, the body. */
function message(letter: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5, letter)
  head.writeUInt32BE(body.length + 4, 1)
  return Buffer.concat([head, body])
}

it('survives a connection that is ended in the same packet that says it is ready', async () => {
  const authenticated = message('R', Buffer.alloc(4))
  const ready = message('Z', Buffer.from('I'))
  const terminated = message('E', Buffer.from('SFATAL\0VFATAL\0C57P01\0Mterminating connection due to administrator command\0\0'))
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket)
    socket.once('data', () => socket.write(Buffer.concat([authenticated, ready, terminated])))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const pool = guardedPool(new pg.Pool({ host: '127.0.0.1', port, user: 'somebody' }) as unknown as PoolLike, {
    ownsPool: true,
    queryMs: 1_000,
  })

  // An error that nobody listens to would end the process.
  const connection = await pool.connect()
  const error = await caught(() => connection.query('select 1', []))
  connection.release()

  expect(error).toMatchObject({ code: 'E_STORE_UNAVAILABLE' })
  for (const socket of sockets) socket.destroy()
  server.close()
  await pool.end()
})
