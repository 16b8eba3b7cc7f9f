import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { gunzipSync } from 'node:zlib'
import { LLMRegistry } from 'agent-config/llm'
import { FakeLLMClient } from 'agent-config/testing'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { eventually } from '../support/eventually.js'
import { type FuzzedRequest, fuzzedRequests } from './fuzz.js'
import { ADMIN, type OpenHandler, openHandler } from './open-handler.js'

// A few hundred here; a minute of them with: AGENT_CONFIG_FUZZ_MS=60000 npx vitest run --config test/vitest.config.ts test/http/fuzz.test.ts
const MILLISECONDS = Number(process.env.AGENT_CONFIG_FUZZ_MS ?? 4_000)
/** Caches and connection pools fill up to their bounds first; from then on nothing may grow. */
const WARM_UP_MS = MILLISECONDS / 4
/** How much the heap may grow after that: a minute is some 40,000 requests, and 1 kB kept of each would be 40 MB. */
const MOST_GROWTH_MB = 25
/** How many more timers there may be: the manager's own and those of connections that are kept come and go; one left by each request would be thousands. */
const MOST_MORE_TIMERS = 30
/** A read of at least a revision far beyond those that the requests can make. */
const AHEAD = /[?&]min_revision=\d{7,}(?:&|$)/
/** Requests that are under way together. */
const AT_ONCE = 16

let open: OpenHandler
let paths: Record<string, Record<string, { responses: Record<string, unknown> }>>

beforeAll(async () => {
  open = await openHandler({ llm: new LLMRegistry([new FakeLLMClient(() => 'x')]) })
  paths = (await open.ask('GET', '/openapi.json')).body.paths
  await open.ask('POST', '/prompts', { name: 'greeting', template: 'Hello {name}', labels: ['production'] })
  await open.ask('POST', '/prompts/greeting/versions', { template: 'Hi {name}' })
})

afterAll(() => open.close())

it(
  'no request makes it fail, answer with what its document does not say, or keep memory, handles or timers',
  async () => {
    const statuses = new Map<number, number>()
    const requests = fuzzedRequests({ paths } as never)
    const sendFor = (milliseconds: number) =>
      fc.assert(
        fc.asyncProperty(fc.array(requests, { minLength: 1, maxLength: AT_ONCE }), async (together) => {
          for (const status of await Promise.all(together.map(send))) statuses.set(status, (statuses.get(status) ?? 0) + 1)
        }),
        { numRuns: 1_000_000, interruptAfterTimeLimit: milliseconds },
      )
    await sendFor(WARM_UP_MS)
    const before = { heap: heapAfterCollection(), handles: openHandles(), timers: openTimers() }
    await sendFor(MILLISECONDS - WARM_UP_MS)
    const sent = [...statuses.values()].reduce((sum, count) => sum + count, 0)
    const rate = Math.round((sent / MILLISECONDS) * 1_000)
    const heap = heapAfterCollection()
    console.log(`${sent} requests, ${rate}/s: ${JSON.stringify(Object.fromEntries(statuses))}, heap ${before.heap} → ${heap} MB`)

    expect(open.reported).toEqual([])
    expect(statuses.get(500)).toBeUndefined()
    expect(sent).toBeGreaterThan(100)
    expect(heap - before.heap).toBeLessThan(MOST_GROWTH_MB)
    // Connections and deadlines of requests end a moment after their answers.
    await eventually(() => openHandles() <= before.handles, { timeoutMs: 30_000 })
    await eventually(() => openTimers() <= before.timers + MOST_MORE_TIMERS, { timeoutMs: 30_000 })
    expect((await open.ask('GET', '/prompts/greeting?version=1')).status).toBe(200)
  },
  MILLISECONDS + 120_000,
)

async function send({ method, path, headers, body }: FuzzedRequest): Promise<number> {
  const request = new Request(`http://host/config/api${path}`, {
    method,
    headers: { ...ADMIN, ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
    ...(body !== undefined && method !== 'HEAD' && { body }),
  })
  const response = await open.handler(request)
  const bytes = Buffer.from(await response.arrayBuffer())
  // HEAD has the headers of the answer, and no bytes to decompress.
  const isCompressed = bytes.length > 0 && response.headers.get('content-encoding') === 'gzip'
  const text = (isCompressed ? gunzipSync(bytes) : bytes).toString()
  // The servers are well: no request may make them look as if they were not. A revision that the log has not reached is the one
  // exception: on a standby it may come a moment later.
  if (response.status === 503 && AHEAD.test(path)) expect(response.headers.get('retry-after')).toBe('1')
  else if (response.status === 503 && !path.startsWith('/readyz')) throw new Error(`${method} ${path} ${body}: ${text}`)
  const documented = responsesOf(method, new URL(request.url).pathname)
  // What no call says: a path that is none, a method that it does not take, an answer that the client has already.
  if (documented && ![404, 405, 304, 204].includes(response.status))
    expect(documented, `${method} ${path}`).toHaveProperty(String(response.status))
  if (response.status >= 400 && method !== 'HEAD') {
    expect(response.headers.get('content-type')).toBe('application/problem+json; charset=utf-8')
    expect(JSON.parse(text)).toMatchObject({ status: response.status, code: expect.stringMatching(/^E_/), request_id: expect.any(String) })
  }
  expect(text).not.toMatch(/node_modules|\.ts:\d|at async/)
  return response.status
}

function responsesOf(method: string, pathname: string): object | undefined {
  const path = pathname.slice('/config/api'.length)
  const patterns = Object.keys(paths).sort((one, other) => one.split('{').length - other.split('{').length)
  const found = patterns.find((pattern) => new RegExp(`^${pattern.replace(/\{\w+\}/g, '[^/]+')}/?$`).test(path))
  return found === undefined ? undefined : paths[found]?.[method.toLowerCase()]?.responses
}

/** In megabytes, of what is reachable. */
function heapAfterCollection(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  return Math.round(process.memoryUsage().heapUsed / 1e6)
}

/** Sockets, servers, files and the like. */
function openHandles(): number {
  return process.getActiveResourcesInfo().filter((type) => type !== 'Timeout' && type !== 'Immediate').length
}

/** Timers that keep the process alive. */
function openTimers(): number {
  return process.getActiveResourcesInfo().filter((type) => type === 'Timeout').length
}
