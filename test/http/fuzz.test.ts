import { gunzipSync } from 'node:zlib'
import { LLMRegistry } from 'agent-config/llm'
import { FakeLLMClient } from 'agent-config/testing'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type FuzzedRequest, fuzzedRequests } from './fuzz.js'
import { ADMIN, type OpenHandler, openHandler } from './open-handler.js'

// A few hundred here; a minute of them with: AGENT_CONFIG_FUZZ_MS=60000 npx vitest run --config test/vitest.config.ts test/http/fuzz.test.ts
const MILLISECONDS = Number(process.env.AGENT_CONFIG_FUZZ_MS ?? 4_000)

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
  'no request makes it fail, or answer with what its document does not say',
  async () => {
    const statuses = new Map<number, number>()
    const before = heapAfterCollection()
    await fc.assert(
      fc.asyncProperty(fuzzedRequests({ paths } as never), async (request) => {
        const status = await send(request)
        statuses.set(status, (statuses.get(status) ?? 0) + 1)
      }),
      { numRuns: 1_000_000, interruptAfterTimeLimit: MILLISECONDS },
    )
    const sent = [...statuses.values()].reduce((sum, count) => sum + count, 0)
    console.log(`${sent} requests: ${JSON.stringify(Object.fromEntries(statuses))}, heap ${before} → ${heapAfterCollection()} MB`)

    expect(open.reported).toEqual([])
    expect(statuses.get(500)).toBeUndefined()
    expect(sent).toBeGreaterThan(100)
    expect((await open.ask('GET', '/prompts/greeting?version=1')).status).toBe(200)
  },
  MILLISECONDS + 60_000,
)

async function send({ method, path, headers, body }: FuzzedRequest): Promise<number> {
  const request = new Request(`http://host/config/api${path}`, {
    method,
    headers: { ...ADMIN, ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
    ...(body !== undefined && method !== 'HEAD' && { body }),
  })
  const response = await open.handler(request)
  const bytes = Buffer.from(await response.arrayBuffer())
  const text = (response.headers.get('content-encoding') === 'gzip' ? gunzipSync(bytes) : bytes).toString()
  // The servers are well: no request may make them look as if they were not.
  if (response.status === 503 && !path.startsWith('/readyz')) throw new Error(`${method} ${path} ${body}: ${text}`)
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

function heapAfterCollection(): number {
  ;(globalThis as { gc?: () => void }).gc?.()
  return Math.round(process.memoryUsage().heapUsed / 1e6)
}
