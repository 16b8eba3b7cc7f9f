import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import type { ProxyTarget } from './tcp-proxy.js'

/** Where traffic ends: the message of that number does not arrive, or it arrives and its answer does not. */
export interface Stop {
  /** Counted from 1, over both servers, from `arm()` on. */
  readonly at: number
  readonly when: 'before' | 'after'
  /** Called once, when that is so. */
  readonly onStop: () => void
}

/** Wires to PostgreSQL and Redis that count a client's requests together and can end at any one of them. */
export interface MessageGate {
  /** Where clients connect, on 127.0.0.1. */
  readonly postgresPort: number
  readonly redisPort: number
  /** Requests that were counted since `arm()`, the one that was stopped included. */
  readonly count: number
  /** Counts from here on, and stops where it is told to. */
  arm(stop?: Stop): void
  close(): Promise<void>
}

export interface MessageGateOptions {
  /**
   * Whether every message of PostgreSQL's protocol counts. By default one request does, as a driver sends it in one piece: a simple query,
   * or all messages up to a Sync.
   *
   * @default false
   */
  readonly everyMessage?: boolean
}

/** An answer that does not come within this time, in milliseconds, does not come: the server waits for something itself. */
const ANSWER_WITHIN_MS = 300

/** Starts wires to both servers. What keeps a connection alive or opens it does not count. */
export async function startMessageGate(
  targets: { readonly postgres: ProxyTarget; readonly redis: ProxyTarget },
  { everyMessage = false }: MessageGateOptions = {},
): Promise<MessageGate> {
  const sockets = new Set<Socket>()
  let count = 0
  let isArmed = false
  let stop: Stop | undefined
  /** Set when traffic has ended; nothing passes any more, in either direction. */
  let isOver = false
  let awaited: Socket | undefined

  const end = () => {
    isOver = true
    stop?.onStop()
    stop = undefined
  }
  /** @returns whether it goes on to the server */
  const passes = (piece: Piece, upstream: Socket): boolean => {
    if (isOver || awaited) return false
    if (!isArmed || !piece.counts) return true
    count++
    if (stop?.at !== count) return true
    if (stop.when === 'before') {
      end()
      return false
    }
    awaited = upstream
    setTimeout(() => !isOver && end(), ANSWER_WITHIN_MS)
    return true
  }
  const listen = async (target: ProxyTarget, newSplitter: () => Splitter): Promise<Server> => {
    const server = createServer({ noDelay: true }, (client) => {
      const upstream = connect({ port: target.port, host: target.host ?? '127.0.0.1', noDelay: true })
      const split = newSplitter()
      for (const socket of [client, upstream]) {
        sockets.add(socket)
        socket.on('error', () => {})
        socket.on('close', () => sockets.delete(socket))
      }
      client.on('data', (chunk) => {
        for (const piece of split(chunk)) if (passes(piece, upstream)) upstream.write(piece.bytes)
      })
      upstream.on('data', (chunk) => {
        if (awaited === upstream && !isOver) end()
        else if (!isOver && !awaited) client.write(chunk)
      })
      client.on('close', () => upstream.end())
      upstream.on('close', () => client.destroy())
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    return server
  }
  const servers = await Promise.all([listen(targets.postgres, () => postgresSplitter(everyMessage)), listen(targets.redis, redisSplitter)])
  const [postgresPort, redisPort] = servers.map((server) => (server.address() as AddressInfo).port) as [number, number]
  return {
    postgresPort,
    redisPort,
    get count() {
      return count
    },
    arm(where) {
      count = 0
      isArmed = true
      stop = where
    },
    async close() {
      const closed = servers.map((server) => new Promise((resolve) => server.close(resolve)))
      for (const socket of sockets) socket.destroy()
      await Promise.all(closed)
    },
  }
}

interface Piece {
  readonly bytes: Buffer
  readonly counts: boolean
}

/** Cuts a stream into requests; what is not complete yet comes with a later piece. */
type Splitter = (chunk: Buffer) => readonly Piece[]

/** Request codes instead of a protocol version: a client asks for TLS, and may then still begin without. */
const SSL_REQUEST = 80_877_103

function postgresSplitter(everyMessage: boolean): Splitter {
  let rest = Buffer.alloc(0)
  let isStarted = false
  let request: Buffer[] = []
  return (chunk) => {
    rest = Buffer.concat([rest, chunk])
    const pieces: Piece[] = []
    for (;;) {
      // Only the first message has no type before its length.
      const typed = isStarted ? 1 : 0
      if (rest.length < typed + 4) return pieces
      const length = typed + rest.readUInt32BE(typed)
      if (rest.length < length) return pieces
      const message = rest.subarray(0, length)
      rest = rest.subarray(length)
      if (!isStarted) {
        isStarted = message.readUInt32BE(4) !== SSL_REQUEST
        pieces.push({ bytes: message, counts: false })
        continue
      }
      const type = String.fromCharCode(message[0] as number)
      request.push(message)
      // Sync, a simple query, a flush; the end of the session and passwords are no part of a request.
      if (!everyMessage && !'SQHXp'.includes(type)) continue
      pieces.push({ bytes: Buffer.concat(request), counts: !'Xp'.includes(type) })
      request = []
    }
  }
}

const REDIS_UPKEEP: readonly string[] = ['ping', 'hello', 'auth', 'select', 'client', 'info', 'subscribe', 'quit']

function redisSplitter(): Splitter {
  let rest = Buffer.alloc(0)
  return (chunk) => {
    rest = Buffer.concat([rest, chunk])
    const pieces: Piece[] = []
    for (let command = firstCommand(rest); command; command = firstCommand(rest)) {
      pieces.push({ bytes: rest.subarray(0, command.length), counts: !REDIS_UPKEEP.includes(command.name) })
      rest = rest.subarray(command.length)
    }
    return pieces
  }
}

/** A command is an array of strings, each with its length before it. */
function firstCommand(bytes: Buffer): { readonly name: string; readonly length: number } | undefined {
  let at = 0
  const line = (): string | undefined => {
    const end = bytes.indexOf('\r\n', at)
    if (end < 0) return undefined
    const text = bytes.toString('latin1', at, end)
    at = end + 2
    return text
  }
  const head = line()
  if (head === undefined) return undefined
  let name = ''
  for (let left = Number(head.slice(1)); left > 0; left--) {
    const size = line()
    if (size === undefined) return undefined
    const end = at + Number(size.slice(1))
    if (bytes.length < end + 2) return undefined
    name ||= bytes.toString('latin1', at, end).toLowerCase()
    at = end + 2
  }
  return { name, length: at }
}
