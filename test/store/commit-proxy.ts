import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/**
 * What becomes of the next COMMIT: it never arrives; it arrives and its answer is lost, by a reset, by a connection that ends in order, or
 * by a pooler that says its server is gone; it arrives when the client has long been cut; or one of the first two and the server stays
 * away from then on.
 */
export type CommitFault = 'swallow' | 'lose-answer' | 'hang-up' | 'pooler' | 'late' | 'swallow-and-leave' | 'lose-answer-and-leave'

/** A wire to PostgreSQL that breaks at a COMMIT. The bytes of a simple query are readable, so no protocol has to be spoken. */
export interface CommitProxy {
  /** The database's address, through this wire. */
  readonly url: string
  /** Arms the wire for the next COMMIT. */
  breakNext(fault: CommitFault): void
  close(): Promise<void>
}

/** As a whole statement: `isolation level read committed` is not meant. */
const COMMIT = 'commit\0'
const LATE_MS = 300

/** What PgBouncer answers when the connection behind it is lost. */
function poolerError(): Buffer {
  const fields = Buffer.from('SFATAL\0VFATAL\0C08P01\0Mserver conn crashed?\0\0')
  const head = Buffer.from('E\0\0\0\0')
  head.writeInt32BE(fields.length + 4, 1)
  return Buffer.concat([head, fields])
}

export async function startCommitProxy(databaseUrl: string): Promise<CommitProxy> {
  const target = new URL(databaseUrl)
  const sockets = new Set<Socket>()
  let armed: CommitFault | undefined
  let isGone = false

  const server = createServer((client) => {
    if (isGone) return void client.resetAndDestroy()
    const upstream = connect(Number(target.port || 5432), target.hostname)
    let losesAnswer = false
    let fault: CommitFault | undefined
    const cut = () => {
      client.resetAndDestroy()
      upstream.resetAndDestroy()
    }
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => sockets.delete(socket))
    }
    client.on('close', () => !losesAnswer && upstream.end())
    upstream.on('close', () => client.destroy())
    upstream.on('data', (chunk) => {
      if (!losesAnswer) return client.write(chunk)
      if (fault !== 'pooler' && fault !== 'hang-up') return cut()
      upstream.end()
      return fault === 'pooler' ? client.end(poolerError()) : client.end()
    })
    client.on('data', (chunk) => {
      if (armed === undefined || !chunk.includes(COMMIT)) return upstream.write(chunk)
      fault = armed
      armed = undefined
      isGone = fault.endsWith('-and-leave')
      if (fault.startsWith('swallow')) return cut()
      losesAnswer = true
      if (fault !== 'late') return upstream.write(chunk)
      client.resetAndDestroy()
      return setTimeout(() => upstream.write(chunk), LATE_MS)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')

  const url = new URL(databaseUrl)
  url.hostname = '127.0.0.1'
  url.port = String((server.address() as AddressInfo).port)
  return {
    url: url.href,
    breakNext(fault) {
      armed = fault
    },
    async close() {
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}
