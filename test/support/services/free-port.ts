import { createServer } from 'node:net'

/**
 * A TCP port of this machine that nobody listens on now.
 *
 * Below 32768, where no operating system takes the local port of an outgoing connection from: a client that keeps
 * knocking at a stopped server's port could otherwise be connected to itself.
 */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = 16_000 + Math.floor(Math.random() * 16_000)
    if (await isFree(port)) return port
  }
  throw new Error('No free TCP port between 16000 and 32000 was found in 100 attempts.')
}

/** What a node of a Redis Cluster adds to its port for the wire to the other nodes. */
const CLUSTER_BUS = 10_000

/** A free port whose cluster bus is free too, both below 32768 for the same reason. */
export async function freeClusterPort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = 16_000 + Math.floor(Math.random() * (32_000 - CLUSTER_BUS - 16_000))
    if ((await isFree(port)) && (await isFree(port + CLUSTER_BUS))) return port
  }
  throw new Error('No free pair of TCP ports for a Redis Cluster node was found in 100 attempts.')
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => resolve(false))
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)))
  })
}
