import { generateObject, generateText, jsonSchema, stepCountIs, streamText, tool } from 'ai'
import { convertArrayToReadableStream, MockEmbeddingModelV3, MockLanguageModelV3, MockProviderV3 } from 'ai/test'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fromAISDK, toAISDK } from '../../src/ai-sdk/index.js'
import { type ChatEvent, type ChatRequest, LLMError, OllamaClient } from '../../src/llm/index.js'
import { FakeLLMClient } from '../../src/testing/fake-llm-client.js'
import { chatLines, type OllamaServer, startOllamaServer } from '../support/ollama-server.js'

let server: OllamaServer
let ollama: OllamaClient
beforeAll(async () => {
  server = await startOllamaServer()
  ollama = new OllamaClient({ baseUrl: server.url })
})
afterAll(() => server.close())

describe('toAISDK', () => {
  it('runs generateText', async () => {
    const { text, usage, finishReason, reasoningText } = await generateText({
      model: toAISDK(ollama, 'qwen3:14b'),
      system: 'Be brief.',
      prompt: '<think>hm</think>The sky is blue.',
      temperature: 0,
      maxOutputTokens: 100,
      providerOptions: { ollama: { num_ctx: 2048 } },
    })

    expect({ text, finishReason, reasoningText }).toEqual({ text: 'The sky is blue.', finishReason: 'stop', reasoningText: 'hm' })
    expect(usage).toMatchObject({ inputTokens: 11, outputTokens: 18, totalTokens: 29 })
    expect(server.requests.at(-1)?.body).toMatchObject({
      model: 'qwen3:14b',
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: '<think>hm</think>The sky is blue.' },
      ],
      options: { temperature: 0, num_predict: 100, num_ctx: 2048 },
    })
  })

  it('runs streamText', async () => {
    const { textStream, finishReason, reasoningText } = streamText({
      model: toAISDK(ollama, 'qwen3:14b'),
      prompt: '<think>hm</think>The sky is blue.',
    })

    const words: string[] = []
    for await (const word of textStream) words.push(word)

    expect(words).toEqual(['The ', 'sky ', 'is ', 'blue.'])
    expect([await finishReason, await reasoningText]).toEqual(['stop', 'hm'])
  })

  it('runs generateObject with a schema', async () => {
    server.reply({ lines: chatLines('{"domain":"payments"}') })
    const schema = jsonSchema<{ domain: string }>({ type: 'object', properties: { domain: { type: 'string' } } })

    const { object } = await generateObject({ model: toAISDK(ollama, 'qwen3:14b'), schema, prompt: 'Where?' })

    expect(object).toEqual({ domain: 'payments' })
    expect(server.requests.at(-1)?.body.format).toMatchObject({ properties: { domain: { type: 'string' } } })
  })

  it.each(['generateText', 'streamText'])('runs tools and gives their results back, in %s', async (verb) => {
    const call = { function: { name: 'get_weather', arguments: { city: 'Tokyo' } } }
    server.reply({ lines: [{ message: { role: 'assistant', content: '', tool_calls: [call] } }, { message: { content: '' }, done: true }] })
    server.reply({ lines: chatLines('It is 11 degrees.') })
    const weather = tool({
      inputSchema: jsonSchema<{ city: string }>({ type: 'object', properties: { city: { type: 'string' } } }),
      execute: async ({ city }) => `11 degrees in ${city}`,
    })
    const options = { model: toAISDK(ollama, 'qwen3:14b'), tools: { get_weather: weather }, stopWhen: stepCountIs(3), prompt: 'Weather?' }

    const text = verb === 'generateText' ? (await generateText(options)).text : await streamText(options).text

    expect(text).toBe('It is 11 degrees.')
    expect(server.requests.at(-1)?.body.messages).toMatchObject([
      { role: 'user' },
      { role: 'assistant', tool_calls: [{ function: call.function }] },
      { role: 'tool', content: '11 degrees in Tokyo', tool_name: 'get_weather' },
    ])
  })

  it('hands pictures and files to the client as they came, in order', async () => {
    const client = new FakeLLMClient(['ok'])
    const pdf = new TextEncoder().encode('%PDF-1.7')

    await generateText({
      model: toAISDK(client, 'm'),
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'Compare' },
            { type: 'file', mediaType: 'application/pdf', data: pdf, filename: 'a.pdf', providerOptions: { fake: { page: 2 } } },
            { type: 'image', image: Uint8Array.of(0x89, 0x50, 0x4e, 0x47), mediaType: 'image/png' },
            { type: 'text', text: 'with it.' },
          ],
        },
      ],
    })

    expect(client.calls[0]?.request.messages).toEqual([
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Compare' },
          { type: 'file', data: pdf, mediaType: 'application/pdf', filename: 'a.pdf', providerOptions: { fake: { page: 2 } } },
          { type: 'image', data: Uint8Array.of(0x89, 0x50, 0x4e, 0x47), mediaType: 'image/png' },
          { type: 'text', text: 'with it.' },
        ],
      },
    ])
  })

  it.each([
    ['bytes in an object', { type: 'data', data: Uint8Array.of(1) }, { data: Uint8Array.of(1) }],
    ['base64 in an object', { type: 'data', data: 'AQ==' }, { data: 'AQ==' }],
    ['an address in an object', { type: 'url', url: new URL('https://x/a.pdf') }, { url: 'https://x/a.pdf' }],
    ['an address', new URL('https://x/a.pdf'), { url: 'https://x/a.pdf' }],
    ['a text in an object', { type: 'text', text: 'a' }, { data: new TextEncoder().encode('a') }],
  ])('takes the data of a file as %s', async (_title, data, source) => {
    const client = new FakeLLMClient(['ok'])
    const prompt = [{ role: 'user', content: [{ type: 'file', mediaType: 'application/pdf', data }] }]

    await toAISDK(client, 'm').doGenerate({ prompt })

    expect(client.calls[0]?.request.messages).toEqual([
      { role: 'user', content: [{ type: 'file', mediaType: 'application/pdf', ...source }] },
    ])
  })

  it("warns of a file that only another provider can find, and of media in a tool's result", async () => {
    const client = new FakeLLMClient(['ok'])
    const reference = { type: 'file', mediaType: 'application/pdf', data: { type: 'reference', reference: { openai: 'file-1' } } }
    const output = {
      type: 'content',
      value: [
        { type: 'text', text: 'see' },
        { type: 'file-data', mediaType: 'image/png', data: 'AQ==' },
      ],
    }
    const prompt = [
      { role: 'user', content: [{ type: 'text', text: 'a' }, reference] },
      { role: 'tool', content: [{ type: 'tool-result', toolCallId: '1', toolName: 't', output }] },
    ]

    const { warnings }: { warnings: unknown } = await toAISDK(client, 'm').doGenerate({ prompt })

    expect(client.calls[0]?.request.messages).toMatchObject([{ content: 'a' }, { content: 'see' }])
    expect(warnings).toEqual([
      { type: 'unsupported', feature: 'file of type application/pdf in a message' },
      { type: 'unsupported', feature: 'file-data of type image/png in the result of a tool' },
    ])
  })

  it('sends pictures to Ollama, and lets it refuse what it cannot be sent', async () => {
    const image = { type: 'image', image: Uint8Array.of(0x89, 0x50, 0x4e, 0x47) } as const
    const file = { type: 'file', mediaType: 'application/pdf', data: Uint8Array.of(1) } as const
    const ask = (...parts: (typeof image | typeof file)[]) =>
      generateText({
        model: toAISDK(ollama, 'llava'),
        messages: [{ role: 'user', content: [{ type: 'text', text: 'What is this?' }, ...parts] }],
      })

    await ask(image)

    expect(server.requests.at(-1)?.body.messages).toEqual([{ role: 'user', content: 'What is this?', images: ['iVBORw=='] }])
    await expect(ask(file)).rejects.toMatchObject({ reason: 'unsupported', message: expect.stringContaining('application/pdf') })
  })

  it('sends no tools when none may be chosen, and warns of a choice it cannot force', async () => {
    const model = toAISDK(ollama, 'qwen3:14b')
    const call = {
      prompt: [{ role: 'user', content: [{ type: 'text', text: 'hi' }] }],
      tools: [{ type: 'function', name: 'f', inputSchema: {} }],
    }

    const forced: { warnings: unknown } = await model.doGenerate({ ...call, toolChoice: { type: 'required' } })
    await model.doGenerate({ ...call, toolChoice: { type: 'none' } })

    expect(forced.warnings).toEqual([{ type: 'unsupported', feature: 'toolChoice' }])
    expect(server.requests.at(-2)?.body).toHaveProperty('tools')
    expect(server.requests.at(-1)?.body).not.toHaveProperty('tools')
  })

  it('lets an abort cross, in generateText and in streamText', async () => {
    const line = { message: { role: 'assistant', content: 'word ' }, done: false }
    server.reply({ lines: [line], ending: 'hang' }, { lines: [line], ending: 'repeat' })
    const controller = new AbortController()
    const arrived = server.nextRequest()
    const left = server.nextLeave()

    const call = generateText({ model: toAISDK(ollama, 'qwen3:14b'), prompt: 'hi', abortSignal: controller.signal }).catch(
      (error: unknown) => error,
    )
    await arrived
    controller.abort()

    expect(await call).toMatchObject({ name: 'AbortError' })
    await left

    const second = new AbortController()
    const leftAgain = server.nextLeave()
    const { fullStream } = streamText({ model: toAISDK(ollama, 'qwen3:14b'), prompt: 'hi', abortSignal: second.signal })
    const types = new Set<string>()
    for await (const { type } of fullStream) {
      types.add(type)
      if (type === 'text-delta') second.abort()
    }
    expect(types).toContain('abort')
    await leftAgain
  })

  it('fails with our error, asked once by the AI SDK', async () => {
    const llm = new FakeLLMClient([new LLMError('busy', { reason: 'overloaded', retryable: true })])

    const call = generateText({ model: toAISDK(llm, 'any'), prompt: 'hi' })

    await expect(call).rejects.toMatchObject({ code: 'E_LLM', reason: 'overloaded' })
    expect(llm.calls).toHaveLength(1)
  })

  it('tells of an error in the middle of a stream', async () => {
    const llm = new FakeLLMClient([{ chunks: ['hel'], error: new Error('cut') }])
    const errors: unknown[] = []

    const { textStream, finishReason } = streamText({
      model: toAISDK(llm, 'any'),
      prompt: 'hi',
      onError: ({ error }) => void errors.push(error),
    })
    const words: string[] = []
    for await (const word of textStream) words.push(word)

    expect(words).toEqual(['hel'])
    expect(errors).toMatchObject([{ reason: 'stream', partial: 'hel' }])
    expect(await finishReason).toBe('error')
  })
})

const request: ChatRequest = {
  model: 'm',
  messages: [
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: 'Weather?', images: [Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a)] },
    { role: 'assistant', content: '', toolCalls: [{ id: '1', name: 'get_weather', input: { city: 'Tokyo' } }] },
    { role: 'tool', content: '11 degrees', toolName: 'get_weather', toolCallId: '1' },
  ],
  temperature: 0,
  stopSequences: ['\n'],
  providerOptions: { serviceTier: 'flex' },
}
const usage = {
  inputTokens: { total: 3, noCache: undefined, cacheRead: undefined, cacheWrite: undefined },
  outputTokens: { total: 4, text: undefined, reasoning: undefined },
}
const end = { finishReason: { unified: 'stop' as const, raw: 'stop' }, usage }

describe('fromAISDK', () => {
  it('leaves out calls that the provider ran itself: nobody is asked to run them', async () => {
    const parts = [
      { type: 'tool-call', toolCallId: '1', toolName: 'web_search', input: '{}', providerExecuted: true },
      { type: 'tool-result', toolCallId: '1', toolName: 'web_search', result: { found: 1 }, providerExecuted: true },
      { type: 'tool-call', toolCallId: '2', toolName: 'f', input: '{}' },
    ] as const
    const whole = new MockLanguageModelV3({ doGenerate: { content: [...parts], ...end, warnings: [] } })
    const streamed = new MockLanguageModelV3({
      doStream: {
        stream: convertArrayToReadableStream([{ type: 'stream-start', warnings: [] }, ...parts, { type: 'finish', ...end }]),
      },
    })
    const client = (model: MockLanguageModelV3) => fromAISDK(new MockProviderV3({ languageModels: { m: model } }), { provider: 'mock' })

    const result = await client(whole).chat(request)
    const events: unknown[] = []
    for await (const event of client(streamed).stream(request)) events.push(event)

    const toolCalls = [{ id: '2', name: 'f', input: {} }]
    expect(result.toolCalls).toEqual(toolCalls)
    expect(result.message).toBeUndefined()
    expect(events).toMatchObject([
      { type: 'tool-call', toolCall: toolCalls[0] },
      { type: 'finish', result: { toolCalls } },
    ])
  })

  it('blames the request for messages that are none, and asks once', async () => {
    const model = new MockLanguageModelV3({})
    const client = fromAISDK(new MockProviderV3({ languageModels: { m: model } }), { provider: 'mock' })

    await expect(client.chat({ ...request, messages: [{ role: 'user', content: {} }] as never })).rejects.toMatchObject({
      reason: 'bad_request',
      attempts: 1,
      message: expect.stringContaining('messages[0].content'),
    })
  })

  it('runs a provider of specification v3', async () => {
    const model = new MockLanguageModelV3({
      provider: 'mock.chat',
      doGenerate: {
        content: [
          { type: 'reasoning', text: 'hm' },
          { type: 'text', text: 'hello' },
          { type: 'tool-call', toolCallId: '2', toolName: 'f', input: '{"a":1}' },
        ],
        ...end,
        warnings: [{ type: 'unsupported', feature: 'seed' }],
      },
    })
    const client = fromAISDK(new MockProviderV3({ languageModels: { m: model } }), { provider: 'mock' })

    const result = await client.chat(request)

    expect(result).toMatchObject({
      text: 'hello',
      thinking: 'hm',
      toolCalls: [{ id: '2', name: 'f', input: { a: 1 } }],
      finishReason: 'stop',
      usage: { inputTokens: 3, outputTokens: 4, totalTokens: 7 },
      warnings: ['unsupported: seed'],
      provider: 'mock',
    })
    expect(model.doGenerateCalls[0]).toMatchObject({
      temperature: 0,
      stopSequences: ['\n'],
      providerOptions: { mock: { serviceTier: 'flex' } },
      prompt: [
        { role: 'system', content: 'Be brief.' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'Weather?' },
            { type: 'file', mediaType: 'image/png' },
          ],
        },
        { role: 'assistant', content: [{ type: 'tool-call', toolCallId: '1', toolName: 'get_weather', input: { city: 'Tokyo' } }] },
        {
          role: 'tool',
          content: [{ type: 'tool-result', toolCallId: '1', toolName: 'get_weather', output: { type: 'text', value: '11 degrees' } }],
        },
      ],
    })
  })

  it('streams from a provider of specification v3', async () => {
    const stream = () =>
      convertArrayToReadableStream([
        { type: 'stream-start' as const, warnings: [] },
        { type: 'response-metadata' as const, modelId: 'm-2026' },
        { type: 'reasoning-start' as const, id: '0' },
        { type: 'reasoning-delta' as const, id: '0', delta: 'hm' },
        { type: 'reasoning-end' as const, id: '0' },
        { type: 'text-start' as const, id: '1' },
        { type: 'text-delta' as const, id: '1', delta: 'hel' },
        { type: 'text-delta' as const, id: '1', delta: 'lo' },
        { type: 'text-end' as const, id: '1' },
        { type: 'finish' as const, ...end },
      ])
    const client = fromAISDK(() => new MockLanguageModelV3({ provider: 'mock.chat', doStream: async () => ({ stream: stream() }) }))

    const events: ChatEvent[] = []
    for await (const event of client.stream(request)) events.push(event)

    expect(client.provider).toBe('mock')
    expect(events).toMatchObject([
      { type: 'thinking', delta: 'hm' },
      { type: 'text', delta: 'hel' },
      { type: 'text', delta: 'lo' },
      { type: 'finish', result: { text: 'hello', thinking: 'hm', model: 'm-2026', usage: { totalTokens: 7 }, finishReason: 'stop' } },
    ])
  })

  it('runs a model of specification v2', async () => {
    const model = {
      specificationVersion: 'v2',
      provider: 'older.chat',
      modelId: 'm',
      doGenerate: async () => ({
        content: [{ type: 'text', text: 'hello' }],
        finishReason: 'unknown',
        usage: { inputTokens: 3, outputTokens: undefined, totalTokens: undefined },
        warnings: [{ type: 'unsupported-setting', setting: 'seed' }],
      }),
      doStream: async () => ({}),
    }

    const result = await fromAISDK(model).chat(request)

    expect(result).toMatchObject({ text: 'hello', finishReason: 'other', warnings: ['unsupported-setting: seed'] })
    expect(result.usage).toEqual({ inputTokens: 3 })
  })

  it('speaks to a model of specification v4 in its words', async () => {
    const seen: { prompt: { content: unknown }[]; reasoning?: string }[] = []
    const model = {
      specificationVersion: 'v4',
      provider: 'next.chat',
      modelId: 'm',
      doGenerate: async (options: (typeof seen)[number]) => {
        seen.push(options)
        return { content: [{ type: 'text', text: 'hello' }], ...end, warnings: [] }
      },
      doStream: async () => ({}),
    }

    await fromAISDK(model).chat({ ...request, reasoning: 'high' })

    expect(seen[0]).toMatchObject({
      reasoning: 'high',
      prompt: [{}, { content: [{}, { type: 'file', data: { type: 'data', data: expect.any(Uint8Array) } }] }, {}, {}],
    })
  })

  it('makes our errors of theirs, and asks again where that may help', async () => {
    let calls = 0
    const failing = new MockLanguageModelV3({
      doGenerate: async () => {
        calls += 1
        if (calls > 1) return { content: [{ type: 'text', text: 'hello' }], ...end, warnings: [] }
        throw Object.assign(new Error('rate limit'), { statusCode: 429, isRetryable: true, responseHeaders: { 'retry-after': '0' } })
      },
    })

    expect(await fromAISDK(failing).chat(request)).toMatchObject({ text: 'hello' })
    calls = 0
    await expect(fromAISDK(failing).chat(request, { maxRetries: 0 })).rejects.toMatchObject({
      code: 'E_LLM',
      reason: 'rate_limit',
      retryAfterMs: 0,
    })
  })

  it('hands an abort on, and ends a stream the reader leaves', async () => {
    let seen: AbortSignal | undefined
    let isCancelled = false
    const model = new MockLanguageModelV3({
      doStream: async ({ abortSignal }) => {
        seen = abortSignal
        return {
          stream: new ReadableStream({
            pull: (controller) => controller.enqueue({ type: 'text-delta', id: '0', delta: 'word ' }),
            cancel: () => {
              isCancelled = true
            },
          }),
        }
      },
    })

    for await (const _ of fromAISDK(model).stream(request)) break

    expect(seen?.aborted).toBe(true)
    expect(isCancelled).toBe(true)
    await expect(fromAISDK(model).chat(request, { signal: AbortSignal.abort() })).rejects.toMatchObject({ reason: 'aborted' })
  })

  it.each([
    ['an error part', [{ type: 'error' as const, error: new Error('cut') }]],
    ['an end without "finish"', []],
  ])('is an error at %s', async (_, rest) => {
    const parts = [{ type: 'text-delta' as const, id: '0', delta: 'hel' }, ...rest]
    const model = new MockLanguageModelV3({ doStream: async () => ({ stream: convertArrayToReadableStream(parts) }) })
    const events: ChatEvent[] = []

    const reading = (async () => {
      for await (const event of fromAISDK(model).stream(request)) events.push(event)
    })()

    await expect(reading).rejects.toMatchObject({ reason: 'stream', partial: 'hel' })
    expect(events).toEqual([{ type: 'text', delta: 'hel' }])
  })

  it('embeds in batches no larger than the model takes', async () => {
    const sizes: number[] = []
    const model = new MockEmbeddingModelV3({
      maxEmbeddingsPerCall: 2,
      doEmbed: async ({ values }) => {
        sizes.push(values.length)
        return { embeddings: values.map((value) => [value.length]), usage: { tokens: values.length }, warnings: [] }
      },
    })
    const client = fromAISDK(new MockProviderV3({ embeddingModels: { m: model } }), { provider: 'mock' })

    const result = await client.embed?.({ model: 'm', values: ['a', 'bb', 'ccc'] })

    expect(result).toMatchObject({ embeddings: [[1], [2], [3]], usage: { inputTokens: 3 }, provider: 'mock' })
    expect(sizes).toEqual([2, 1])
  })
})
