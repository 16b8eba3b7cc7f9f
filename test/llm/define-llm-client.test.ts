import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type ChatEvent, type ChatRequest, defineLLMClient, LLMError, LLMRegistry, OllamaClient } from '../../src/llm/index.js'
import { FakeLLMClient } from '../../src/testing/fake-llm-client.js'

const request: ChatRequest = { model: 'any', messages: [{ role: 'user', content: 'hi' }] }

async function collect(events: AsyncIterable<ChatEvent>): Promise<ChatEvent[]> {
  const all: ChatEvent[] = []
  for await (const event of events) all.push(event)
  return all
}

describe('a client defined by chat', () => {
  it('fills in what the function does not say', async () => {
    const client = defineLLMClient({ provider: 'own', chat: async () => ({ text: 'hello' }) })

    expect(await client.chat(request)).toEqual({
      text: 'hello',
      toolCalls: [],
      finishReason: 'stop',
      usage: {},
      timings: { totalMs: expect.any(Number), firstChunkMs: expect.any(Number) },
      model: 'any',
      provider: 'own',
    })
  })

  it('streams its one answer', async () => {
    const toolCall = { id: '1', name: 'f', input: {} }
    const client = defineLLMClient({ provider: 'own', chat: async () => ({ text: 'hello', thinking: 'hm', toolCalls: [toolCall] }) })

    expect(await collect(client.stream(request))).toEqual([
      { type: 'thinking', delta: 'hm' },
      { type: 'text', delta: 'hello' },
      { type: 'tool-call', toolCall },
      {
        type: 'finish',
        result: expect.objectContaining({ text: 'hello', thinking: 'hm', toolCalls: [toolCall], finishReason: 'tool-calls' }),
      },
    ])
  })
})

describe('a client defined by stream', () => {
  it('puts its parts together', async () => {
    const client = defineLLMClient({
      provider: 'own',
      async *stream() {
        yield { type: 'thinking', delta: 'hm' }
        yield { type: 'text', delta: 'hel' }
        yield { type: 'text', delta: 'lo' }
        yield { type: 'finish', result: { finishReason: 'length', usage: { outputTokens: 2 } } }
      },
    })

    expect(await client.chat(request)).toMatchObject({ text: 'hello', thinking: 'hm', finishReason: 'length', usage: { outputTokens: 2 } })
  })

  it('says how far it came when it breaks', async () => {
    const client = new FakeLLMClient([{ chunks: ['hel'], error: new Error('cut') }])

    await expect(client.chat(request)).rejects.toMatchObject({
      reason: 'stream',
      partial: 'hel',
      retryable: false,
      cause: expect.any(Error),
    })
  })

  it('is told when the reader leaves', async () => {
    const left = vi.fn()
    const client = defineLLMClient({
      provider: 'own',
      async *stream(_, { signal }) {
        signal.addEventListener('abort', left)
        for (;;) yield { type: 'text', delta: 'word ' }
      },
    })

    for await (const _ of client.stream(request)) break

    expect(left).toHaveBeenCalledTimes(1)
  })
})

describe('any defined client', () => {
  beforeEach(() => vi.useFakeTimers())
  afterEach(() => vi.useRealTimers())

  it('is asked again after a retryable error, and not after another', async () => {
    const llm = new FakeLLMClient([new LLMError('busy', { reason: 'overloaded', retryable: true }), 'hello', new Error('no')], {
      maxRetries: 2,
    })

    const first = llm.chat(request)
    await vi.runAllTimersAsync()

    expect(await first).toMatchObject({ text: 'hello' })
    await expect(llm.chat(request)).rejects.toMatchObject({ reason: 'server', retryable: false, attempts: 1 })
    expect(llm.calls).toHaveLength(3)
  })

  it.each([
    [Object.assign(new Error('no key'), { statusCode: 401 }), { reason: 'auth', status: 401 }],
    [Object.assign(new Error('unknown model'), { status: 404 }), { reason: 'model_not_found', status: 404 }],
    [Object.assign(new Error('maximum context length is 8192'), { status: 400 }), { reason: 'context_length' }],
    [
      Object.assign(new Error('slow'), { statusCode: 429, responseHeaders: { 'retry-after': '2' } }),
      { reason: 'rate_limit', retryable: true, retryAfterMs: 2_000 },
    ],
    [Object.assign(new Error('busy'), { statusCode: 529, isRetryable: true }), { reason: 'overloaded', retryable: true }],
    [new TypeError('fetch failed', { cause: { code: 'ECONNREFUSED' } }), { reason: 'connection', retryable: true }],
    [new DOMException('late', 'TimeoutError'), { reason: 'timeout' }],
    [new DOMException('left', 'AbortError'), { reason: 'aborted' }],
    ['a string', { reason: 'server' }],
  ])('turns what the function throws into an LLMError: %s', async (thrown, facts) => {
    const client = defineLLMClient({
      provider: 'own',
      maxRetries: 0,
      chat: async () => {
        throw thrown
      },
    })

    await expect(client.chat(request)).rejects.toMatchObject({ code: 'E_LLM', provider: 'own', model: 'any', cause: thrown, ...facts })
  })

  it.each(['chat', 'stream'] as const)('has the three timers, in %s, even over a function that ignores its signal', async (verb) => {
    const stuck = defineLLMClient({
      provider: 'own',
      [verb]: () => (verb === 'chat' ? new Promise(() => {}) : { [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }) }),
    })

    const first = stuck.chat(request, { timeout: { firstChunkMs: 1_000 } }).catch((error: unknown) => error)
    const total = stuck.chat(request, { timeout: 500 }).catch((error: unknown) => error)
    await vi.runAllTimersAsync()

    expect(await first).toMatchObject({ reason: 'timeout', phase: 'first-chunk' })
    expect(await total).toMatchObject({ reason: 'timeout', phase: 'total' })
  })

  it('needs a function, and a name without a colon', () => {
    expect(() => defineLLMClient({ provider: 'own' })).toThrow(expect.objectContaining({ field: 'definition' }))
    expect(() => defineLLMClient({ provider: 'a:b', chat: async () => ({ text: '' }) })).toThrow(
      expect.objectContaining({ field: 'provider' }),
    )
  })
})

describe('FakeLLMClient', () => {
  it('answers in order, notes its calls, and says when its script is over', async () => {
    const llm = new FakeLLMClient(['one', { text: 'two', usage: { inputTokens: 1 } }])

    expect((await llm.chat(request)).text).toBe('one')
    expect(await llm.chat(request)).toMatchObject({ text: 'two', usage: { inputTokens: 1 } })
    await expect(llm.chat(request)).rejects.toThrow('FakeLLMClient has no answer for call 3.')
    expect(llm.calls.map((call) => call.request)).toEqual([request, request, request])
  })

  it('asks its function for each answer', async () => {
    const llm = new FakeLLMClient((asked, call) => `${asked.model} ${call}`)

    expect((await llm.chat(request)).text).toBe('any 1')
    expect((await llm.chat(request)).text).toBe('any 2')
  })

  it('waits as long as told, and no longer than the call', async () => {
    const llm = new FakeLLMClient([{ text: 'late', delayMs: Number.POSITIVE_INFINITY }])

    await expect(llm.chat(request, { timeout: 5 })).rejects.toMatchObject({ reason: 'timeout' })
  })
})

describe('LLMRegistry', () => {
  const ollama = new OllamaClient()
  const other = new FakeLLMClient([], { provider: 'qwen' })
  const registry = new LLMRegistry([ollama, other])

  it.each([
    ['ollama:qwen3:14b', ollama, 'qwen3:14b'],
    ['qwen3:14b', ollama, 'qwen3:14b'],
    ['qwen:max', other, 'max'],
    ['hf.co/x/y:Q4_K_M', ollama, 'hf.co/x/y:Q4_K_M'],
    ['llama3.2', ollama, 'llama3.2'],
    ['Ollama:llama3.2', ollama, 'Ollama:llama3.2'],
  ])('finds client and model of %s', (name, client, model) => {
    expect(registry.resolve(name)).toEqual({ client, model })
    expect(registry.resolve(name).client).toBe(client)
  })

  it.each(['', 'ollama:', 'ollama: '])('refuses %j, which names no model', (name) => {
    expect(() => registry.resolve(name)).toThrow(expect.objectContaining({ code: 'E_INVALID_ARGUMENT' }))
  })

  it('refuses two clients of one provider, and none', () => {
    expect(() => new LLMRegistry([ollama, new OllamaClient()])).toThrow(expect.objectContaining({ field: 'clients' }))
    expect(() => new LLMRegistry([])).toThrow(expect.objectContaining({ field: 'clients' }))
    expect(registry.providers).toEqual(['ollama', 'qwen'])
    expect(registry.get('qwen')).toBe(other)
  })
})
