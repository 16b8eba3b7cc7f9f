import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** One answer of a scripted server. */
export interface ScriptedReply {
  /** @default 200 */
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** Written one after the other with a line feed each; strings and bytes are written as they are, without one. */
  readonly lines?: readonly unknown[]
  /** Cuts the bytes of the body into pieces of this size, each its own chunk. */
  readonly pieceBytes?: number
  /** Pause before each line and before what follows them, in milliseconds. */
  readonly gapMs?: number
  /** Waits for this before the headers are sent. */
  readonly before?: Promise<unknown>
  /** What happens after the lines: a proper end, silence, more of the last line for ever, or a reset connection. @default 'end' */
  readonly ending?: 'end' | 'hang' | 'repeat' | 'reset'
}

/** One request as it came. */
export interface SeenRequest {
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: Record<string, unknown>
}

/** A server that answers as the test says, and otherwise like a small real one. */
export interface ScriptedServer {
  readonly url: string
  readonly requests: readonly SeenRequest[]
  /** Requests that were begun and neither answered nor left. */
  readonly open: number
  /** Connections that are open, busy or kept for the next request. */
  readonly connections: number
  /** The next requests get these answers, in order. */
  reply(...replies: readonly ScriptedReply[]): void
  /** Resolves when the next client leaves before its answer is complete. */
  nextLeave(): Promise<void>
  /** Resolves when the next request has come in. */
  nextRequest(): Promise<SeenRequest>
  close(): Promise<void>
}

/** @param ownReply what it answers when the test says nothing */
export async function startScriptedServer(ownReply: (request: SeenRequest) => ScriptedReply): Promise<ScriptedServer> {
  const requests: SeenRequest[] = []
  const script: ScriptedReply[] = []
  const leaves: (() => void)[] = []
  const arrivals: ((request: SeenRequest) => void)[] = []
  let open = 0
  let connections = 0

  const server = createServer(async (incoming, response) => {
    const request = await readRequest(incoming)
    requests.push(request)
    open += 1
    response.on('close', () => {
      open -= 1
      if (!response.writableFinished) for (const resolve of leaves.splice(0)) resolve()
    })
    for (const resolve of arrivals.splice(0)) resolve(request)
    await send(response, script.shift() ?? ownReply(request)).catch(() => response.destroy())
  })
  server.on('connection', (socket) => {
    connections += 1
    socket.on('close', () => {
      connections -= 1
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    get open() {
      return open
    },
    get connections() {
      return connections
    },
    reply: (...replies) => void script.push(...replies),
    nextLeave: () => new Promise((resolve) => leaves.push(resolve)),
    nextRequest: () => new Promise((resolve) => arrivals.push(resolve)),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function readRequest(incoming: IncomingMessage): Promise<SeenRequest> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk as Buffer)
  const text = Buffer.concat(chunks).toString()
  return { method: incoming.method ?? '', path: incoming.url ?? '', headers: incoming.headers, body: text === '' ? {} : JSON.parse(text) }
}

async function send(response: ServerResponse, reply: ScriptedReply): Promise<void> {
  const { status = 200, headers, lines = [], pieceBytes, gapMs, before, ending = 'end' } = reply
  await before
  if (response.destroyed) return
  response.writeHead(status, { 'content-type': 'application/x-ndjson', ...headers })
  response.flushHeaders()
  for (const line of lines) {
    if (gapMs !== undefined) await sleep(gapMs)
    await write(response, line, pieceBytes)
  }
  if (gapMs !== undefined) await sleep(gapMs)
  if (ending === 'end') response.end()
  else if (ending === 'reset') response.socket?.resetAndDestroy()
  while (ending === 'repeat' && !response.destroyed) {
    await write(response, lines.at(-1), pieceBytes)
    await sleep(1)
  }
}

async function write(response: ServerResponse, line: unknown, pieceBytes: number | undefined): Promise<void> {
  const bytes = Buffer.isBuffer(line) ? line : Buffer.from(typeof line === 'string' ? line : `${JSON.stringify(line)}\n`)
  const size = pieceBytes ?? bytes.length
  for (let from = 0; from < bytes.length && !response.destroyed; from += size) {
    response.write(bytes.subarray(from, from + size))
    // Lets the piece leave before the next, so that pieces arrive as chunks of their own.
    if (pieceBytes !== undefined) await new Promise((resolve) => setImmediate(resolve))
  }
}
