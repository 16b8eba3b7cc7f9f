import { once } from 'node:events'
import type { Server } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ConfigHandler } from 'agent-config/http'

const LONGEST_MS = 10_000
const EVERY_MS = 20

/**
 * On SIGTERM and SIGINT: takes no new connection, ends event streams and idle connections, answers what is under way, then closes the rest.
 * A write that was committed is answered.
 */
export function stopGracefully(server: Server, handler: ConfigHandler, close: () => Promise<void>): void {
  let isStopping = false
  // Before every other listener: clients are told to take another connection for their next request.
  server.prependListener('request', (_request, response) => {
    if (isStopping) response.setHeader('connection', 'close')
  })
  const stop = async () => {
    if (isStopping) return
    isStopping = true
    handler.close()
    const closed = once(server, 'close')
    server.close()
    // A connection that has answered its last request is idle from then on.
    const sweep = setInterval(() => server.closeIdleConnections(), EVERY_MS)
    await Promise.race([closed, sleep(LONGEST_MS)])
    clearInterval(sweep)
    server.closeAllConnections()
    await close()
    process.exit(0)
  }
  for (const event of ['SIGINT', 'SIGTERM', 'disconnect']) process.on(event, () => void stop())
}
