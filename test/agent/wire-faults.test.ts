import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { LLMRegistry, OllamaClient } from '../../src/llm/index.js'
import wire from '../llm/ollama-wire.json' with { type: 'json' }
import { chatLines, type OllamaReply, type OllamaServer, startOllamaServer } from '../support/ollama-server.js'
import { Asker, eventsOf, managerOf } from './chat-agent.js'

interface WireCase {
  readonly name: string
  readonly path: string
  readonly response: { readonly status: number; readonly lines: readonly unknown[] }
  readonly expect?: { readonly error?: { readonly code: string } }
}

// What a server does to a chat that fails, from the wire cases, and what the network adds.
const FAULTS: readonly (readonly [string, OllamaReply])[] = [
  ...(wire.cases as unknown as readonly WireCase[])
    .filter(({ path, expect: expected }) => path === '/api/chat' && expected?.error !== undefined)
    .map(({ name, response }) => [name, { status: response.status, lines: response.lines }] as const),
  ['a reset before the first byte', { ending: 'reset' }],
  ['a reset within the answer', { lines: [{ message: { role: 'assistant', content: 'half' }, done: false }], ending: 'reset' }],
  ['silence', { ending: 'hang' }],
  ['silence within the answer', { lines: [{ message: { role: 'assistant', content: 'half' }, done: false }], ending: 'hang' }],
  ['429 with Retry-After', { status: 429, headers: { 'retry-after': '5' }, lines: ['{"error":"slow down"}'] }],
  ['503', { status: 503, lines: ['{"error":"busy"}'] }],
]

let broken: OllamaServer
let healthy: OllamaServer
beforeAll(async () => {
  ;[broken, healthy] = await Promise.all([startOllamaServer(), startOllamaServer()])
})
afterAll(() => Promise.all([broken.close(), healthy.close()]))

function anAgent() {
  const client = (name: string, server: OllamaServer) =>
    new OllamaClient({ name, baseUrl: server.url, timeout: { chunkMs: 200 }, maxRetries: 2 })
  // A registry of its own: no model is in its cooldown.
  const llm = new LLMRegistry([client('broken', broken), client('healthy', healthy)])
  return new Asker({ llm, manager: managerOf('broken/one', 'healthy/two') })
}

describe('a fallback chain whose first server has a fault', () => {
  it('knows faults to try', () => expect(FAULTS.length).toBeGreaterThan(8))

  it.each(FAULTS)('answers with one request to each server: %s', async (_name, reply) => {
    broken.reply(reply)
    healthy.reply({ lines: chatLines('all is well') })
    const before = [broken.requests.length, healthy.requests.length]
    const agent = anAgent()
    const events = eventsOf(agent)

    expect(await agent.execute('hi', { timeoutMs: 4_000 })).toBe('all is well')

    expect([broken.requests.length - before[0]!, healthy.requests.length - before[1]!]).toEqual([1, 1])
    expect(events[0]?.attempts).toMatchObject([
      { provider: 'broken', ok: false },
      { provider: 'healthy', ok: true },
    ])
  })

  it('keeps the deadline of its caller when both are silent', async () => {
    broken.reply({ ending: 'hang' })
    healthy.reply({ ending: 'hang' })

    await expect(anAgent().execute('hi', { timeoutMs: 400 })).rejects.toMatchObject({ reason: 'timeout', errors: [{}, {}] })
  })

  it('does not cut a healthy first server that answers slowly', async () => {
    broken.reply({ lines: chatLines('slow but well'), gapMs: 120 })
    const agent = anAgent()
    const events = eventsOf(agent)

    expect(await agent.execute('hi', { timeoutMs: 3_000 })).toBe('slow but well')
    expect(events[0]?.attempts).toHaveLength(1)
  })
})
