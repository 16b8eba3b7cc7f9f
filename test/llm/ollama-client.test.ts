import { getEventListeners } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type ChatEvent, type ChatRequest, LLMError, OllamaClient, ollamaBaseUrl } from '../../src/llm/index.js'
import { chatLines, type OllamaServer, type SeenRequest, startOllamaServer } from '../support/ollama-server.js'

const request: ChatRequest = { model: 'qwen3:14b', messages: [{ role: 'user', content: 'The sky is blue because of scattering.' }] }
const part = { model: 'qwen3:14b', message: { role: 'assistant', content: 'word ' }, done: false }

let server: OllamaServer
let ollama: OllamaClient

beforeEach(async () => {
  server = await startOllamaServer()
  ollama = new OllamaClient({ baseUrl: server.url })
})
afterEach(() => server.close())

describe('a stream', () => {
  it('gives text part by part and the whole answer at the end', async () => {
    const events = await collect(ollama.stream(request))

    expect(events.slice(0, 2)).toEqual([
      { type: 'text', delta: 'The ' },
      { type: 'text', delta: 'sky ' },
    ])
    expect(events.at(-1)).toMatchObject({
      type: 'finish',
      result: { text: request.messages[0]?.content, finishReason: 'stop', provider: 'ollama' },
    })
  })

  it('sends nothing before its first step', async () => {
    ollama.stream(request)
    await ollama.version()

    expect(server.requests.map(({ path }) => path)).toEqual(['/api/version'])
  })

  it('ends its request when the reader leaves the loop', async () => {
    server.reply({ lines: [part], ending: 'repeat' })
    const left = server.nextLeave()

    for await (const event of ollama.stream(request)) if (event.type === 'text') break

    await left
    expect(server.open).toBe(0)
  })

  it('ends its request when the reader leaves while a step still waits', async () => {
    server.reply({ lines: [part], ending: 'hang' })
    const left = server.nextLeave()
    const events = ollama.stream(request)[Symbol.asyncIterator]()
    await events.next()

    const waiting = events.next().catch((error: unknown) => error)
    await events.return?.()

    await left
    expect(await waiting).toMatchObject({ reason: 'aborted' })
  })

  it('reads characters that are cut into single bytes', async () => {
    server.reply({ lines: chatLines('লেনদেন 😀 ব্যর্থ'), pieceBytes: 1 })

    const events = await collect(ollama.stream(request))

    expect(events.map((event) => (event.type === 'text' ? event.delta : '')).join('')).toBe('লেনদেন 😀 ব্যর্থ')
  })

  it('splits thoughts off that the server leaves in the text', async () => {
    server.reply({
      lines: ['<th', 'ink>17*', '23</thi', 'nk>\n\n39', '1']
        .map((content) => ({ message: { content } }))
        .concat(chatLines('').slice(-1) as never),
    })

    const events = await collect(ollama.stream(request))

    const deltasOf = (type: string) => events.flatMap((event) => (event.type === type && 'delta' in event ? [event.delta] : []))
    expect(deltasOf('thinking').join('')).toBe('17*23')
    expect(deltasOf('text')).toEqual(['39', '1'])
    expect(events.at(-1)).toMatchObject({ result: { text: '391', thinking: '17*23' } })
  })
})

it.each([{}, { arguments: null }, { arguments: 'null' }, { arguments: '{}' }])('takes a tool call without arguments: %j', async (given) => {
  const message = { role: 'assistant', content: '', tool_calls: [{ function: { name: 'time', ...given } }] }
  server.reply({ lines: [{ message, done: true }] })

  expect((await ollama.chat(request)).toolCalls).toMatchObject([{ name: 'time', input: {} }])
})

describe('an answer that breaks', () => {
  const faults = [
    ['a corrupt line', { lines: [part, part, '{"message":\n'] }, 'invalid_response'],
    ['a line that is no object', { lines: [part, part, '42\n'] }, 'invalid_response'],
    ['bytes that are not UTF-8', { lines: [part, part, Buffer.from([0x22, 0xff, 0x22, 0x0a])] }, 'invalid_response'],
    ['a tool call without a name', { lines: [part, part, { message: { tool_calls: [{}] } }] }, 'invalid_response'],
    ['an error line', { lines: [part, part, { error: 'runner stopped' }] }, 'stream'],
    ['an end without "done"', { lines: [part, part] }, 'stream'],
    ['a lost connection', { lines: [part, part], gapMs: 20, ending: 'reset' }, 'stream'],
  ] as const

  it.each(faults)('is an error with the text so far, in chat: %s', async (_, reply, reason) => {
    server.reply(reply)

    const error = await ollama.chat(request).catch((caught: unknown) => caught)

    expect(error).toBeInstanceOf(LLMError)
    expect(error).toMatchObject({ reason, partial: 'word word ', retryable: false, attempts: 1, provider: 'ollama', model: 'qwen3:14b' })
    expect(server.requests).toHaveLength(1)
  })

  it.each(faults)('is an error after the text so far, in stream: %s', async (_, reply, reason) => {
    server.reply(reply)
    const texts: string[] = []

    const error = await (async () => {
      for await (const event of ollama.stream(request)) if (event.type === 'text') texts.push(event.delta)
    })().catch((caught: unknown) => caught)

    expect(texts).toEqual(['word ', 'word '])
    expect(error).toMatchObject({ reason, partial: 'word word ' })
  })

  it('does not count thoughts as text so far', async () => {
    server.reply({ lines: [{ message: { content: '<think>hm</think>The' } }, { error: 'out of memory' }] })

    await expect(ollama.chat(request)).rejects.toMatchObject({
      reason: 'stream',
      partial: 'The',
      message: expect.stringContaining('out of memory'),
    })
  })

  it('is invalid_response when a proxy answers with a page', async () => {
    server.reply({ lines: ['<html>Sign in</html>'], headers: { 'content-type': 'text/html' } })

    await expect(ollama.chat(request)).rejects.toMatchObject({
      reason: 'invalid_response',
      message: expect.stringContaining('<html>Sign in'),
    })
  })
})

describe('an abort', () => {
  it('ends a call before the headers came', async () => {
    server.reply({ before: new Promise(() => {}) })
    const controller = new AbortController()
    const arrived = server.nextRequest()
    const left = server.nextLeave()

    const call = ollama.chat(request, { signal: controller.signal }).catch((error: unknown) => error)
    await arrived
    controller.abort(new Error('the user left'))

    expect(await call).toMatchObject({ reason: 'aborted', retryable: false, cause: expect.objectContaining({ message: 'the user left' }) })
    await left
  })

  it('ends a call in the middle of its answer, with the text so far', async () => {
    server.reply({ lines: [part], ending: 'hang' })
    const controller = new AbortController()
    const left = server.nextLeave()

    const texts: string[] = []
    const error = await (async () => {
      for await (const event of ollama.stream(request, { signal: controller.signal })) {
        if (event.type === 'text') texts.push(event.delta)
        controller.abort()
      }
    })().catch((caught: unknown) => caught)

    expect(error).toMatchObject({ reason: 'aborted', partial: 'word ' })
    await left
  })

  it('ends one of two calls and leaves the other alone', async () => {
    let release = (): void => {}
    const before = new Promise<void>((resolve) => {
      release = resolve
    })
    server.reply({ before }, { before, lines: chatLines('still here') })
    const controller = new AbortController()
    const firstArrived = server.nextRequest()
    const first = ollama.chat(request, { signal: controller.signal }).catch((error: unknown) => error)
    await firstArrived
    const secondArrived = server.nextRequest()
    const second = ollama.chat(request)
    await secondArrived

    controller.abort()

    expect(await first).toMatchObject({ reason: 'aborted' })
    release()
    expect(await second).toMatchObject({ text: 'still here' })
  })

  it('ends the pause before a retry', async () => {
    const controller = new AbortController()
    const fetch = vi.fn(async () => {
      setImmediate(() => controller.abort())
      return new Response('{"error":"busy"}', { status: 503, headers: { 'retry-after': '50' } })
    })
    const patient = new OllamaClient({ fetch })

    await expect(patient.chat(request, { signal: controller.signal })).rejects.toMatchObject({ reason: 'aborted', attempts: 1 })
    expect(fetch).toHaveBeenCalledTimes(1)
  })

  it('that came before the call sends nothing', async () => {
    await expect(ollama.chat(request, { signal: AbortSignal.abort() })).rejects.toMatchObject({ reason: 'aborted', attempts: 0 })
    expect(server.requests).toHaveLength(0)
  })

  it('ends a call whose fetch ignores its signal', async () => {
    const deaf = new OllamaClient({ fetch: () => new Promise(() => {}) })
    const controller = new AbortController()

    const call = deaf.chat(request, { signal: controller.signal })
    controller.abort()

    await expect(call).rejects.toMatchObject({ reason: 'aborted' })
  })

  it('ends an answer whose body ignores the signal', async () => {
    const deaf = new OllamaClient({ fetch: async () => new Response(new ReadableStream({})) })
    const controller = new AbortController()

    const call = deaf.chat(request, { signal: controller.signal })
    setImmediate(() => controller.abort())

    await expect(call).rejects.toMatchObject({ reason: 'aborted' })
  })
})

describe('what a call leaves behind', () => {
  it('is no listener, after 1,000 calls on one signal', async () => {
    const warnings: unknown[] = []
    const warn = (warning: Error) => warnings.push(warning)
    process.on('warning', warn)
    const { signal } = new AbortController()

    for (let round = 0; round < 10; round += 1) {
      await Promise.all(Array.from({ length: 96 }, () => ollama.chat(request, { signal })))
      await collect(ollama.stream(request, { signal }))
      for await (const _ of ollama.stream(request, { signal })) break
      server.reply({ status: 400, lines: ['{"error":"no"}'] })
      await ollama.chat(request, { signal }).catch(() => {})
      await ollama.embed({ model: 'm', values: ['a'] }, { signal })
    }
    await new Promise((resolve) => setImmediate(resolve))
    process.off('warning', warn)

    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
    expect(warnings).toEqual([])
  })

  it('is no timer', async () => {
    const set = vi.spyOn(globalThis, 'setTimeout')
    const clear = vi.spyOn(globalThis, 'clearTimeout')
    const body = `${JSON.stringify(part)}\n${JSON.stringify({ ...part, done: true })}\n`
    const local = new OllamaClient({ fetch: async () => new Response(body) })

    await local.chat(request)
    await collect(local.stream(request))
    for await (const _ of local.stream(request)) break

    const cleared = new Set(clear.mock.calls.map(([timer]) => timer))
    expect(set.mock.results.length).toBeGreaterThan(0)
    expect(set.mock.results.filter(({ value }) => !cleared.has(value))).toEqual([])
    vi.restoreAllMocks()
  })

  it('is nothing printed and an unchanged request', async () => {
    const printed = (['log', 'info', 'warn', 'error', 'debug'] as const).map((name) => vi.spyOn(console, name))
    const full: ChatRequest = {
      ...request,
      tools: [{ name: 'f', inputSchema: { type: 'object' } }],
      responseFormat: { type: 'json', schema: { type: 'object' } },
      stopSequences: ['\n'],
      providerOptions: { num_ctx: 1024, options: { top_k: 5 } },
    }
    const before = structuredClone(full)
    server.reply({ lines: [part, 'not json\n'] }, { status: 500, lines: ['<html>'] })

    await ollama.chat(deepFreeze(full)).catch(() => {})
    await ollama.chat(full, { maxRetries: 0 }).catch(() => {})
    await collect(ollama.stream(full))

    expect(full).toEqual(before)
    for (const spy of printed) expect(spy).not.toHaveBeenCalled()
    vi.restoreAllMocks()
  })
})

describe('images', () => {
  it('are sent as base64, from bytes of any number', async () => {
    const bytes = Uint8Array.from({ length: 100_001 }, (_, index) => index % 256)

    await ollama.chat({
      model: 'llava',
      messages: [{ role: 'user', content: 'What is this?', images: [bytes, 'iVBORw0KGgo='] }],
    })

    expect(imagesOf(server.requests[0])).toEqual([Buffer.from(bytes).toString('base64'), 'iVBORw0KGgo='])
  })

  it('that name a file are sent as they are: no file is read', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'agent-config-'))
    const path = join(folder, 'secret.png')
    await writeFile(path, 'secret')

    await ollama.chat({ model: 'llava', messages: [{ role: 'user', content: '', images: [path] }] })

    await rm(folder, { recursive: true })
    expect(imagesOf(server.requests[0])).toEqual([path])
  })
})

describe('a request', () => {
  it('is written in the words of the wire', async () => {
    await ollama.chat({
      model: 'qwen3:14b',
      messages: [
        { role: 'user', content: 'Weather?' },
        { role: 'assistant', content: '', thinking: 'hm', toolCalls: [{ id: 'call_1', name: 'get_weather', input: '{"city":"Tokyo"}' }] },
        { role: 'tool', content: '11 degrees', toolCallId: 'call_1' },
      ],
      temperature: 0,
      topP: 0.9,
      topK: 20,
      maxOutputTokens: 100,
      stopSequences: ['\n'],
      seed: 42,
      presencePenalty: 1,
      frequencyPenalty: 0.5,
      reasoning: 'low',
      responseFormat: { type: 'json' },
      providerOptions: { num_ctx: 1024, keep_alive: '5m', options: { min_p: 0.1 } },
    })

    expect(server.requests[0]?.body).toEqual({
      model: 'qwen3:14b',
      stream: true,
      messages: [
        { role: 'user', content: 'Weather?' },
        {
          role: 'assistant',
          content: '',
          thinking: 'hm',
          tool_calls: [{ id: 'call_1', function: { name: 'get_weather', arguments: { city: 'Tokyo' } } }],
        },
        { role: 'tool', content: '11 degrees', tool_name: 'get_weather', tool_call_id: 'call_1' },
      ],
      options: {
        temperature: 0,
        top_p: 0.9,
        top_k: 20,
        num_predict: 100,
        stop: ['\n'],
        seed: 42,
        presence_penalty: 1,
        frequency_penalty: 0.5,
        num_ctx: 1024,
        min_p: 0.1,
      },
      think: 'low',
      format: 'json',
      keep_alive: '5m',
    })
  })

  it('with an option nobody knows is sent, and the result warns', async () => {
    const result = await ollama.chat({ ...request, providerOptions: { num_ctx: 1024, num_foo: 1 } })

    expect(result.warnings).toEqual([expect.stringContaining('"num_foo"')])
    expect(server.requests[0]?.body.options).toEqual({ num_ctx: 1024, num_foo: 1 })
  })

  it('that cannot be written as JSON is refused without being sent', async () => {
    await expect(ollama.chat({ ...request, providerOptions: { num_ctx: 1n } })).rejects.toMatchObject({ reason: 'bad_request' })
    expect(server.requests).toHaveLength(0)
  })

  it('carries the headers of the client and of the call', async () => {
    const hosted = new OllamaClient({ baseUrl: server.url, headers: { authorization: 'Bearer a', 'x-team': 'one' } })

    await hosted.chat(request, { headers: { 'x-team': 'two' }, metadata: { secret: 1 } })

    expect(server.requests[0]?.headers).toMatchObject({ authorization: 'Bearer a', 'x-team': 'two' })
    expect(JSON.stringify(server.requests[0])).not.toContain('secret')
  })
})

describe('the address', () => {
  it.each([
    ['localhost', 'http://localhost:11434'],
    ['0.0.0.0', 'http://127.0.0.1:11434'],
    ['0.0.0.0:8080', 'http://127.0.0.1:8080'],
    [':8080', 'http://127.0.0.1:8080'],
    ['gpu.lan:80', 'http://gpu.lan'],
    ['http://gpu.lan', 'http://gpu.lan'],
    ['http://0.0.0.0:11434', 'http://127.0.0.1:11434'],
    ['https://ollama.com/', 'https://ollama.com'],
    ['https://proxy.example/ollama/', 'https://proxy.example/ollama'],
    ['HTTP://GPU.lan:11434', 'http://gpu.lan:11434'],
  ])('of OLLAMA_HOST=%s is %s', (given, used) => {
    expect(ollamaBaseUrl(given)).toBe(used)
  })

  it.each(['http://user:pass@gpu.lan', 'not an address'])('%j is refused', (given) => {
    expect(() => ollamaBaseUrl(given)).toThrow(expect.objectContaining({ code: 'E_INVALID_ARGUMENT', field: 'baseUrl' }))
  })

  it('is 127.0.0.1:11434 by default, and may have a path', () => {
    expect(new OllamaClient().baseUrl).toBe('http://127.0.0.1:11434')
    expect(new OllamaClient({ baseUrl: 'https://proxy.example/ollama/' }).baseUrl).toBe('https://proxy.example/ollama')
  })
})

describe('beside chat', () => {
  it('generate fills in the middle', async () => {
    const result = await ollama.generate({ model: 'codellama', prompt: 'def add(', suffix: 'return c', temperature: 0 })

    expect(result.text).toBe('def add(')
    expect(server.requests[0]).toMatchObject({
      path: '/api/generate',
      body: { prompt: 'def add(', suffix: 'return c', options: { temperature: 0 } },
    })
  })

  it('embed sends long lists in batches and keeps their order', async () => {
    const values = ['a', 'bb', 'ccc', 'dddd', 'eeeee']

    const result = await ollama.embed({ model: 'm', values, batchSize: 2, dimensions: 2 })

    expect(result.embeddings.map(([length]) => length)).toEqual([1, 2, 3, 4, 5])
    expect(result.usage).toEqual({ inputTokens: 5, totalTokens: 5 })
    expect(server.requests.map(({ body }) => body)).toEqual([
      { model: 'm', input: ['a', 'bb'], dimensions: 2 },
      { model: 'm', input: ['ccc', 'dddd'], dimensions: 2 },
      { model: 'm', input: ['eeeee'], dimensions: 2 },
    ])
  })

  it('embed of nothing asks nobody', async () => {
    expect(await ollama.embed({ model: 'm', values: [] })).toMatchObject({ embeddings: [], usage: {} })
    expect(server.requests).toHaveLength(0)
  })

  it('embed refuses an answer with too few vectors', async () => {
    server.reply({ lines: ['{"embeddings":[[1]]}'] })

    await expect(ollama.embed({ model: 'm', values: ['a', 'b'] })).rejects.toMatchObject({ reason: 'invalid_output' })
  })

  it('listModels, show and version say what the server has', async () => {
    expect(await ollama.listModels()).toEqual([
      { name: 'qwen3:14b', family: 'qwen3', sizeBytes: 9, raw: expect.objectContaining({ digest: 'abc' }) },
    ])
    expect(await ollama.show('qwen3:14b')).toMatchObject({ name: 'qwen3:14b', contextLength: 40_960, capabilities: ['completion'] })
    expect(await ollama.version()).toBe('0.33.0')
  })

  it('pull tells how far it is', async () => {
    const steps = []
    for await (const step of ollama.pull('qwen3:14b')) steps.push(step)

    expect(steps).toEqual([
      { status: 'pulling manifest' },
      { status: 'pulling abc', digest: 'abc', totalBytes: 10, completedBytes: 10 },
      { status: 'success' },
    ])
  })

  it.each([
    ['an error line', { error: 'pull model manifest: file does not exist' }, 'stream'],
    ['an end without success', { status: 'verifying' }, 'stream'],
  ])('pull fails at %s', async (_, line, reason) => {
    server.reply({ lines: [{ status: 'pulling manifest' }, line] })

    await expect(collect(ollama.pull('qwen3:14b'))).rejects.toMatchObject({ reason, model: 'qwen3:14b' })
  })

  it('leaving a pull ends the download', async () => {
    server.reply({ lines: [{ status: 'pulling abc' }], ending: 'repeat' })
    const left = server.nextLeave()

    for await (const _ of ollama.pull('qwen3:14b')) break

    await left
  })

  it('health says no instead of throwing', async () => {
    await server.close()

    const health = await ollama.health()

    expect(health).toMatchObject({ ok: false, error: expect.objectContaining({ reason: 'connection' }) })
    expect(await ollama.health({ timeout: -1 })).toMatchObject({ ok: false })
  })
})

async function collect<Item = ChatEvent>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = []
  for await (const item of items) all.push(item)
  return all
}

function deepFreeze<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null) {
    Object.values(value).forEach(deepFreeze)
    Object.freeze(value)
  }
  return value
}

function imagesOf(request: SeenRequest | undefined): string[] | undefined {
  const [message] = (request?.body.messages ?? []) as { images?: string[] }[]
  return message?.images
}
