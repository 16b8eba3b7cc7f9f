import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { eventually } from '../support/eventually.js'
import { createTestDatabase } from '../support/test-database.js'
import { testRedisUrl } from '../support/test-redis.js'
import { TSX_LOADER } from '../support/tsx-loader.js'

const MAIN = fileURLToPath(new URL('../../examples/express-host/main.ts', import.meta.url))
const SECRET = 'ada:0123456789abcdef0123456789abcdef'
let child: ChildProcess

afterEach(() => {
  child.kill('SIGKILL')
})

/** Starts the host as its users do, and resolves with what it printed once `wanted` is among it. */
async function start(wanted: RegExp, env: Record<string, string>, ...args: readonly string[]): Promise<string> {
  const { DATABASE_URL: _, REDIS_URL: __, CONFIG_ADMIN_TOKEN: ___, NODE_ENV: ____, ...inherited } = process.env
  child = spawn(process.execPath, ['--import', TSX_LOADER, MAIN, ...args], { env: { ...inherited, ...env } })
  let printed = ''
  for (const stream of [child.stdout!, child.stderr!]) {
    stream.on('data', (chunk) => {
      printed += chunk
    })
  }
  await eventually(() => wanted.test(printed), { timeoutMs: 25_000 })
  return printed
}

async function stop(): Promise<number | null> {
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  const [code] = await ended
  return code
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

const ask = async (url: string, init?: RequestInit) => (await (await fetch(url, init)).json()) as Record<string, unknown>

describe('the host as a process', () => {
  it('needs nothing, and prints a link that may write', async () => {
    const printed = await start(/embedded database/, { PORT: '0' }, '--demo')
    const [, origin, token] = /Admin page {2}(http:\S+)\/config\/admin\/#token=(\S+)/.exec(printed)!
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }

    const body = JSON.stringify({ text: 'failed payments by merchant since Monday', subject: 'user-7' })
    const answer = await ask(`${origin}/api/config/agents/parameters`, { method: 'POST', headers, body })

    expect(answer).toMatchObject({ parameters: { domain: 'payments' }, prompt: { version: 1 }, model: { provider: 'scripted' } })
    expect((await fetch(`${origin}/config/admin/`)).status).toBe(200)
    expect(await stop()).toBe(0)
  })

  it('serves one port with several workers, who all know what one of them wrote', async () => {
    const database = await createTestDatabase()
    const port = await freePort()
    const env = { DATABASE_URL: database.url, REDIS_URL: testRedisUrl(), CONFIG_ADMIN_TOKEN: SECRET, WORKERS: '2', PORT: String(port) }
    await start(/2 workers, PostgreSQL/, env)
    const base = `http://127.0.0.1:${port}/api/config`
    const body = JSON.stringify({ name: 'greeting', template: 'Hello', labels: ['production'] })
    const headers = { authorization: `Bearer ${SECRET}`, 'content-type': 'application/json' }

    const { revision } = await ask(`${base}/prompts`, { method: 'POST', headers, body })

    // Several at once: one connection stays with one worker.
    const atOnce = (path: string) => Promise.all(Array.from({ length: 8 }, () => ask(base + path)))
    await eventually(async () => new Set((await atOnce('/cache/stats')).map((stats) => stats.worker)).size === 2)
    for (const prompt of await atOnce(`/prompts/greeting?min_revision=${revision}`)) expect(prompt).toMatchObject({ template: 'Hello' })
    expect(await stop()).toBe(0)
    await database.drop()
  })

  it('says why it does not start', async () => {
    const printed = await start(/CONFIG_ADMIN_TOKEN has to be set/, { NODE_ENV: 'production' })

    expect(printed).not.toContain('at ')
    await eventually(() => child.exitCode === 1)
  })
})
