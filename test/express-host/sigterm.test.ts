import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { type ConfigurationManager, createConfigManager } from '../../src/index.js'
import { builtProgram } from '../support/built-program.js'
import { eventually } from '../support/eventually.js'
import { createTestDatabase, type TestDatabase } from '../support/test-database.js'

// Twenty times in a row: AGENT_CONFIG_SIGTERMS=20 npx vitest run --config test/vitest.config.ts test/express-host/sigterm.test.ts
const TIMES = Number(process.env.AGENT_CONFIG_SIGTERMS ?? 2)
const MAIN = builtProgram(new URL('../../examples/express-host/main.ts', import.meta.url))
const TOKEN = 'ada:0123456789abcdef0123456789abcdef'
const HEADERS = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' }
const WRITERS = 8

let database: TestDatabase
let manager: ConfigurationManager
let child: ChildProcess | undefined

beforeAll(async () => {
  database = await createTestDatabase()
  manager = createConfigManager({ database: database.url, redis: false })
  await manager.ready()
})

afterEach(() => {
  child?.kill('SIGKILL')
})

afterAll(async () => {
  await manager.shutdown()
  await database.drop()
})

it.each(Array.from({ length: TIMES }, (_, round) => [round + 1]))(
  'SIGTERM under load answers every write that was committed, ends streams, and leaves with 0 (%i)',
  async (round) => {
    const origin = await start()
    const streams = await Promise.all([1, 2].map(() => fetch(`${origin}/config/api/events`, { headers: HEADERS })))
    const answered = new Set<string>()
    const refused: string[] = []
    let isOver = false
    const writers = Array.from({ length: WRITERS }, async (_, writer) => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 })
      for (let write = 0; !isOver; write++) {
        const name = `r${round}-w${writer}-${write}`
        const outcome = await post(`${origin}/config/api/prompts`, agent, { name, template: 'x' })
        if (outcome === 201) answered.add(name)
        else {
          refused.push(`${name}: ${outcome}`)
          isOver = isOver || outcome === 'ECONNREFUSED'
        }
      }
      agent.destroy()
    })
    await eventually(() => answered.size > 2 * WRITERS, { timeoutMs: 30_000 })

    const ended = once(child as ChildProcess, 'exit')
    child?.kill('SIGTERM')
    const texts = await Promise.all(streams.map((stream) => stream.text()))
    const [code] = await ended
    isOver = true
    await Promise.all(writers)

    const committed = await committedNames(`r${round}-`)
    expect(committed.length).toBeGreaterThan(WRITERS)
    expect(committed.filter((name) => !answered.has(name))).toEqual([])
    expect([...answered].filter((name) => !committed.includes(name))).toEqual([])
    // Nothing was half answered: what was not answered found nobody who listened, or a connection that had been idle.
    expect(refused.filter((outcome) => !/ECONNREFUSED|ECONNRESET/.test(outcome))).toEqual([])
    expect(texts.every((text) => text.startsWith('retry:'))).toBe(true)
    expect(code).toBe(0)
  },
)

async function start(): Promise<string> {
  const { DATABASE_URL: _, REDIS_URL: __, ...inherited } = process.env
  const env = { ...inherited, DATABASE_URL: database.url, CONFIG_ADMIN_TOKEN: TOKEN, PORT: '0' }
  const started = spawn(process.execPath, [MAIN], { env })
  child = started
  let printed = ''
  started.stdout.on('data', (chunk) => {
    printed += chunk
  })
  await eventually(() => /PostgreSQL/.test(printed), { timeoutMs: 30_000 })
  return /(http:\S+)\/config\/admin/.exec(printed)![1]!
}

/** The status, or the code of the error that came instead of an answer. */
function post(url: string, agent: Agent, body: object): Promise<number | string> {
  return new Promise((resolve) => {
    const sent = request(url, { method: 'POST', headers: HEADERS, agent }, (response) => {
      response.resume()
      response.on('end', () => resolve(response.statusCode ?? 0))
      response.on('error', (error: NodeJS.ErrnoException) => resolve(`broken: ${error.code}`))
    })
    sent.on('error', (error: NodeJS.ErrnoException) => resolve(String(error.code)))
    sent.end(JSON.stringify(body))
  })
}

async function committedNames(prefix: string): Promise<string[]> {
  const names: string[] = []
  let cursor: string | undefined
  do {
    const page: Awaited<ReturnType<typeof manager.prompts.list>> = await manager.prompts.list({
      search: prefix,
      limit: 1000,
      ...(cursor && { cursor }),
    })
    names.push(...page.items.map(({ name }) => name))
    cursor = page.cursor
  } while (cursor !== undefined)
  return names
}
