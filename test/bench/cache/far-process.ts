import { serveRequests } from '../../support/serve-requests.js'
import { startTcpProxy } from '../../support/tcp-proxy.js'

// The network: a process of its own, so that what it does costs no reader or writer its event loop.

/** Milliseconds that each piece of data takes, in either direction. Timers do not know less. */
const DELAY_MS = 1

const handlers = {
  /** Puts a distance before a server of this machine. @returns its address from there */
  async moveAway(url: string): Promise<string> {
    const address = new URL(url)
    const proxy = await startTcpProxy({ port: Number(address.port), host: address.hostname })
    proxy.delay(DELAY_MS)
    address.hostname = '127.0.0.1'
    address.port = String(proxy.port)
    return address.href
  },
}
export type FarHandlers = typeof handlers

serveRequests(handlers)
