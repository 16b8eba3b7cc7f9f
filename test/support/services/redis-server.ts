import { rmSync } from 'node:fs'
import { Redis } from 'ioredis'
import { freePort } from './free-port.js'
import type { RedisBinary } from './redis-binary.js'
import type { Server } from './server.js'
import { startServerProcess } from './server-process.js'
import { serverFolder } from './server-user.js'

/** What a test may choose about its own Redis. */
export interface RedisOptions {
  /** Further arguments of `redis-server`: `['--maxmemory', '1mb']`. They win over the test defaults. */
  readonly args?: readonly string[]
}

/** Serves an empty Redis on a port of its own, 127.0.0.1 only, nothing written to disk. */
export async function startRedisServer(binary: RedisBinary, options: RedisOptions = {}): Promise<Server> {
  const folder = serverFolder('redis')
  for (let attempt = 1; ; attempt++) {
    const port = await freePort()
    const url = `redis://127.0.0.1:${port}`
    try {
      return await startServerProcess({
        url,
        port,
        command: binary.command,
        args: ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'no', ...(options.args ?? [])],
        env: binary.env,
        folder,
        stopSignal: 'SIGTERM',
        ask: async () => void (await askRedis(url)),
      })
    } catch (error) {
      // Another process may have taken the port since it was found free.
      if (attempt < 3) continue
      rmSync(folder, { recursive: true, force: true })
      throw error
    }
  }
}

/** Resolves with the version when Redis answers a command: while it loads its data it takes connections and answers LOADING. */
export async function askRedis(url: string): Promise<string> {
  const client = new Redis(url, { lazyConnect: true, retryStrategy: () => null, connectTimeout: 2_000, commandTimeout: 2_000 })
  client.on('error', () => {})
  try {
    await client.connect()
    const answer = await client.info('server')
    return /redis_version:(\S+)/.exec(answer)?.[1] ?? 'of unknown version'
  } finally {
    client.disconnect()
  }
}
