import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** A wire between a client and a server that a test can cut, block and slow down. */
export interface TcpProxy {
  /** Where clients connect, on 127.0.0.1. The same for the proxy's whole life. */
  readonly port: number
  /** Connections that stand now. */
  readonly connections: number
  /** Breaks every connection that stands, with a reset; new ones are taken. */
  cut(): void
  /** Refuses new connections and breaks those that stand: the server looks gone. */
  refuse(): Promise<void>
  /** Takes connections again after `refuse`. */
  accept(): Promise<void>
  /** Takes connections and bytes and passes nothing on, in either direction: the server looks frozen. Nothing is lost. */
  stall(): void
  /** Passes on what `stall` held back, in order, and goes on. */
  resume(): void
  /** From now on, each piece of data arrives that many milliseconds later, in either direction and in order. @param ms 0 ends it */
  delay(ms: number): void
  /** Leads to another server from now on, as an address does after a failover. Breaks every connection that stands. */
  retarget(target: ProxyTarget): void
  /** Ends everything. */
  close(): Promise<void>
}

/** A server's `port`, and `host` if it is not 127.0.0.1. */
export interface ProxyTarget {
  readonly port: number
  readonly host?: string
}

/** Starts a proxy in front of a server. */
export async function startTcpProxy(firstTarget: ProxyTarget): Promise<TcpProxy> {
  let target = firstTarget
  const sockets = new Set<Socket>()
  let isStalled = false
  let delayMs = 0
  const held: (() => void)[] = []

  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const upstream = connect({ port: target.port, host: target.host ?? '127.0.0.1', allowHalfOpen: true, noDelay: true })
    for (const [from, to] of [[client, upstream] as const, [upstream, client] as const]) {
      sockets.add(from)
      // Deliveries of one direction follow each other, so that a delay that changes between two cannot swap them.
      let last = Promise.resolve()
      const deliver = (action: () => void) => {
        const dueAt = Date.now() + delayMs
        last = last.then(async () => {
          if (dueAt > Date.now()) await new Promise((resolve) => setTimeout(resolve, dueAt - Date.now()))
          while (isStalled) await new Promise<void>((resolve) => held.push(resolve))
          if (!to.destroyed) action()
        })
      }
      from.on('data', (chunk) => deliver(() => to.write(chunk)))
      from.on('end', () => deliver(() => to.end()))
      from.on('error', () => to.resetAndDestroy())
      from.on('close', (hadError) => {
        sockets.delete(from)
        if (hadError) to.destroy()
      })
    }
  })
  const listen = async (port: number) => {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
  }
  await listen(0)
  const { port } = server.address() as AddressInfo

  const proxy: TcpProxy = {
    port,
    get connections() {
      return Math.ceil(sockets.size / 2)
    },
    cut() {
      for (const socket of sockets) socket.resetAndDestroy()
    },
    async refuse() {
      if (!server.listening) return
      const closed = new Promise((resolve) => server.close(resolve))
      proxy.cut()
      await closed
    },
    async accept() {
      if (!server.listening) await listen(port)
    },
    stall() {
      isStalled = true
    },
    resume() {
      isStalled = false
      for (const go of held.splice(0)) go()
    },
    delay(ms) {
      delayMs = ms
    },
    retarget(next) {
      target = next
      proxy.cut()
    },
    async close() {
      proxy.resume()
      await proxy.refuse()
    },
  }
  return proxy
}
