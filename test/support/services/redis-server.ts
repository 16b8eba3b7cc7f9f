import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { freePort } from './free-port.js'
import type { Program } from './program.js'
import type { Server } from './server.js'
import { startServerProcess } from './server-process.js'
import { serverFolder } from './server-user.js'

/** What a test may choose about its own Redis. */
export interface RedisOptions {
  /** Further arguments of `redis-server`: `['--maxmemory', '1mb']`. They win over the test defaults. */
  readonly args?: readonly string[]
}

/** Serves an empty Redis on a port of its own, 127.0.0.1 only, nothing written to disk. */
export function startRedisServer(binary: Program, options: RedisOptions = {}): Promise<Server> {
  return startRedisProcess(binary, { args: options.args ?? [] })
}

/** How to run one Redis process, alone or as one of a group. */
export interface RedisProcessOptions {
  /** Finds its port. @default any free one */
  readonly port?: () => Promise<number>
  /** Lines of a configuration file of its own, which Redis may rewrite and finds again after a restart. @default no file */
  readonly config?: readonly string[]
  /** Arguments that win over file and test defaults. @default none */
  readonly args?: readonly string[]
}

/** Starts a Redis process in a folder of its own and resolves when it answers. */
export async function startRedisProcess(binary: Program, options: RedisProcessOptions): Promise<Server> {
  const { port: findPort = freePort, config, args = [] } = options
  const folder = serverFolder('redis')
  const file = join(folder, 'redis.conf')
  if (config) writeFileSync(file, config.map((line) => `${line}\n`).join(''))
  for (let attempt = 1; ; attempt++) {
    const port = await findPort()
    const url = `redis://127.0.0.1:${port}`
    const own = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder]
    const unwritten = ['--save', '', '--appendonly', 'no']
    const isSentinel = args.includes('--sentinel')
    try {
      return await startServerProcess({
        url,
        port,
        command: binary.command,
        args: [...(config ? [file] : []), ...own, ...(isSentinel ? [] : unwritten), ...args],
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

/**
 * Starts the processes of a group together; when one of them does not come up, none stays.
 *
 * @throws what the first of those that failed threw
 */
export async function startTogether(starting: readonly Promise<Server>[]): Promise<readonly Server[]> {
  const results = await Promise.allSettled(starting)
  const started = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
  const failed = results.find((result) => result.status === 'rejected')
  if (!failed) return started
  await Promise.all(started.map((server) => server.stop()))
  throw failed.reason
}

/** Most milliseconds a question of {@link askOneRedis} waits for a server that may be frozen. */
const QUESTION_MS = 500

/** Runs commands on a connection of their own, of a server that may be gone or frozen: then it rejects soon. */
export async function askOneRedis<Value>(server: { readonly url: string }, work: (client: Redis) => Promise<Value>): Promise<Value> {
  const client = new Redis(server.url, {
    lazyConnect: true,
    // A node that waits for its cluster or its primary has to answer too.
    enableReadyCheck: false,
    retryStrategy: () => null,
    connectTimeout: QUESTION_MS,
    commandTimeout: QUESTION_MS,
    // A frozen server says no goodbye either; by default that is waited for two seconds.
    disconnectTimeout: 50,
  })
  client.on('error', () => {})
  try {
    await client.connect()
    return await work(client)
  } finally {
    client.disconnect()
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
