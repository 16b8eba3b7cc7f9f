import { createServer } from 'node:net'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type ChatRequest, OllamaClient } from '../../src/llm/index.js'

const request: ChatRequest = { model: 'qwen3:14b', messages: [{ role: 'user', content: 'hi' }] }
const done = `${JSON.stringify({ message: { content: 'hello' }, done: true })}\n`

beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] }))
afterEach(() => vi.useRealTimers())

/** A client whose server gives these answers, one for each attempt: the last one again and again. */
function scripted(...answers: (() => Response | Promise<Response>)[]) {
  const sentAt: number[] = []
  const start = Date.now()
  const fetch = vi.fn(async () => {
    sentAt.push(Date.now() - start)
    return (answers[sentAt.length - 1] ?? (answers.at(-1) as () => Response))()
  })
  return { ollama: new OllamaClient({ fetch: fetch as unknown as typeof globalThis.fetch }), sentAt }
}

const ok = () => new Response(done)
const failing =
  (status: number, error: string, headers: Record<string, string> = {}) =>
  () =>
    new Response(JSON.stringify({ error }), { status, headers })

/** Runs the call while the clock is advanced. */
async function outcome<Value>(call: Promise<Value>): Promise<Value | Error> {
  const settled = call.catch((error: Error) => error)
  await vi.advanceTimersByTimeAsync(200_000)
  return settled
}

describe('a failed request', () => {
  it.each([408, 409, 425, 429, 502, 503, 504])('is sent again after status %i', async (status) => {
    const { ollama, sentAt } = scripted(failing(status, 'later'), ok)

    expect(await outcome(ollama.chat(request))).toMatchObject({ text: 'hello' })
    expect(sentAt).toHaveLength(2)
  })

  it.each([400, 401, 403, 404, 405, 413, 422, 499, 501, 505])('is not sent again after status %i', async (status) => {
    const { ollama, sentAt } = scripted(failing(status, 'no'), ok)

    expect(await outcome(ollama.chat(request))).toMatchObject({ status, retryable: false, attempts: 1 })
    expect(sentAt).toHaveLength(1)
  })

  it('is sent again after a lost connection', async () => {
    const { ollama } = scripted(() => Promise.reject(new TypeError('fetch failed', { cause: { code: 'ECONNRESET' } })), ok)

    expect(await outcome(ollama.chat(request))).toMatchObject({ text: 'hello' })
  })

  it('is sent again when the connection breaks between headers and first chunk', async () => {
    const broken = () => new Response(new ReadableStream({ start: (controller) => controller.error(new TypeError('terminated')) }))
    const { ollama, sentAt } = scripted(broken, ok)

    expect(await outcome(ollama.chat(request))).toMatchObject({ text: 'hello' })
    expect(sentAt).toHaveLength(2)
  })

  it('after 500 is sent again unless the text blames the request', async () => {
    const crash = scripted(failing(500, 'model runner has unexpectedly stopped'), ok)
    const fault = scripted(failing(500, 'option "temperature" must be of type float32'), ok)

    expect(await outcome(crash.ollama.chat(request))).toMatchObject({ text: 'hello' })
    expect(await outcome(fault.ollama.chat(request))).toMatchObject({ reason: 'bad_request', status: 500, retryable: false, attempts: 1 })
  })

  it('with 503 again and again is overloaded in the end', async () => {
    const { ollama, sentAt } = scripted(failing(503, 'server busy, please try again.  maximum pending requests exceeded'))

    expect(await outcome(ollama.chat(request))).toMatchObject({ reason: 'overloaded', retryable: true, status: 503, attempts: 3 })
    expect(sentAt).toHaveLength(3)
  })

  it('waits half a second, doubled each time up to eight, less up to a quarter', async () => {
    const { ollama, sentAt } = scripted(failing(503, 'busy'))

    await outcome(ollama.chat(request, { maxRetries: 7 }))

    const pauses = sentAt.slice(1).map((at, index) => at - (sentAt[index] ?? 0))
    for (const [index, longest] of [500, 1_000, 2_000, 4_000, 8_000, 8_000, 8_000].entries()) {
      expect(pauses[index]).toBeLessThanOrEqual(longest)
      expect(pauses[index]).toBeGreaterThanOrEqual(longest * 0.75)
    }
  })

  it.each([
    ['in seconds', () => '7'],
    ['as a date', () => new Date(Math.ceil(Date.now() / 1_000) * 1_000 + 7_000).toUTCString()],
  ])('waits as long as Retry-After asks %s', async (_, header) => {
    vi.setSystemTime('2026-01-01T00:00:00Z')
    const { ollama, sentAt } = scripted(() => failing(429, 'slow down', { 'retry-after': header() })(), ok)

    expect(await outcome(ollama.chat(request))).toMatchObject({ text: 'hello' })
    expect(sentAt).toEqual([0, 7_000])
  })

  it('is not sent again when Retry-After asks for more than a minute', async () => {
    const { ollama, sentAt } = scripted(failing(429, 'slow down', { 'retry-after': '61' }), ok)

    expect(await outcome(ollama.chat(request))).toMatchObject({ reason: 'rate_limit', retryAfterMs: 61_000 })
    expect(sentAt).toHaveLength(1)
  })

  it('is not sent again once a part of the answer came', async () => {
    const broken = () =>
      new Response(
        new ReadableStream({
          start(controller) {
            controller.enqueue(new TextEncoder().encode('{"message":{"content":"hel"}}\n'))
          },
          pull: (controller) => controller.error(new TypeError('terminated')),
        }),
      )
    const { ollama, sentAt } = scripted(broken, ok)

    expect(await outcome(ollama.chat(request))).toMatchObject({ reason: 'stream', partial: 'hel', retryable: false })
    expect(sentAt).toHaveLength(1)
  })

  it('is not sent again with maxRetries 0, and a number below is refused', async () => {
    const { ollama, sentAt } = scripted(failing(503, 'busy'), ok)

    expect(await outcome(ollama.chat(request, { maxRetries: 0 }))).toMatchObject({ reason: 'overloaded', attempts: 1 })
    expect(await outcome(ollama.chat(request, { maxRetries: -1 }))).toMatchObject({ reason: 'bad_request' })
    expect(sentAt).toHaveLength(1)
  })
})

describe('an error says what to do', () => {
  it('when nothing listens', async () => {
    vi.useRealTimers()
    const probe = createServer()
    await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve))
    const { port } = probe.address() as { port: number }
    await new Promise((resolve) => probe.close(resolve))
    const ollama = new OllamaClient({ baseUrl: `http://127.0.0.1:${port}`, maxRetries: 0 })

    const error = await ollama.chat(request).catch((caught: unknown) => caught)

    expect(error).toMatchObject({ reason: 'connection', retryable: true, hint: expect.stringContaining('ollama serve') })
    expect((error as Error).message).toContain(`127.0.0.1:${port}/api/chat cannot be reached (ECONNREFUSED)`)
    expect((error as Error).message).toContain('ollama serve')
  })

  it.each([
    [404, 'model "qwen3:14b" not found, try pulling it first', 'model_not_found', 'ollama pull qwen3:14b'],
    [404, "model 'qwen3:14b' not found", 'model_not_found', 'ollama pull qwen3:14b'],
    [401, 'unauthorized', 'auth', '401'],
    [503, 'server busy', 'overloaded', '503'],
  ])('at %i: %s', async (status, text, reason, hint) => {
    const { ollama } = scripted(failing(status, text))

    const error = await outcome(ollama.chat(request))

    expect(error).toMatchObject({ reason, status })
    expect((error as Error).message).toContain(text)
    expect((error as Error).message).toContain(hint)
  })

  it('when the address is another kind of server', async () => {
    const { ollama } = scripted(() => new Response('404 page not found', { status: 404 }))

    expect(await outcome(ollama.chat(request))).toMatchObject({
      reason: 'bad_request',
      message: expect.stringContaining('Is baseUrl an Ollama server?'),
    })
  })
})

describe('a timer', () => {
  /** A body that gives a line, then another after each pause. */
  const slowly = (...pausesMs: number[]) => {
    const encoder = new TextEncoder()
    return () =>
      new Response(
        new ReadableStream<Uint8Array>({
          async start(controller) {
            for (const pause of pausesMs) {
              await new Promise((resolve) => setTimeout(resolve, pause))
              controller.enqueue(encoder.encode('{"message":{"content":"w "}}\n'))
            }
            controller.enqueue(encoder.encode(done))
            controller.close()
          },
        }),
      )
  }

  it.each([
    ['first-chunk', { firstChunkMs: 1_000 }, [1_500], undefined],
    ['chunk', { chunkMs: 1_000 }, [500, 900, 1_500], 'w w '],
    ['total', { totalMs: 1_000 }, [400, 400, 400], 'w w '],
    ['total', 1_000, [400, 400, 400], 'w w '],
  ] as const)('ends the call: %s of %j', async (phase, timeout, pauses, partial) => {
    const { ollama, sentAt } = scripted(slowly(...pauses), ok)

    expect(await outcome(ollama.chat(request, { timeout }))).toMatchObject({
      reason: 'timeout',
      phase,
      partial,
      retryable: false,
      attempts: 1,
    })
    expect(sentAt).toHaveLength(1)
    expect(vi.getTimerCount()).toBeLessThanOrEqual(1)
  })

  it.each([
    ['a first chunk in time', { firstChunkMs: 1_000 }, [900, 5_000]],
    ['silences in time', { chunkMs: 1_000 }, [5_000, 900, 900, 900]],
    ['a bound on the whole call alone', 10_000, [4_000, 4_000]],
    ['timers that are off', { firstChunkMs: Number.POSITIVE_INFINITY, chunkMs: 2 ** 40 }, [130_000, 61_000]],
  ])('lets %s pass', async (_, timeout, pauses) => {
    const { ollama } = scripted(slowly(...pauses))

    expect(await outcome(ollama.chat(request, { timeout }))).toMatchObject({ text: `${'w '.repeat(pauses.length)}hello` })
    expect(vi.getTimerCount()).toBe(0)
  })

  it('for silence does not count the time the reader takes', async () => {
    const { ollama } = scripted(slowly(0, 0, 0))
    const texts: string[] = []

    const reading = (async () => {
      for await (const event of ollama.stream(request, { timeout: { chunkMs: 1_000 } })) {
        if (event.type === 'text') texts.push(event.delta)
        await new Promise((resolve) => setTimeout(resolve, 5_000))
      }
    })()

    expect(await outcome(reading)).toBeUndefined()
    expect(texts.join('')).toBe('w w w hello')
  })

  it('for the whole call also bounds pauses before retries', async () => {
    const { ollama } = scripted(failing(503, 'busy', { 'retry-after': '30' }))

    expect(await outcome(ollama.chat(request, { timeout: { totalMs: 10_000 } }))).toMatchObject({
      reason: 'timeout',
      phase: 'total',
      attempts: 1,
    })
  })

  it('starts anew for the first chunk of each attempt', async () => {
    const { ollama } = scripted(failing(503, 'busy', { 'retry-after': '20' }), slowly(900))

    expect(await outcome(ollama.chat(request, { timeout: { firstChunkMs: 1_000 } }))).toMatchObject({ text: 'w hello' })
  })

  it.each([0, -1, Number.NaN, { chunkMs: 0 }])('of %j is refused', async (timeout) => {
    const { ollama, sentAt } = scripted(ok)

    expect(await outcome(ollama.chat(request, { timeout }))).toMatchObject({ reason: 'bad_request' })
    expect(sentAt).toHaveLength(0)
  })
})

it('tells when the first part of the answer came and how long it all took', async () => {
  const fetch = async () => {
    await new Promise((resolve) => setTimeout(resolve, 300))
    return new Response(done)
  }

  const result = await outcome(new OllamaClient({ fetch }).chat(request))

  expect(result).toMatchObject({ timings: { firstChunkMs: 300, totalMs: 300 } })
})
