import { afterEach, beforeEach, expect, it } from 'vitest'
import { type LLMError, type Message, OllamaClient, OpenAICompatibleClient, toOpenAIMessages } from '../../src/llm/index.js'
import { chatLines, type OllamaServer, startOllamaServer } from '../support/ollama-server.js'
import { chunk, ending, events, json, startOpenAIServer } from '../support/openai-server.js'
import type { ScriptedServer } from '../support/scripted-server.js'

let server: ScriptedServer
let ollamaServer: OllamaServer
let client: OpenAICompatibleClient
let ollama: OllamaClient
beforeEach(async () => {
  server = await startOpenAIServer()
  ollamaServer = await startOllamaServer()
  client = new OpenAICompatibleClient({ name: 'local', baseUrl: `${server.url}/v1`, maxRetries: 0 })
  ollama = new OllamaClient({ baseUrl: ollamaServer.url, maxRetries: 0 })
})
afterEach(async () => {
  await server.close()
  await ollamaServer.close()
})

const request = { model: 'm', messages: [{ role: 'user', content: 'Hello.' }] satisfies Message[] }
const failure = (work: Promise<unknown>): Promise<LLMError> =>
  work.then(
    () => expect.unreachable('it answered'),
    (error) => error,
  )

it.each([
  ['7', 7],
  ['0', 0],
])('keeps the id %s of a tool call that is written as a number', async (id, wireId) => {
  const call = { id: wireId, function: { name: 'time', arguments: '{}' } }
  server.reply(events(chunk({ tool_calls: [{ index: 0, ...call }] }), ...ending('tool_calls')))
  ollamaServer.reply({ lines: [{ message: { content: '', tool_calls: [call] }, done: false }, ...chatLines('').slice(-1)] })

  expect((await client.chat(request)).toolCalls).toEqual([{ id, name: 'time', input: {} }])
  expect((await ollama.chat(request)).toolCalls).toEqual([{ id, name: 'time', input: {} }])
})

it('tells tool calls apart by ids that are numbers', async () => {
  const piece = (id: number, name: string) => chunk({ tool_calls: [{ index: 0, id, function: { name, arguments: '{}' } }] })
  server.reply(events(piece(0, 'a'), piece(1, 'b'), ...ending('tool_calls')))

  expect((await client.chat(request)).toolCalls.map(({ id, name }) => [id, name])).toEqual([
    ['0', 'a'],
    ['1', 'b'],
  ])
})

it('reads the text of a choice that has neither message nor delta, streamed and whole', async () => {
  const choice = (text: string, finish_reason: string | null) => ({ choices: [{ index: 0, text, finish_reason }] })
  server.reply(events(choice('A ', null), choice('sky.', 'stop')), json(choice('Whole.', 'stop')), json({ choices: [{ text: 'Bare.' }] }))

  expect(await client.chat(request)).toMatchObject({ text: 'A sky.', finishReason: 'stop' })
  expect((await client.chat(request)).text).toBe('Whole.')
  expect(await failure(client.chat(request))).toMatchObject({ reason: 'stream', partial: 'Bare.' })
})

it.each([[{}], [null], [''], [[]], [false]])('does not take `error: %j` for an error', async (error) => {
  server.reply(events({ ...chunk({ content: 'Fine.' }), error }, ...ending()))
  const [part, last] = chatLines('Fine.') as [object, object]
  ollamaServer.reply({ lines: [{ ...part, error }, last] })

  expect((await client.chat(request)).text).toBe('Fine.')
  expect((await ollama.chat(request)).text).toBe('Fine.')
})

it.each([[{}], [null], ['']])('does not take `{"error": %j}` alone for an answer', async (error) => {
  server.reply({ lines: [{ error }] })
  ollamaServer.reply({ lines: [{ error }] })

  expect(await failure(client.chat(request))).toMatchObject({ reason: 'stream' })
  expect(await failure(ollama.chat(request))).toMatchObject({ reason: 'stream' })
})

it.each([
  ['the request exceeds the available context size', 'context_length'],
  ["This model's maximum context length is 8192 tokens", 'context_length'],
  ['prompt is too long: 9000 tokens > 8192 maximum', 'context_length'],
  ['Your credit balance is too low', 'rate_limit'],
  ['m does not support tools', 'unsupported'],
  ['the runner has stopped', 'stream'],
  ['invalid character in the grammar', 'stream'],
])('knows an error in a stream by its words alone: %s is %s', async (message, reason) => {
  server.reply(events(chunk({ content: 'So ' }), { error: { message } }), events({ error: { message } }))
  const [part] = chatLines('So ') as [object]
  ollamaServer.reply({ lines: [part, { error: message }] }, { lines: [{ error: message }] })

  for (const partial of ['So ', '']) {
    for (const ask of [client, ollama]) {
      const error = await failure(ask.chat(request))
      expect(error).toMatchObject({ reason, partial, retryable: false, message: expect.stringContaining(message) })
      expect(error.status).toBeUndefined()
    }
  }
})

it.each([
  ['[DONE] alone', events()],
  ['usage and [DONE]', events({ choices: [], usage: { prompt_tokens: 1 } })],
  ['comments and [DONE]', { lines: [': hello\n\n', 'data: [DONE]\n\n'] }],
])('says of %s that no answer came', async (_, reply) => {
  server.reply(reply)

  expect(await failure(client.chat(request))).toMatchObject({ reason: 'stream', partial: '', retryable: false })
})

it.each([2, '\t'])('reads one value of JSON on many lines, indented by %j', async (indent) => {
  const pretty = (value: unknown) => ({ lines: [JSON.stringify(value, null, indent)], pieceBytes: 7 })
  const models = [{ name: 'a:1', size: 1 }, { name: 'b "{"' }]
  const whole = { model: 'm', message: { role: 'assistant', content: 'A\n{ sky.' }, done: true, done_reason: 'stop' }
  ollamaServer.reply(pretty({ models }), pretty({ version: '1.2.3' }), pretty(whole), pretty({ embeddings: [[1, 2]] }))

  expect((await ollama.listModels()).map(({ name }) => name)).toEqual(['a:1', 'b "{"'])
  expect(await ollama.version()).toBe('1.2.3')
  expect(await ollama.chat(request)).toMatchObject({ text: 'A\n{ sky.', finishReason: 'stop' })
  expect((await ollama.embed({ model: 'm', values: ['x'] })).embeddings).toEqual([[1, 2]])
})

it('reads an error on many lines in an answer with status 200', async () => {
  ollamaServer.reply({ lines: [JSON.stringify({ error: 'the runner has stopped' }, null, 2)] })

  expect(await failure(ollama.chat(request))).toMatchObject({
    reason: 'stream',
    message: expect.stringContaining('the runner has stopped'),
  })
})

it.each([
  ['its end is missing', ['{', '"message": {'], '{\n"message": {'],
  ['it follows an answer', [...chatLines('a').slice(0, 1), '{\n'], '{'],
])('refuses JSON on many lines when %s', async (_, lines, said) => {
  ollamaServer.reply({ lines: lines.map((line) => (typeof line === 'string' && !line.endsWith('\n') ? `${line}\n` : line)) })

  expect(await failure(ollama.chat(request))).toMatchObject({ reason: 'invalid_response', message: expect.stringContaining(said) })
})

it('waits for no more of a value on many lines than an answer may have', async () => {
  const small = new OllamaClient({ baseUrl: ollamaServer.url, maxRetries: 0, maxAnswerBytes: 1_000 })
  ollamaServer.reply({ lines: ['{\n', `"a":${'1'.repeat(50_000)},\n`, `"b":${'1'.repeat(50_000)},\n`], ending: 'hang' })

  expect(await failure(small.chat(request))).toMatchObject({ reason: 'invalid_response', message: expect.stringContaining('more than') })
})

const picture = { type: 'image', data: 'iVBORw0K' } as const
const sent = { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0K' } }
const call = (id: string) => ({ id, name: 'look', input: {} })

it('shows pictures of tool results in a message of the user behind all results', async () => {
  const history: Message[] = [
    { role: 'assistant', content: null, toolCalls: [call('1'), call('2'), call('3')] },
    { role: 'tool', toolCallId: '1', content: [{ type: 'text', text: 'A sky.' }, picture] },
    { role: 'tool', toolCallId: '2', content: 'Nothing.' },
    { role: 'tool', toolCallId: '3', content: '', images: ['iVBORw0K'] },
    { role: 'user', content: 'Well?' },
  ]
  const expected = [
    { role: 'tool', tool_call_id: '1', content: 'A sky.' },
    { role: 'tool', tool_call_id: '2', content: 'Nothing.' },
    { role: 'tool', tool_call_id: '3', content: '' },
    { role: 'user', content: [sent, sent] },
    { role: 'user', content: 'Well?' },
  ]

  expect(toOpenAIMessages(history).slice(1)).toEqual(expected)
  await client.chat({ model: 'm', messages: history.slice(0, 4) })
  expect(server.requests[0]?.body.messages).toEqual([expect.objectContaining({ role: 'assistant' }), ...expected.slice(0, 4)])
})

it('shows what tools of other libraries return as pictures too', () => {
  const history = [
    { role: 'tool', content: [{ type: 'tool-result', toolCallId: '1', toolName: 'look', output: { type: 'content', value: [picture] } }] },
    { role: 'tool', tool_call_id: '2', content: [sent] },
  ] as unknown as Message[]

  expect(toOpenAIMessages(history)).toEqual([
    { role: 'tool', tool_call_id: '1', content: '' },
    { role: 'tool', tool_call_id: '2', content: '' },
    { role: 'user', content: [sent, sent] },
  ])
})

it.each(['system', 'developer', 'assistant'] as const)('refuses a picture in a message of role %s', async (role) => {
  for (const message of [
    { role, content: [picture] },
    { role, content: 'x', images: ['iVBORw0K'] },
    { role, content: [sent] },
  ] as Message[]) {
    expect(() => toOpenAIMessages([message])).toThrow(expect.objectContaining({ reason: 'unsupported' }))
    expect(await failure(client.chat({ model: 'm', messages: [message] }))).toMatchObject({ reason: 'unsupported' })
  }
})
