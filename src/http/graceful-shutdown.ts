import type { IncomingMessage, ServerResponse } from 'node:http'
import net, { type Socket } from 'node:net'
import tls from 'node:tls'
import { InvalidArgumentError } from '../shared/errors.js'
import { checkKeys } from '../shared/known-keys.js'

/** How a server stops. */
export interface GracefulShutdownOptions {
  /** Called first: ends answers that do not end by themselves, such as event streams: `() => handler.close()`. */
  readonly preClose?: (() => unknown) | undefined
  /** Called when the last connection is closed: `() => manager.shutdown()`. Requests that are answered until then still find everything open. */
  readonly onClose?: ((report: ShutdownReport) => unknown) | undefined
  /** How long requests under way may take, in milliseconds; then their connections are closed. @default 10_000 */
  readonly deadlineMs?: number | undefined
  /**
   * Signals that start the shutdown, such as `['SIGTERM', 'SIGINT']`. A second one closes what is still open at once; after it, signals do
   * what Node does without a listener. @default none: no listener is installed, the caller calls the function
   */
  readonly signals?: readonly NodeJS.Signals[] | undefined
}

/** How a shutdown went. */
export interface ShutdownReport {
  /** Requests that were cut off without their whole answer, at the deadline or by a second signal; 0 when all were answered. */
  readonly cutRequests: number
}

export const SHUTDOWN_DEFAULTS = { deadlineMs: 10_000 } as const

/** A client that has connected and not sent anything yet may be about to: it has this long. */
const SILENT_MS = 1_000

/** An HTTP/2 session: it ends after the streams that are open in it. */
interface Session {
  close(): void
  once(event: 'close', listener: () => void): unknown
}

/**
 * Prepares a server of `node:http`, `node:https` or `node:http2` to stop without losing an answer, and gives the function that stops it. Call
 * it right after the server was made: it has to see every request.
 *
 * The function takes no more connections, calls `preClose`, closes idle connections, and waits until every request that was accepted is
 * answered to its last byte (`server.close()` alone cuts answers that a slow client has not read yet); then it calls `onClose`. At the
 * deadline it closes what is left. Calling it again gives the same promise, which rejects with what `preClose` or `onClose` threw, after
 * everything is closed (with an `AggregateError` when both did). Started by a signal, such an error is an unhandled rejection, which ends
 * the process with an exit code of its own; without one the process ends as soon as nothing else keeps it. Upgraded connections
 * (WebSocket) are the host's to end, in `preClose`.
 *
 * @throws {InvalidArgumentError} when the first argument is not a server, or an option is not valid
 *
 * @example
 * ```ts
 * const server = createServer(toNodeHandler(handler)).listen(8000)
 * gracefulShutdown(server, {
 *   preClose: () => handler.close(),
 *   onClose: () => manager.shutdown(),
 *   signals: ['SIGTERM', 'SIGINT'],
 * })
 * ```
 */
export function gracefulShutdown(server: net.Server, options: GracefulShutdownOptions = {}): () => Promise<ShutdownReport> {
  checkOptions(server, options)
  const { signals = [] } = options
  const connections = new OpenConnections(server)
  let stopped: Promise<ShutdownReport> | undefined
  const stop = () => {
    stopped ??= shutDown(server, connections, options).finally(ignoreSignals)
    return stopped
  }
  const onSignal = () => {
    if (!stopped) return void stop()
    connections.cut()
    ignoreSignals()
  }
  const ignoreSignals = () => {
    for (const signal of signals) process.off(signal, onSignal)
  }
  for (const signal of signals) process.on(signal, onSignal)
  return stop
}

async function shutDown(server: net.Server, connections: OpenConnections, options: GracefulShutdownOptions): Promise<ShutdownReport> {
  const { preClose, onClose, deadlineMs = SHUTDOWN_DEFAULTS.deadlineMs } = options
  const errors: unknown[] = []
  const attempt = async (work: () => unknown) => {
    try {
      await work()
    } catch (error) {
      errors.push(error)
    }
  }
  // Not the server's own close(), which destroys connections whose last answer is still being sent.
  const closed = new Promise<void>((resolve) => void net.Server.prototype.close.call(server, () => resolve()))
  connections.endEach()
  let deadline: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => {
    deadline = setTimeout(resolve, deadlineMs)
  })
  void late.then(() => connections.cut())
  await Promise.all([closed, Promise.race([attempt(() => preClose?.()), late])])
  clearTimeout(deadline)
  const report = { cutRequests: connections.cutRequests }
  await attempt(() => onClose?.(report))
  if (errors.length > 1) throw new AggregateError(errors, 'Both preClose and onClose failed.')
  if (errors.length > 0) throw errors[0]
  return report
}

/** The connections of a server, and the answers that it owes. */
class OpenConnections {
  /** As the server accepted them. */
  readonly #sockets = new Set<Socket>()
  /** As requests name them: the same, or what TLS makes of them. */
  readonly #clients = new Set<Socket>()
  readonly #sessions = new Set<Session>()
  /** Those that had a request. */
  readonly #used = new WeakSet<Socket>()
  readonly #unanswered = new Set<ServerResponse>()
  #isEnding = false
  cutRequests = 0

  constructor(server: net.Server) {
    server.on('connection', (socket: Socket) => keep(this.#sockets, socket))
    server.on(server instanceof tls.Server ? 'secureConnection' : 'connection', (socket: Socket) => keep(this.#clients, socket))
    server.on('session', (session: Session) => {
      keep(this.#sessions, session)
      if (this.#isEnding) session.close()
    })
    // Before every other listener, which may answer in the same turn.
    server.prependListener('request', (request: IncomingMessage, response: ServerResponse) => this.#follow(request, response))
  }

  /** Ends each connection as soon as it owes no answer. */
  endEach(): void {
    this.#isEnding = true
    for (const session of this.#sessions) session.close()
    for (const socket of this.#clients) {
      if (this.#used.has(socket)) this.#endWhenAnswered(socket)
    }
    const endSilent = () => {
      for (const socket of this.#clients) if (socket.bytesRead === 0) socket.destroySoon()
    }
    setTimeout(endSilent, SILENT_MS).unref()
  }

  /** Closes every connection now. */
  cut(): void {
    this.cutRequests += this.#unanswered.size
    this.#unanswered.clear()
    for (const socket of this.#sockets) socket.destroy()
  }

  #follow({ httpVersionMajor, socket }: IncomingMessage, response: ServerResponse): void {
    this.#unanswered.add(response)
    // The connection of an HTTP/2 request is its session's.
    const endable = httpVersionMajor < 2 ? socket : undefined
    if (endable) this.#used.add(endable)
    response.once('close', () => {
      this.#unanswered.delete(response)
      if (this.#isEnding && endable) this.#endWhenAnswered(endable)
    })
    if (this.#isEnding && endable) this.#endWhenAnswered(endable)
  }

  /** The last answer that a connection owes tells the client to take another connection for what it asks next. */
  #endWhenAnswered(socket: Socket): void {
    const owed = [...this.#unanswered].filter(({ req }) => req.socket === socket)
    if (owed.length === 0) socket.destroySoon()
    for (const [place, response] of owed.entries()) {
      if (response.headersSent) continue
      if (place === owed.length - 1) response.setHeader('connection', 'close')
      // Pipelined requests: one that was the last is no more.
      else response.removeHeader('connection')
    }
  }
}

function keep<Item extends { once(event: 'close', listener: () => void): unknown }>(items: Set<Item>, item: Item): void {
  items.add(item)
  item.once('close', () => items.delete(item))
}

function checkOptions(server: net.Server, options: GracefulShutdownOptions): void {
  if (!(server instanceof net.Server)) throw new InvalidArgumentError('server', 'must be what createServer() or app.listen() gave')
  checkKeys(options, ['preClose', 'onClose', 'deadlineMs', 'signals'], 'options')
  const { preClose, onClose, deadlineMs = SHUTDOWN_DEFAULTS.deadlineMs, signals = [] } = options
  for (const [name, value] of Object.entries({ preClose, onClose })) {
    if (value !== undefined && typeof value !== 'function') throw new InvalidArgumentError(name, 'must be a function')
  }
  // Longer timers fire at once.
  if (!(deadlineMs >= 0 && deadlineMs <= 2 ** 31 - 1)) throw new InvalidArgumentError('deadlineMs', 'must be a number of milliseconds')
  if (!Array.isArray(signals)) throw new InvalidArgumentError('signals', "must be a list: ['SIGTERM', 'SIGINT']")
}
