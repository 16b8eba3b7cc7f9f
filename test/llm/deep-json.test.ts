import { describe, expect, it } from 'vitest'
import { forAISDK, fromAISDK, toAISDK } from '../../src/ai-sdk/index.js'
import {
  defineLLMClient,
  extractJson,
  LLMError,
  type Message,
  OllamaClient,
  OpenAICompatibleClient,
  toAnthropicMessages,
  toMessages,
  toOpenAIMessages,
} from '../../src/llm/index.js'
import { parseTemplate } from '../../src/template/parse-template.js'

/** Levels of nesting: within what a provider could mean, at the bound, and far beyond any stack. */
const DEPTHS = [900, 1_500, 30_000, 400_000]
/** What one reading may take on a machine that others use: a quiet one needs a fifth of a second, and a bad algorithm hours. */
const MOST_MS = 30_000

const deepText = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)

/** Parts of a content that hold parts, as Mistral's thoughts do. */
const partsIn = (depth: number): string => `${'[{"type":"text","text":'.repeat(depth)}"yes"${'}]'.repeat(depth)}`

/** Lists and objects in turns, built without recursion. */
function deepValue(depth: number): unknown {
  let value: unknown = 'end'
  for (let level = 0; level < depth; level += 1) value = level % 2 === 0 ? [value] : { value }
  return value
}

function itself(): unknown {
  const value: { self?: unknown } = {}
  value.self = value
  return value
}

const calling = (input: unknown): Message[] => [{ role: 'assistant', content: null, toolCalls: [{ id: '1', name: 'look', input }] }]

const result = (value: unknown): Message[] =>
  [
    { role: 'tool', content: [{ type: 'tool-result', toolCallId: '1', toolName: 'look', output: { type: 'json', value } }] },
  ] as unknown as Message[]

const asked = (messages: readonly Message[] = [{ role: 'user', content: 'hello' }]) => ({ model: 'm', messages })

function openAI(data: string, status = 200): OpenAICompatibleClient {
  const fetch = async () => new Response(`data: ${data}\n\n`, { status, headers: { 'content-type': 'text/event-stream' } })
  return new OpenAICompatibleClient({ name: 'local', baseUrl: 'http://localhost/v1', maxRetries: 0, fetch })
}

function ollama(line: string): OllamaClient {
  return new OllamaClient({ maxRetries: 0, fetch: async () => new Response(`${line}\n`) })
}

const own = (input: unknown) =>
  defineLLMClient({ provider: 'own', chat: async () => ({ text: '', toolCalls: [{ id: '1', name: 'look', input }] }) })

const sdkModel = (content: readonly unknown[]) =>
  fromAISDK({
    specificationVersion: 'v3',
    provider: 'sdk',
    modelId: 'm',
    supportedUrls: {},
    doGenerate: async () => ({ content, finishReason: { unified: 'stop' }, usage: {} }),
    doStream: async () => ({ stream: new ReadableStream() }),
  } as never)

const delta = (fields: string): string => `{"choices":[{"delta":{${fields}},"finish_reason":"stop"}]}`
const DONE_LINE = '{"message":{"content":"yes"},"done":true}'

/** Everything that walks a value which others made, by the text or the value it is handed. */
const READERS: readonly (readonly [string, (text: string, value: unknown) => unknown])[] = [
  ['extractJson', (text) => extractJson(`Here: ${text}`)],
  ['extractJson of a fence', (text) => extractJson(`\`\`\`json\n${text}\n\`\`\``)],
  ['toOpenAIMessages, arguments of a tool', (_, value) => toOpenAIMessages(calling(value))],
  ['toOpenAIMessages, arguments as text', (text) => toOpenAIMessages(calling(text))],
  ['toOpenAIMessages, an unknown part', (_, value) => toOpenAIMessages([{ role: 'user', content: [{ type: 'own', value }] }] as Message[])],
  ['toAnthropicMessages, arguments of a tool', (_, value) => toAnthropicMessages(calling(value))],
  ['toAnthropicMessages, arguments as text', (text) => toAnthropicMessages(calling(text))],
  ['toMessages, the result of a tool', (_, value) => toMessages(result(value))],
  [
    'toMessages, arguments as text',
    (text) =>
      toMessages([{ role: 'assistant', content: null, tool_calls: [{ id: '1', function: { name: 'look', arguments: text } }] } as Message]),
  ],
  ['a history in a placeholder', (_, value) => parseTemplate([{ placeholder: 'history' }]).render({ history: calling(value) })],
  ['OpenAICompatibleClient, a history', (_, value) => openAI(delta('"content":"yes"')).chat(asked(calling(value)))],
  [
    'OpenAICompatibleClient, a schema',
    (_, value) => openAI('').chat({ ...asked(), responseFormat: { type: 'json', schema: value as never } }),
  ],
  [
    'OpenAICompatibleClient, arguments as text',
    (text) => openAI(delta(`"tool_calls":[{"id":"1","function":{"name":"look","arguments":"${text}"}}]`)).chat(asked()),
  ],
  [
    'OpenAICompatibleClient, arguments',
    (text) => openAI(delta(`"tool_calls":[{"id":"1","function":{"name":"look","arguments":${text}}}]`)).chat(asked()),
  ],
  ['OpenAICompatibleClient, an unknown field', (text) => openAI(delta(`"content":"yes","other":${text}`)).chat(asked())],
  ['OpenAICompatibleClient, parts in parts', (text) => openAI(delta(`"content":${partsIn(text.length / 2)}`)).chat(asked())],
  ['OpenAICompatibleClient, an error', (text) => openAI(`{"error":${text}}`).chat(asked())],
  ['OpenAICompatibleClient, vectors', (text) => openAI(`{"data":[{"embedding":${text}}]}`).embed({ model: 'm', values: ['a'] })],
  ['OllamaClient, a history', (_, value) => ollama(DONE_LINE).chat(asked(calling(value)))],
  ['OllamaClient, a history with text', (text) => ollama(DONE_LINE).chat(asked(calling(text)))],
  ['OllamaClient, options', (_, value) => ollama(DONE_LINE).chat({ ...asked(), providerOptions: { value } })],
  [
    'OllamaClient, arguments',
    (text) =>
      ollama(`{"message":{"content":"","tool_calls":[{"function":{"name":"look","arguments":${text}}}]},"done":true}`).chat(asked()),
  ],
  ['OllamaClient, vectors', (text) => ollama(`{"embeddings":[${text}]}`).embed({ model: 'm', values: ['a'] })],
  ['fromAISDK, a history', (_, value) => sdkModel([{ type: 'text', text: 'yes' }]).chat(asked(calling(value)))],
  ['fromAISDK, arguments', (text) => sdkModel([{ type: 'tool-call', toolCallId: '1', toolName: 'look', input: text }]).chat(asked())],
  ['toAISDK, arguments', (_, value) => toAISDK(own(value), 'm').doGenerate({ prompt: [] } as never)],
  [
    'toAISDK, arguments of a stream',
    async (_, value) => drain((await toAISDK(own(value), 'm').doStream({ prompt: [] } as never)) as never),
  ],
  ['toAISDK, the result of a tool', (_, value) => toAISDK(own({}), 'm').doGenerate({ prompt: result(value) } as never)],
  ['forAISDK, the result of a tool', (_, value) => forAISDK({ compile: () => result(value) })],
  ['forAISDK, arguments of a tool', (_, value) => forAISDK({ compile: () => calling(value) })],
]

async function drain({ stream }: { readonly stream: ReadableStream<{ readonly type: string; readonly error?: unknown }> }): Promise<void> {
  for await (const part of stream) if (part.type === 'error') throw part.error
}

describe.each(DEPTHS)('a value of %i levels', (depth) => {
  it.each(READERS)('is read, or refused with a typed error: %s', async (_, read) => {
    const startedAt = performance.now()

    const outcome = await Promise.resolve()
      .then(() => read(deepText(depth), deepValue(depth)))
      .then(
        () => undefined,
        (error: unknown) => error,
      )

    expect(performance.now() - startedAt).toBeLessThan(MOST_MS)
    if (outcome !== undefined) expect(outcome).toMatchObject({ code: expect.stringMatching(/^E_/) })
  })
})

it.each([
  ['that contains itself', itself()],
  ['with a BigInt', { id: 1n }],
  ['deeper than the stack', deepValue(400_000)],
])('arguments of a tool %s are refused by name', async (_, value) => {
  const refusal = { reason: 'bad_request', message: expect.stringContaining('JSON') }

  expect(() => toOpenAIMessages(calling(value))).toThrow(LLMError)
  expect(() => toOpenAIMessages(calling(value))).toThrow(expect.objectContaining(refusal))
  await expect(openAI('').chat(asked(calling(value)))).rejects.toMatchObject(refusal)
  await expect(ollama('').chat(asked(calling(value)))).rejects.toMatchObject({ reason: 'bad_request' })
})

it('hands on arguments of 900 levels', async () => {
  const data = delta(`"tool_calls":[{"id":"1","function":{"name":"look","arguments":"${deepText(900)}"}}]`)

  const { toolCalls } = await openAI(data).chat(asked())

  expect(JSON.stringify(toolCalls[0]?.input)).toBe(deepText(900))
})
