import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { eventually } from '../support/eventually.js'
import { createTestDatabase } from '../support/test-database.js'
import { TSX_LOADER } from '../support/tsx-loader.js'

const TOKEN = '0123456789abcdef0123456789abcdef'
const HEADERS = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' }
let child: ChildProcess | undefined

afterEach(() => {
  child?.kill('SIGKILL')
  vi.unstubAllEnvs()
})

describe.each(['hono.ts', 'fastify.ts'])('%s', (file) => {
  it('serves a prompt, a write and the page beside a route of its own, and ends when it is told to', async () => {
    const database = await createTestDatabase()
    const origin = await start(file, { DATABASE_URL: database.url })

    expect(await (await fetch(`${origin}/`)).text()).toBe('no greeting yet')
    await expectServed((path, init) => fetch(`${origin}${path}`, init))
    expect(await (await fetch(`${origin}/`)).text()).toBe('greeting')

    const events = await fetch(`${origin}/config/api/events`, { headers: HEADERS })
    const ended = once(child as ChildProcess, 'exit')
    child?.kill('SIGTERM')
    await events.text()
    expect((await ended)[0]).toBe(0)
    await database.drop()
  })

  it('does not start without its token', async () => {
    await expect(start(file, { ADA_TOKEN: '' })).rejects.toThrow(/tokens.ada/)
  })
})

describe('next/', () => {
  it('serves the same as a route file', async () => {
    const database = await createTestDatabase()
    vi.stubEnv('DATABASE_URL', database.url)
    vi.stubEnv('ADA_TOKEN', TOKEN)
    const route: typeof import('../../examples/next/app/config/[[...path]]/route.js') = await import(
      '../../examples/next/app/config/[[...path]]/route.js'
    )
    const { manager } = await import('../../examples/next/manager.js')

    await expectServed((path, init) => route[(init?.method ?? 'GET') as 'GET' | 'POST'](new Request(`http://localhost:3000${path}`, init)))
    expect((await route.OPTIONS(new Request('http://localhost:3000/config/api/prompts', { method: 'OPTIONS' }))).status).toBe(204)

    await manager.shutdown()
    await database.drop()
  })
})

async function expectServed(ask: (path: string, init?: RequestInit) => Promise<Response>): Promise<void> {
  const body = JSON.stringify({ name: 'greeting', template: 'Hello', labels: ['production'] })
  const made = await ask('/config/api/prompts', { method: 'POST', headers: HEADERS, body })
  const read = await ask('/config/api/prompts/greeting', { headers: HEADERS })
  const page = await ask('/config/admin/')

  expect([made.status, read.status, page.status]).toEqual([201, 200, 200])
  expect(await read.json()).toMatchObject({ template: 'Hello', created_by: 'ada' })
  expect(await page.text()).toContain('page.js')
  expect((await ask('/config/api/prompts')).status).toBe(401)
}

/** Starts an example as its users do; gives its origin, or rejects with what it printed. */
async function start(file: string, env: Record<string, string>): Promise<string> {
  const { DATABASE_URL: _, REDIS_URL: __, ...inherited } = process.env
  const path = fileURLToPath(new URL(`../../examples/${file}`, import.meta.url))
  const started = spawn(process.execPath, ['--import', TSX_LOADER, path], { env: { ...inherited, ADA_TOKEN: TOKEN, PORT: '0', ...env } })
  child = started
  let printed = ''
  for (const stream of [started.stdout, started.stderr]) {
    stream.on('data', (chunk) => {
      printed += chunk
    })
  }
  await eventually(() => /config\/admin/.test(printed) || started.exitCode !== null, { timeoutMs: 30_000 })
  const [, origin] = /(http:\S+)\/config\/admin\//.exec(printed) ?? []
  if (origin === undefined) throw new Error(printed)
  return origin
}
