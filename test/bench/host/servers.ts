import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { eventually } from '../../support/eventually.js'
import { TSX_LOADER } from '../../support/tsx-loader.js'

const EXPRESS_PATH = '/api/config/prompts/greeting'
const HONO_PATH = '/config/api/prompts/greeting'
export const TOKEN = 'bench:0123456789abcdef0123456789abcdef'

/** A server that answers reads of one prompt. */
export interface Server {
  readonly url: string
  stop(): Promise<void>
}

/** The package as it is built, which is what its users run: the loader would add a name to every function that a request makes. */
const AS_BUILT = { TSX_TSCONFIG_PATH: fileURLToPath(new URL('./tsconfig.json', import.meta.url)) }

/** The Express host as it is started by its users. */
export function startExampleHost(workers: number, database: string, redis: string): Promise<Server> {
  const env = { ...AS_BUILT, DATABASE_URL: database, REDIS_URL: redis, CONFIG_ADMIN_TOKEN: TOKEN, WORKERS: String(workers) }
  return start(new URL('../../../examples/express-host/main.ts', import.meta.url), EXPRESS_PATH, env)
}

/** The Express host of version 0.1.0, from a folder with its sources. */
export function startFirstVersion(folder: string, database: string, redis: string): Promise<Server> {
  const env = { DATABASE_URL: database, REDIS_URL: redis, CONFIG_ADMIN_TOKEN: TOKEN }
  return start(pathToFileURL(join(folder, 'examples', 'express-host', 'main.ts')), EXPRESS_PATH, env, folder)
}

export function startBareExpress(workers: number, body: string): Promise<Server> {
  return start(new URL('./bare-express.ts', import.meta.url), EXPRESS_PATH, { WORKERS: String(workers), BODY: body })
}

/** The Hono example, on Hono's own server for Node. */
export function startHonoHost(database: string, redis: string): Promise<Server> {
  const env = { ...AS_BUILT, DATABASE_URL: database, REDIS_URL: redis, ADA_TOKEN: TOKEN }
  return start(new URL('../../../examples/hono.ts', import.meta.url), HONO_PATH, env)
}

/** @param headers sent with every answer: JSON */
export function startBareHono(body: string, headers: Record<string, string>): Promise<Server> {
  return start(new URL('./bare-hono.ts', import.meta.url), HONO_PATH, { BODY: body, HEADERS: JSON.stringify(headers) })
}

async function start(file: URL, path: string, env: Record<string, string>, cwd = process.cwd()): Promise<Server> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}${path}`
  const child = spawn(process.execPath, ['--import', TSX_LOADER, fileURLToPath(file)], {
    env: { ...process.env, NODE_ENV: 'test', PORT: String(port), ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
    // The loader reads the folder's tsconfig.json, which says where `agent-config` is.
    cwd,
  })
  await eventually(async () => (await fetch(url)).status < 500, { timeoutMs: 60_000 })
  return { url, stop: () => stop(child) }
}

async function stop(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  await ended
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
