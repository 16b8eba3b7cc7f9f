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

  it.each(['chat', 'stream'] as const)('has timers, in %s, even over a function that ignores its signal', async (verb) => {
    const stuck = defineLLMClient({
      provider: 'own',
      [verb]: () => (verb === 'chat' ? new Promise(() => {}) : { [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }) }),
    })

    const first = stuck.chat(request, { timeout: { firstChunkMs: 1_000 } }).catch((error: unknown) => error)
    const total = stuck.chat(request, { timeout: 500 }).catch((error: unknown) => error)
    await vi.runAllTimersAsync()

    // A whole answer has no first chunk: what bounds it is the time for the call.
    expect(await first).toMatchObject({ reason: 'timeout', phase: verb === 'chat' ? 'total' : 'first-chunk' })
    expect(await total).toMatchObject({ reason: 'timeout', phase: 'total' })
  })

  it('waits 600 seconds for a whole answer', async () => {
    const slow = defineLLMClient({
      provider: 'own',
      chat: async () => {
        await new Promise((resolve) => setTimeout(resolve, 590_000))
        return { text: 'Here.' }
      },
    })

    const chat = slow.chat(request)
    const stream = (async () => {
      const events: ChatEvent[] = []
      for await (const event of slow.stream(request)) events.push(event)
      return events
    })()
    await vi.runAllTimersAsync()

    expect((await chat).text).toBe('Here.')
    expect((await stream).at(-1)).toMatchObject({ type: 'finish' })
  })

  it.each([
    ['500', { status: 500 }, { reason: 'server', retryable: true }],
    ['500 that blames the request', { status: 500, message: 'temperature must be a number' }, { reason: 'bad_request', retryable: false }],
    ['529', { status: 529 }, { reason: 'overloaded', retryable: true }],
    ['404 of a path', { status: 404, message: 'Not Found' }, { reason: 'bad_request', retryable: false }],
    ['404 of a model', { status: 404, message: 'The model `x` does not exist' }, { reason: 'model_not_found', retryable: false }],
    ['a lost name server', { code: 'EAI_AGAIN' }, { reason: 'connection', retryable: true }],
    ['a cause of a cause', { cause: { cause: { code: 'ECONNRESET' } } }, { reason: 'connection', retryable: true }],
    ['a fault of the program', { code: 'ERR_INVALID_ARG_TYPE' }, { reason: 'server', retryable: false }],
    [
      'Retry-After in Headers',
      { status: 429, headers: new Headers({ 'retry-after': '3' }) },
      { reason: 'rate_limit', retryAfterMs: 3_000 },
    ],
    [
      'an account without credit, as openai says it',
      { status: 429, code: 'insufficient_quota' },
      { reason: 'rate_limit', retryable: false },
    ],
    [
      'an account without credit, as the AI SDK says it',
      { statusCode: 429, isRetryable: true, responseBody: '{"error":{"code":"insufficient_quota"}}' },
      { reason: 'rate_limit', retryable: false },
    ],
    ['retry-after-ms', { statusCode: 429, responseHeaders: { 'retry-after-ms': '250' } }, { reason: 'rate_limit', retryAfterMs: 250 }],
  ])('knows %s', async (_, fields, expected) => {
    const failing = defineLLMClient({
      provider: 'own',
      chat: async () => {
        throw Object.assign(new Error('oh'), fields)
      },
    })

    await expect(failing.chat(request, { maxRetries: 0 })).rejects.toMatchObject(expected)
  })

  it('shows no password of an address', async () => {
    const failing = defineLLMClient({
      provider: 'own',
      chat: async () => {
        throw new Error('Request cannot be constructed from a URL that includes credentials: http://bob:hunter2@host/x')
      },
    })

    await expect(failing.chat(request)).rejects.toThrow('http://***@host/x')
  })

  it('ends an endless stream', async () => {
    const endless = defineLLMClient({
      provider: 'own',
      maxAnswerBytes: 100,
      async *stream() {
        while (true) yield { type: 'text', delta: 'word ' }
      },
    })

    await expect(endless.chat(request)).rejects.toMatchObject({ reason: 'invalid_response', partial: 'word '.repeat(20) })
  })

  it('needs a function, and a name without a colon', () => {
    expect(() => defineLLMClient({ provider: 'own' })).toThrow(expect.objectContaining({ field: 'definition' }))
    expect(() => defineLLMClient({ provider: 'a:b', chat: async () => ({ text: '' }) })).toThrow(
      expect.objectContaining({ field: 'provider' }),
    )
  })
})

describe("embed of a client of one's own", () => {
  beforeEach(() => vi.useFakeTimers())
  afterEach(() => vi.useRealTimers())

  const texts = ['a', 'b', 'c']
  const embedder = (embed: (values: readonly string[], call: { signal: AbortSignal }) => unknown) =>
    defineLLMClient({
      provider: 'own',
      chat: async () => ({ text: '' }),
      embed: async ({ values }, call) => ({ embeddings: (await embed(values, call)) as number[][], usage: { inputTokens: values.length } }),
    })

  it('is asked batch by batch', async () => {
    const batches: (readonly string[])[] = []
    const client = embedder((values) => {
      batches.push(values)
      return values.map(() => [1, 2])
    })

    const result = await client.embed?.({ model: 'm', values: texts, batchSize: 2 })

    expect(batches).toEqual([['a', 'b'], ['c']])
    expect(result).toMatchObject({
      embeddings: [
        [1, 2],
        [1, 2],
        [1, 2],
      ],
      usage: { inputTokens: 3, totalTokens: 3 },
      model: 'm',
      provider: 'own',
    })
  })

  it.each([
    ['too few', [[1, 2]], 'vectors for 3 texts'],
    ['too many', [[1], [1], [1], [1]], 'vectors for 3 texts'],
    ['an empty one', [[], [], []], '0 numbers'],
    ['different lengths', [[1, 2], [1], [1, 2]], '1 numbers instead of 2'],
    [
      'null',
      [
        [1, 2],
        [1, null],
        [1, 2],
      ],
      'null',
    ],
    [
      'NaN',
      [
        [1, 2],
        [1, Number.NaN],
        [1, 2],
      ],
      'NaN',
    ],
    [
      'Infinity',
      [
        [1, 2],
        [1, Number.POSITIVE_INFINITY],
        [1, 2],
      ],
      'Infinity',
    ],
    ['a text', [[1, 2], 'ab', [1, 2]], 'a in it'],
    ['null in place of one', [[1, 2], null, [1, 2]], 'undefined numbers'],
  ])('refuses %s', async (_, vectors, words) => {
    const error = await embedder(() => vectors)
      .embed?.({ model: 'm', values: texts })
      .catch((caught: unknown) => caught)

    expect(error).toMatchObject({ reason: 'invalid_output', provider: 'own', model: 'm' })
    expect((error as Error).message).toContain(words)
  })

  it('refuses another number of dimensions than was asked for, and lengths that differ between batches', async () => {
    const client = embedder((values) => values.map((text) => (text === 'c' ? [1, 2, 3] : [1, 2])))

    await expect(client.embed?.({ model: 'm', values: ['a'], dimensions: 3 })).rejects.toMatchObject({ reason: 'invalid_output' })
    await expect(client.embed?.({ model: 'm', values: texts, batchSize: 2 })).rejects.toMatchObject({ reason: 'invalid_output' })
  })

  it('has timers and retries', async () => {
    let calls = 0
    const client = embedder((values) => {
      calls += 1
      if (calls === 1) throw Object.assign(new Error('busy'), { status: 503 })
      return values.map(() => [1])
    })
    const retried = client.embed?.({ model: 'm', values: texts })
    await vi.runAllTimersAsync()
    expect((await retried)?.embeddings).toHaveLength(3)

    let signal: AbortSignal | undefined
    const stuck = embedder((_, call) => {
      signal = call.signal
      return new Promise(() => {})
    })
    const late = stuck.embed?.({ model: 'm', values: texts }, { timeout: 1_000 }).catch((error: unknown) => error)
    await vi.runAllTimersAsync()
    expect(await late).toMatchObject({ reason: 'timeout', phase: 'total' })
    expect(signal?.aborted).toBe(true)
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
