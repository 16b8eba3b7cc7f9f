import type { Server } from 'node:http'
import type { ConfigHandler } from 'agent-config/http'

const LONGEST_MS = 10_000

/**
 * On SIGTERM and SIGINT: takes no new connection, ends event streams and idle connections, answers what is under way, then closes the rest.
 * A write that was committed is answered.
 */
export function stopGracefully(server: Server, handler: ConfigHandler, close: () => Promise<void>): void {
  // Before every other listener: a client that sends one request after the other is told to take another connection for the next one.
  server.prependListener('request', (_request, response) => {
    if (!server.listening) response.setHeader('connection', 'close')
  })
  const stop = () => {
    if (!server.listening) return
    server.close(() => void close().then(() => process.exit()))
    handler.close()
    // A connection whose request was under way is idle once it has its answer.
    setInterval(() => server.closeIdleConnections(), 20)
    setTimeout(() => server.closeAllConnections(), LONGEST_MS)
  }
  for (const event of ['SIGINT', 'SIGTERM', 'disconnect']) process.on(event, stop)
}
