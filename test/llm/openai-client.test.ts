import OpenAI from 'openai'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { assistantMessage, type ChatEvent, type LLMError, type Message, OpenAICompatibleClient } from '../../src/llm/index.js'
import { chunk, ending, events, json, startOpenAIServer } from '../support/openai-server.js'
import type { ScriptedServer } from '../support/scripted-server.js'

let server: ScriptedServer
let client: OpenAICompatibleClient
beforeEach(async () => {
  server = await startOpenAIServer()
  client = new OpenAICompatibleClient({ name: 'local', baseUrl: `${server.url}/v1/`, apiKey: 'sk-hunter2', maxRetries: 0 })
})
afterEach(() => server.close())

const messages: Message[] = [{ role: 'user', content: 'The sky is blue.' }]
const request = { model: 'served-model', messages }
const failure = (work: Promise<unknown>): Promise<LLMError> =>
  work.then(
    () => expect.unreachable('it answered'),
    (error) => error,
  )
async function collect(stream: AsyncIterable<ChatEvent>): Promise<ChatEvent[]> {
  const all: ChatEvent[] = []
  for await (const event of stream) all.push(event)
  return all
}

it.each([
  ['OpenAI', { prompt_tokens_details: { cached_tokens: 3 }, completion_tokens_details: { reasoning_tokens: 2 } }],
  ['DeepSeek', { prompt_cache_hit_tokens: 3, prompt_cache_miss_tokens: 2, completion_tokens_details: { reasoning_tokens: 2 } }],
  ['Moonshot', { cached_tokens: 3, completion_tokens_details: { reasoning_tokens: 2 } }],
  ['xAI and Perplexity', { prompt_tokens_details: { cached_tokens: 3 }, reasoning_tokens: 2 }],
])('counts cached and reasoning tokens in the words of %s', async (_, own) => {
  server.reply(events(...ending('stop', { prompt_tokens: 5, completion_tokens: 4, ...own })))

  const { usage } = await client.chat(request)

  expect(usage).toEqual({ inputTokens: 5, outputTokens: 4, cachedInputTokens: 3, reasoningTokens: 2 })
})

it('says of an answer without a body that it ended before its end', async () => {
  const fetch = async () => new Response(null, { status: 204 })
  const empty = new OpenAICompatibleClient({ name: 'local', baseUrl: 'http://localhost/v1', maxRetries: 0, fetch })

  expect(await failure(empty.chat(request))).toMatchObject({ reason: 'stream', message: expect.stringContaining('no "done" at the end') })
})

describe('the official client against the same server', () => {
  const official = () => new OpenAI({ baseURL: `${server.url}/v1`, apiKey: 'sk', maxRetries: 0 })

  it('chats, streams, embeds and lists', async () => {
    const completion = await official().chat.completions.create({ model: 'm', messages: [{ role: 'user', content: 'Hello there.' }] })
    expect(completion.choices[0]?.message.content).toBe('Hello there.')
    const words: string[] = []
    for await (const { choices } of await official().chat.completions.create({
      model: 'm',
      messages: [{ role: 'user', content: 'Hello there.' }],
      stream: true,
    })) {
      words.push(choices[0]?.delta.content ?? '')
    }
    expect(words.join('')).toBe('Hello there.')
    const { data } = await official().embeddings.create({ model: 'm', input: ['a', 'bb'], encoding_format: 'float' })
    expect(data.map(({ index }) => index).sort()).toEqual([0, 1])
    expect((await official().models.list()).data.map(({ id }) => id)).toEqual(['served-model'])
  })

  it('sees an error', async () => {
    server.reply(json({ error: { message: 'slow down', type: 'rate_limit' } }, 429))
    await expect(official().chat.completions.create({ model: 'm', messages: [] })).rejects.toMatchObject({ status: 429 })
  })
})

it('chats: one streamed request, in the words of chat completions', async () => {
  const result = await client.chat({
    ...request,
    temperature: 0,
    topP: 0.9,
    topK: 40,
    maxOutputTokens: 100,
    stopSequences: ['END'],
    seed: 7,
    presencePenalty: 0.1,
    frequencyPenalty: 0.2,
    reasoning: 'low',
    responseFormat: { type: 'json', schema: { type: 'object' } },
    tools: [{ name: 'time', description: 'The time.', inputSchema: { type: 'object' } }],
    toolChoice: { type: 'tool', toolName: 'time' },
    providerOptions: { min_p: 0.1 },
  })

  expect(result).toMatchObject({
    text: 'The sky is blue.',
    finishReason: 'stop',
    usage: { inputTokens: 11, outputTokens: 5, totalTokens: 16, cachedInputTokens: 8, reasoningTokens: 2 },
    model: 'served-model',
    provider: 'local',
  })
  expect(result.timings.firstChunkMs).toBeGreaterThan(0)
  expect(server.requests).toMatchObject([{ path: '/v1/chat/completions', headers: { authorization: 'Bearer sk-hunter2' } }])
  expect(server.requests[0]?.body).toEqual({
    model: 'served-model',
    messages,
    temperature: 0,
    top_p: 0.9,
    top_k: 40,
    max_tokens: 100,
    stop: ['END'],
    seed: 7,
    presence_penalty: 0.1,
    frequency_penalty: 0.2,
    reasoning_effort: 'low',
    response_format: { type: 'json_schema', json_schema: { name: 'answer', schema: { type: 'object' } } },
    tools: [{ type: 'function', function: { name: 'time', description: 'The time.', parameters: { type: 'object' } } }],
    tool_choice: { type: 'function', function: { name: 'time' } },
    stream: true,
    stream_options: { include_usage: true },
    min_p: 0.1,
  })
})

it.each(['auto', 'none', 'required'] as const)('sends toolChoice %s', async (toolChoice) => {
  await client.chat({ ...request, tools: [{ name: 'time', inputSchema: {} }], toolChoice })
  expect(server.requests[0]?.body.tool_choice).toBe(toolChoice)
})

it('reads content that is written as parts, thoughts among them, streamed and whole', async () => {
  const parts = [
    {
      type: 'thinking',
      thinking: [
        { type: 'text', text: 'Hm' },
        { type: 'text', text: '.' },
      ],
    },
    { type: 'text', text: 'Blue' },
    { type: 'text', text: '.' },
    { type: 'reference', reference_ids: [1] },
  ]
  server.reply(
    events(...parts.map((part) => chunk({ content: [part] })), ...ending('stop')),
    json({ choices: [{ message: { role: 'assistant', content: parts }, finish_reason: 'stop' }] }),
  )

  const streamed = await collect(client.stream(request))
  const whole = await client.chat(request)

  expect(streamed.map((event) => (event.type === 'text' || event.type === 'thinking' ? [event.type, event.delta] : event.type))).toEqual([
    ['thinking', 'Hm.'],
    ['text', 'Blue'],
    ['text', '.'],
    'finish',
  ])
  expect(whole).toMatchObject({ text: 'Blue.', thinking: 'Hm.', finishReason: 'stop' })
})

it('streams parts that add up, thoughts apart from text', async () => {
  server.reply(
    events(
      chunk({ reasoning_content: 'Hm' }),
      chunk({ reasoning_content: '.' }),
      chunk({ content: 'Because' }),
      chunk({ content: '.' }),
      ...ending(),
    ),
  )
  const all = await collect(client.stream(request))

  expect(all.map(({ type }) => type)).toEqual(['thinking', 'thinking', 'text', 'text', 'finish'])
  expect(all.at(-1)).toMatchObject({ result: { text: 'Because.', thinking: 'Hm.' } })

  server.reply(events(chunk({ content: '<think>Hm.</think>' }), chunk({ content: 'Because.' }), ...ending()))
  expect(await client.chat(request)).toMatchObject({ text: 'Because.', thinking: 'Hm.' })
})

it.each([
  [
    'in pieces',
    [
      { index: 0, id: 'c1', function: { name: 'time', arguments: '' } },
      { index: 0, function: { arguments: '{"zone":' } },
      { index: 0, function: { arguments: '"UTC"}' } },
      { index: 1, id: 'c2', function: { name: 'date', arguments: '{}' } },
    ],
  ],
  [
    'of one index',
    [
      { index: 0, id: 'c1', function: { name: 'time', arguments: '{"zone":"UTC"}' } },
      { index: 0, id: 'c2', function: { name: 'date', arguments: '' } },
    ],
  ],
  [
    'without an index',
    [
      { id: 'c1', function: { name: 'time', arguments: '{"zone":' } },
      { function: { arguments: '"UTC"}' } },
      { id: 'c2', function: { name: 'date' } },
    ],
  ],
  [
    'with arguments as a value',
    [
      { index: 0, id: 'c1', function: { name: 'time', arguments: { zone: 'UTC' } } },
      { index: 1, id: 'c2', function: { name: 'date', arguments: {} } },
    ],
  ],
])('reads tool calls %s', async (_, pieces) => {
  server.reply(events(...pieces.map((piece) => chunk({ tool_calls: [piece] })), ...ending('tool_calls')))
  const all = await collect(client.stream(request))

  const toolCalls = [
    { id: 'c1', name: 'time', input: { zone: 'UTC' } },
    { id: 'c2', name: 'date', input: {} },
  ]
  expect(all).toMatchObject([
    ...toolCalls.map((toolCall) => ({ type: 'tool-call', toolCall })),
    { type: 'finish', result: { toolCalls, finishReason: 'tool-calls' } },
  ])
})

it('sends a conversation with tools, parts and a developer, and what the provider said with them', async () => {
  server.reply(
    events(
      chunk({ reasoning_details: [{ type: 'reasoning.encrypted', data: 'abc' }] }),
      chunk({
        tool_calls: [
          { index: 0, id: 'c1', function: { name: 'time', arguments: '{}' }, extra_content: { google: { thought_signature: 'sig' } } },
        ],
      }),
      ...ending('tool_calls'),
    ),
  )
  const result = await client.chat(request)

  await client.chat({
    ...request,
    messages: [
      { role: 'developer', content: 'Be brief.' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What is this?' },
          { type: 'image', data: Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a) },
          { type: 'video_url', video_url: { url: 'v' } },
        ],
      },
      assistantMessage(result),
      { role: 'tool', toolCallId: 'c1', content: '12:00' },
    ],
  })

  expect(server.requests[1]?.body.messages).toEqual([
    { role: 'system', content: 'Be brief.' },
    {
      role: 'user',
      content: [
        { type: 'text', text: 'What is this?' },
        { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0K' } },
        { type: 'video_url', video_url: { url: 'v' } },
      ],
    },
    {
      role: 'assistant',
      content: null,
      tool_calls: [
        {
          id: 'c1',
          type: 'function',
          function: { name: 'time', arguments: '{}' },
          extra_content: { google: { thought_signature: 'sig' } },
        },
      ],
      reasoning_details: [{ type: 'reasoning.encrypted', data: 'abc' }],
    },
    { role: 'tool', content: '12:00', tool_call_id: 'c1' },
  ])
})

it.each(['application/json', 'text/event-stream', 'text/plain'])(
  'understands a server that answers whole, on many lines, as %s',
  async (type) => {
    const whole = {
      model: 'w',
      choices: [
        {
          message: { content: 'Whole.', tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: '{"a":1}' } }] },
          finish_reason: 'tool_calls',
        },
      ],
      usage: { prompt_tokens: 1 },
    }
    const headers = { 'content-type': type }
    server.reply(
      { lines: [JSON.stringify(whole, null, 2)], headers },
      { lines: [JSON.stringify({ error: { code: 429, message: 'slow down' } }, null, 2).replace('\n', '\n\n')], headers },
    )

    expect(await client.chat(request)).toMatchObject({
      text: 'Whole.',
      toolCalls: [{ id: 'c', name: 'f', input: { a: 1 } }],
      finishReason: 'tool-calls',
      usage: { inputTokens: 1 },
      model: 'w',
    })
    expect(await failure(client.chat(request))).toMatchObject({ reason: 'rate_limit', status: 429 })
  },
)

it('reads comments, carriage returns, bytes cut anywhere, and an end without [DONE]', async () => {
  const text = `: OPENROUTER PROCESSING\r\n\r\ndata: ${JSON.stringify(chunk({ content: 'লেন 😀' }))}\r\n\r\ndata:${JSON.stringify(chunk({}, { finish_reason: 'stop' }))}\r\n\r\n`
  server.reply({ lines: [Buffer.from(text)], pieceBytes: 3, headers: { 'content-type': 'text/event-stream' } })

  expect((await client.chat(request)).text).toBe('লেন 😀')
})

describe('an error', () => {
  it.each([
    [401, { error: { message: 'Incorrect API key provided: sk-hunter2' } }, { reason: 'auth', retryable: false }],
    [404, { error: { message: 'The model `x` does not exist' } }, { reason: 'model_not_found', retryable: false }],
    [404, { detail: 'Not Found' }, { reason: 'bad_request', retryable: false }],
    [
      400,
      { error: { message: "This model's maximum context length is 8192 tokens", code: 'context_length_exceeded' } },
      { reason: 'context_length' },
    ],
    [429, { error: { message: 'slow down' } }, { reason: 'rate_limit', retryable: true }],
    // An account without credit: waiting does not help. From OpenAI, Moonshot and one-api.
    [
      429,
      { error: { message: 'You exceeded your current quota', code: 'insufficient_quota' } },
      { reason: 'rate_limit', retryable: false },
    ],
    [429, { error: { message: 'out of balance', type: 'exceeded_current_quota_error' } }, { reason: 'rate_limit', retryable: false }],
    [429, { error: { message: 'no quota', code: 'insufficient_user_quota' } }, { reason: 'rate_limit', retryable: false }],
    // Gemini says this about the requests of one minute.
    [429, { error: { message: 'You exceeded your current quota', code: 429 } }, { reason: 'rate_limit', retryable: true }],
    [500, { error: { message: 'oh' } }, { reason: 'server', retryable: true }],
    [529, { error: 'overloaded' }, { reason: 'overloaded', retryable: true }],
    [400, { object: 'error', message: 'bad temperature' }, { reason: 'bad_request', retryable: false }],
  ])('%i %j is told as it is, without the key', async (status, body, expected) => {
    server.reply(json(body, status))
    const error = await failure(client.chat(request))

    expect(error).toMatchObject({ ...expected, status, provider: 'local', model: 'served-model', attempts: 1 })
    expect(error.message).not.toContain('hunter2')
  })

  it('in the stream, an end too early, and a call without a name have the text so far', async () => {
    server.reply(events(chunk({ content: 'Be' }), { error: { message: 'the upstream failed', code: 502 } }))
    expect(await failure(client.chat(request))).toMatchObject({
      reason: 'stream',
      partial: 'Be',
      message: expect.stringContaining('the upstream failed'),
    })

    server.reply({ ...events(chunk({ content: 'Be' })), lines: events(chunk({ content: 'Be' })).lines!.slice(0, -1) })
    expect(await failure(client.chat(request))).toMatchObject({ reason: 'stream', partial: 'Be' })

    for (const line of [
      { object: 'error', message: 'the model failed', type: 'InternalServerError', code: 500 },
      { detail: 'the model failed' },
      { message: 'the model failed' },
    ]) {
      server.reply(events(chunk({ content: 'Be' }), line))
      expect(await failure(client.chat(request))).toMatchObject({
        reason: 'stream',
        partial: 'Be',
        message: expect.stringContaining('the model failed'),
      })
    }
    server.reply(
      events({ object: 'error', message: 'This model’s maximum context length is 4096 tokens', type: 'BadRequestError', code: 400 }),
    )
    expect(await failure(client.chat(request))).toMatchObject({ reason: 'context_length', status: 400 })

    server.reply({ lines: ['data: {broken\n\n'], headers: { 'content-type': 'text/event-stream' } })
    expect(await failure(client.chat(request))).toMatchObject({ reason: 'invalid_response' })
  })

  it.each(['text/html', 'text/plain', 'text/event-stream', 'application/json'])(
    'is invalid_response for a page as %s with status 200',
    async (type) => {
      for (const ask of [() => client.chat(request), () => client.listModels(), () => client.embed({ model: 'm', values: ['a'] })]) {
        server.reply({ lines: ['\n<!DOCTYPE html>\n<title>Sign in</title>\n'], headers: { 'content-type': type } })

        const error = await failure(ask())

        expect(error).toMatchObject({ reason: 'invalid_response', retryable: false, attempts: 1 })
        expect(error.message).toContain('sent a page instead of JSON: <!DOCTYPE html>')
      }
    },
  )

  it('of a server that is busy is tried again, and of one that is away says so', async () => {
    server.reply({ ...json({ error: { message: 'busy' } }, 503), headers: { 'retry-after-ms': '1' } })
    const patient = new OpenAICompatibleClient({ name: 'local', baseUrl: `${server.url}/v1` })
    expect((await patient.chat(request)).text).toBe('The sky is blue.')

    const nobody = new OpenAICompatibleClient({ name: 'local', baseUrl: 'http://127.0.0.1:9/v1', maxRetries: 0 })
    expect(await failure(nobody.chat(request))).toMatchObject({ reason: 'connection' })
    expect(await nobody.health()).toMatchObject({ ok: false, error: { reason: 'connection' } })
  })

  it('ends an endless answer', async () => {
    server.reply({ ...events(), lines: [`data: ${JSON.stringify(chunk({ content: 'word '.repeat(50) }))}\n\n`], ending: 'repeat' })
    const short = new OpenAICompatibleClient({ name: 'local', baseUrl: `${server.url}/v1`, maxAnswerBytes: 5_000 })
    expect(await failure(short.chat(request))).toMatchObject({ reason: 'invalid_response', partial: expect.stringContaining('word word') })
  })
})

it.each([
  [429, 'rate_limit', true],
  [402, 'bad_request', false],
  [401, 'auth', false],
  [503, 'overloaded', true],
] as const)('judges an error that a proxy writes into an answer with status 200 by its code %d', async (code, reason, retryable) => {
  const body = { error: { code, message: 'the provider said no' }, choices: [] }
  for (const reply of [events(body), json(body)]) {
    server.reply(reply)
    const error = await failure(client.chat(request))
    expect(error).toMatchObject({ reason, retryable, status: code })
    expect(error.message).toContain(`answered ${code}: the provider said no`)
  }
})

it.each([
  [{ code: '429', message: 'slow down' }, 'rate_limit', true],
  [{ code: 'rate_limit_exceeded', message: 'slow down' }, 'rate_limit', true],
  [{ code: 'insufficient_quota', message: 'no' }, 'rate_limit', false],
  [{ code: null, type: 'overloaded_error', message: 'no' }, 'overloaded', true],
  [{ code: 'no_such_word', message: 'no' }, 'stream', false],
  [{ code: 1113, message: 'no' }, 'stream', false],
] as const)('judges such an error by its words where the code is no status: %o', async (said, reason, retryable) => {
  server.reply(events({ error: said, choices: [] }))

  expect(await failure(client.chat(request, { maxRetries: 0 }))).toMatchObject({ reason, retryable })
})

it('reads from the body of Google how long to wait', async () => {
  server.reply({ ...json([{ error: { code: 429, message: 'slow down', details: [{ retryDelay: '90.5s' }] } }]), status: 429 })

  expect(await failure(client.chat(request))).toMatchObject({ reason: 'rate_limit', retryAfterMs: 90_500, attempts: 1 })
})

it('asks again after such an error, but not once a part of the answer came, be it in the same chunk', async () => {
  const patient = new OpenAICompatibleClient({ name: 'local', baseUrl: `${server.url}/v1`, maxRetries: 1 })
  const busy = { error: { code: 429, message: 'slow down' } }
  server.reply(events(busy))
  server.reply(events(chunk({ content: 'At last.' }), ...ending('stop')))
  expect((await patient.chat(request)).text).toBe('At last.')

  server.reply(events(chunk({ content: 'Half' }), busy))
  expect(await failure(patient.chat(request))).toMatchObject({ reason: 'stream', partial: 'Half', attempts: 1 })
})

it('reads content that comes as a list of parts, thoughts apart', async () => {
  const thought = {
    type: 'thinking',
    thinking: [
      { type: 'text', text: 'Hm, ' },
      { type: 'text', text: 'blue.' },
    ],
  }
  server.reply(events(chunk({ content: [thought] }), chunk({ content: [{ type: 'text', text: 'Because.' }] }), ...ending('stop')))

  expect(await client.chat(request)).toMatchObject({ text: 'Because.', thinking: 'Hm, blue.' })
})

it('takes the first of several answers whose parts come mixed', async () => {
  const part = (index: number, content: string, finish_reason: string | null = null) => ({ index, delta: { content }, finish_reason })
  server.reply(
    events(
      { choices: [part(1, 'two')] },
      { choices: [part(1, 'two'), part(0, 'one')] },
      { choices: [part(1, '', 'stop'), part(0, '', 'stop')] },
    ),
  )

  expect((await client.chat({ ...request, providerOptions: { n: 2 } })).text).toBe('one')
})

const called = (...tool_calls: object[]) => chunk({ tool_calls })
it.each([
  [
    'without index and id, one after the other',
    [called({ function: { name: 'f', arguments: '{"a":1}' } }), called({ function: { name: 'g', arguments: '{"b":2}' } })],
    [
      ['f', { a: 1 }],
      ['g', { b: 2 }],
    ],
  ],
  [
    'of one tool in one chunk',
    [called({ function: { name: 'f', arguments: '{"a":1}' } }, { function: { name: 'f', arguments: '{"b":2}' } })],
    [
      ['f', { a: 1 }],
      ['f', { b: 2 }],
    ],
  ],
  [
    'that share an index and have no id',
    [
      called({ index: 0, id: '', function: { name: 'f', arguments: '{"a":1}' } }),
      called({ index: 0, id: '', function: { name: 'f', arguments: '{"b":2}' } }),
    ],
    [
      ['f', { a: 1 }],
      ['f', { b: 2 }],
    ],
  ],
  [
    'without arguments and index',
    [called({ function: { name: 'f', arguments: '' } }), called({ function: { name: 'g' } })],
    [
      ['f', {}],
      ['g', {}],
    ],
  ],
  [
    'whose name comes with each piece',
    [called({ index: 0, function: { name: 'f', arguments: '{"a"' } }), called({ index: 0, function: { name: 'f', arguments: ':1}' } })],
    [['f', { a: 1 }]],
  ],
  [
    'whose arguments begin with null',
    [called({ index: 0, id: 'c', function: { name: 'f', arguments: null } }), called({ index: 0, function: { arguments: '{"a":1}' } })],
    [['f', { a: 1 }]],
  ],
  ['whose arguments are null', [called({ index: 0, id: 'c', function: { name: 'f', arguments: 'null' } })], [['f', {}]]],
  [
    'in the older words of a single function',
    [chunk({ function_call: { name: 'f', arguments: '{"a"' } }), chunk({ function_call: { arguments: ':1}' } })],
    [['f', { a: 1 }]],
  ],
])('takes tool calls %s', async (_, chunks, calls) => {
  server.reply(events(...chunks, ...ending('tool_calls')))

  const { toolCalls, message } = await client.chat(request)

  expect(toolCalls.map(({ name, input }) => [name, input])).toEqual(calls)
  expect(message).toBeUndefined()
})

it.each([
  ['max_tokens', 'length'],
  ['model_length', 'length'],
  ['MAX_TOKENS', 'length'],
  ['eos_token', 'stop'],
  ['end_turn', 'stop'],
  ['STOP', 'stop'],
  ['stop_sequence', 'stop'],
  ['SAFETY', 'content-filter'],
  ['sensitive', 'content-filter'],
  ['tool_use', 'tool-calls'],
  ['insufficient_system_resource', 'other'],
])('reads the finish reason %s as %s', async (reason, finishReason) => {
  server.reply(events(chunk({ content: 'Be' }), ...ending(reason)))

  expect(await client.chat(request)).toMatchObject({ finishReason })
})

it("takes Groq's usage and its errors, the model of any chunk, and llama.cpp's errors", async () => {
  const usage = { prompt_tokens: 5, completion_tokens: 6, total_tokens: 11 }
  server.reply(events(chunk({ content: 'Be' }), { ...chunk({}, { finish_reason: 'stop' }), model: undefined, x_groq: { usage } }))
  expect(await client.chat({ ...request, model: 'asked' })).toMatchObject({
    usage: { inputTokens: 5, outputTokens: 6 },
    model: 'served-model',
  })

  server.reply(events(chunk({ content: 'Be' }), { ...chunk({}), x_groq: { error: 'over capacity' } }))
  expect(await failure(client.chat(request))).toMatchObject({ reason: 'stream', message: expect.stringContaining('over capacity') })

  server.reply({
    lines: ['error: {"code":503,"message":"Loading model","type":"unavailable_error"}\n\n'],
    headers: { 'content-type': 'text/event-stream' },
  })
  expect(await failure(client.chat(request))).toMatchObject({
    reason: 'overloaded',
    status: 503,
    retryable: true,
    message: expect.stringContaining('Loading model'),
  })
})

it('embeds in batches, in the order of the texts, and checks the vectors', async () => {
  const result = await client.embed({ model: 'm', values: ['a', 'bb', 'ccc'], batchSize: 2, dimensions: 2 })

  expect(result).toMatchObject({
    embeddings: [
      [1, 0.5],
      [2, 0.5],
      [3, 0.5],
    ],
    usage: { inputTokens: 3 },
  })
  expect(server.requests.map(({ body }) => body)).toMatchObject([
    { input: ['a', 'bb'], dimensions: 2, encoding_format: 'float' },
    { input: ['ccc'] },
  ])
  await expect(client.embed({ model: 'm', values: ['a'], dimensions: 3 })).rejects.toMatchObject({ reason: 'invalid_output' })
})

it('takes vectors as base64, and places that are written as text', async () => {
  const base64 = (...numbers: number[]) => Buffer.from(Float32Array.from(numbers).buffer).toString('base64')
  const data = [
    { index: '1', embedding: base64(3, 0.25) },
    { index: '0', embedding: base64(1, -0.5) },
  ]
  server.reply(json({ data }), json({ data: [{ embedding: base64(1).slice(0, -4) }] }), json({ data: [{ embedding: 'no base64!' }] }))

  expect((await client.embed({ model: 'm', values: ['a', 'b'] })).embeddings).toEqual([
    [1, -0.5],
    [3, 0.25],
  ])
  for (const _ of [1, 2]) expect(await failure(client.embed({ model: 'm', values: ['a'] }))).toMatchObject({ code: 'E_LLM' })
})

it('lists models and says how it is', async () => {
  server.reply(json([{ id: 'listed without an object around it' }]))
  expect(await client.listModels()).toMatchObject([{ name: 'listed without an object around it' }])
  expect(await client.listModels()).toEqual([{ name: 'served-model', raw: expect.objectContaining({ owned_by: 'test' }) }])
  expect(await client.health()).toMatchObject({ ok: true })
  server.reply(json({ error: { message: 'no' } }, 401))
  expect(await client.health()).toMatchObject({ ok: false, error: { reason: 'auth' } })
})

it('keeps a query in its address, and takes other headers', async () => {
  const azure = new OpenAICompatibleClient({
    name: 'azure',
    baseUrl: `${server.url}/v1?api-version=2024-10-21`,
    headers: { 'api-key': 'k-secret' },
  })
  await azure.chat(request)
  expect(server.requests[0]).toMatchObject({ path: '/v1/chat/completions?api-version=2024-10-21', headers: { 'api-key': 'k-secret' } })
})

it('speaks to OpenAI itself in its newer words', async () => {
  let body: Record<string, unknown> = {}
  const openai = new OpenAICompatibleClient({
    name: 'openai',
    baseUrl: 'https://api.openai.com/v1',
    fetch: async (_, init) => {
      body = JSON.parse(String(init?.body))
      return Response.json({ choices: [{ message: { content: 'Yes.' }, finish_reason: 'stop' }] })
    },
  })
  expect((await openai.chat({ model: 'gpt-5', messages: [{ role: 'developer', content: 'Hi' }], maxOutputTokens: 5 })).text).toBe('Yes.')
  expect(body).toMatchObject({ max_completion_tokens: 5, messages: [{ role: 'system' }] })
})

it.each([
  ['name', { name: 'a:b' }],
  ['baseUrl', { baseUrl: 'http://bob:hunter2@host/v1' }],
  ['baseUrl', { baseUrl: 'localhost/v1' }],
  ['apiKey', { apiKey: 'hunter2 x' }],
  ['apiKey', { apiKey: '' }],
  ['headers["x-key"]', { headers: { 'x-key': 'hunter2\n' } }],
])('refuses %s when it is built, without showing it', (field, wrong) => {
  const build = () => new OpenAICompatibleClient({ name: 'local', baseUrl: 'http://host/v1', ...wrong })
  expect(build).toThrow(expect.objectContaining({ code: 'E_INVALID_ARGUMENT', field }))
  expect(build).not.toThrow(/hunter2/)
})
