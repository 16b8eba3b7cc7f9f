import { generateText, jsonSchema, stepCountIs, streamText, tool } from 'ai'
import { convertArrayToReadableStream, MockEmbeddingModelV3, MockLanguageModelV3 } from 'ai/test'
import { describe, expect, it, vi } from 'vitest'
import { fromAISDK, toAISDK } from '../../src/ai-sdk/index.js'
import { assistantMessage, type ChatEvent, defineLLMClient, type Message, toAnthropicMessages } from '../../src/llm/index.js'

const signed = { anthropic: { signature: 'sig-1' } }
const redacted = { anthropic: { redactedData: 'xyz' } }
const thoughtful = { google: { thoughtSignature: 'sig-2' } }
const usage = {
  inputTokens: { total: 100, noCache: 20, cacheRead: 80, cacheWrite: 0 },
  outputTokens: { total: 50, text: 20, reasoning: 30 },
}
const finishReason = { unified: 'tool-calls' as const, raw: 'tool_use' }
const content = [
  { type: 'reasoning' as const, text: 'Hm.', providerMetadata: signed },
  { type: 'reasoning' as const, text: '', providerMetadata: redacted },
  { type: 'text' as const, text: 'I look.', providerMetadata: { openai: { itemId: 'msg_1' } } },
  { type: 'tool-call' as const, toolCallId: 'c1', toolName: 'look', input: '{"at":1}', providerMetadata: thoughtful },
]
const streamed = [
  { type: 'stream-start' as const, warnings: [] },
  { type: 'reasoning-start' as const, id: '1' },
  { type: 'reasoning-delta' as const, id: '1', delta: 'Hm' },
  { type: 'reasoning-delta' as const, id: '1', delta: '.' },
  { type: 'reasoning-delta' as const, id: '1', delta: '', providerMetadata: signed },
  { type: 'reasoning-end' as const, id: '1' },
  { type: 'reasoning-start' as const, id: '2', providerMetadata: redacted },
  { type: 'reasoning-end' as const, id: '2' },
  { type: 'text-start' as const, id: '3' },
  { type: 'text-delta' as const, id: '3', delta: 'I look.' },
  { type: 'text-end' as const, id: '3', providerMetadata: { openai: { itemId: 'msg_1' } } },
  { type: 'tool-call' as const, toolCallId: 'c1', toolName: 'look', input: '{"at":1}', providerMetadata: thoughtful },
  { type: 'finish' as const, finishReason, usage },
]

function signedModel() {
  return new MockLanguageModelV3({
    provider: 'anthropic.messages',
    doGenerate: async () => ({ content, finishReason, usage, warnings: [] }),
    doStream: async () => ({ stream: convertArrayToReadableStream(streamed) }),
  })
}

const messages: Message[] = [{ role: 'user', content: 'What is there?' }]

async function finished(stream: AsyncIterable<ChatEvent>) {
  let last: ChatEvent | undefined
  for await (const event of stream) last = event
  if (last?.type !== 'finish') throw new Error('no finish')
  return last.result
}

describe('what a provider says with its parts', () => {
  it.each(['chat', 'stream'] as const)('comes with the answer and goes back with the history, in %s', async (verb) => {
    const model = signedModel()
    const client = fromAISDK(model)
    const asked = { model: 'claude', messages }

    const result = verb === 'chat' ? await client.chat(asked) : await finished(client.stream(asked))

    expect(result).toMatchObject({
      text: 'I look.',
      thinking: 'Hm.',
      toolCalls: [{ id: 'c1', input: { at: 1 }, providerMetadata: thoughtful }],
    })
    const history: Message[] = [
      ...messages,
      assistantMessage(result),
      { role: 'tool', toolCallId: 'c1', toolName: 'look', content: 'A sky.' },
    ]
    await client.chat({ model: 'claude', messages: history })
    expect(model.doGenerateCalls.at(-1)?.prompt[1]).toEqual({
      role: 'assistant',
      content: [
        { type: 'reasoning', text: 'Hm.', providerOptions: signed },
        { type: 'reasoning', text: '', providerOptions: redacted },
        { type: 'text', text: 'I look.', providerOptions: { openai: { itemId: 'msg_1' } } },
        { type: 'tool-call', toolCallId: 'c1', toolName: 'look', input: { at: 1 }, providerOptions: thoughtful },
      ],
    })
    // And to those who call Anthropic themselves.
    expect(toAnthropicMessages(history).messages[1]?.content).toMatchObject([
      { type: 'thinking', thinking: 'Hm.', signature: 'sig-1' },
      { type: 'redacted_thinking', data: 'xyz' },
      { type: 'text' },
      { type: 'tool_use', id: 'c1' },
    ])
  })

  it('keeps where calls of tools stood between thoughts', async () => {
    const between = [content[3]!, content[0]!, { ...content[3]!, toolCallId: 'c2' }]
    const model = new MockLanguageModelV3({ doGenerate: async () => ({ content: between, finishReason, usage, warnings: [] }) })
    const client = fromAISDK(model)

    const result = await client.chat({ model: 'm', messages })
    await client.chat({ model: 'm', messages: [...messages, assistantMessage(result)] })

    const sent = model.doGenerateCalls.at(-1)?.prompt[1]?.content as { type: string; toolCallId?: string }[]
    expect(sent.map(({ type, toolCallId }) => toolCallId ?? type)).toEqual(['c1', 'reasoning', 'c2'])
  })

  it('says nothing more of an answer that holds nothing more', async () => {
    const plain = new MockLanguageModelV3({
      doGenerate: async () => ({ content: [{ type: 'text', text: 'Yes.' }], finishReason, usage, warnings: [] }),
    })
    expect(await fromAISDK(plain).chat({ model: 'm', messages })).not.toHaveProperty('message')
  })

  it.each(['generateText', 'streamText'])('crosses the bridge both ways, in %s', async (verb) => {
    const model = signedModel()
    const look = tool({ inputSchema: jsonSchema<{ at: number }>({ type: 'object' }), execute: async () => 'A sky.' })
    const options = { model: toAISDK(fromAISDK(model), 'claude'), tools: { look }, stopWhen: stepCountIs(2), prompt: 'What is there?' }

    const steps = verb === 'generateText' ? (await generateText(options)).totalUsage : await streamText(options).totalUsage

    const calls = verb === 'generateText' ? model.doGenerateCalls : model.doStreamCalls
    const sent = calls.at(-1)?.prompt.find(({ role }) => role === 'assistant')?.content as { type: string; providerOptions?: unknown }[]
    expect(sent.filter(({ type }) => type === 'reasoning').map(({ providerOptions }) => providerOptions)).toEqual([signed, redacted])
    expect(sent.find(({ type }) => type === 'tool-call')?.providerOptions).toEqual(thoughtful)
    expect(steps).toMatchObject({ cachedInputTokens: 160, reasoningTokens: 60 })
  })
})

it('tells cached and reasoning tokens, of specification v2 too', async () => {
  expect((await fromAISDK(signedModel()).chat({ model: 'm', messages })).usage).toEqual({
    inputTokens: 100,
    outputTokens: 50,
    totalTokens: 150,
    cachedInputTokens: 80,
    reasoningTokens: 30,
  })
  const old = {
    specificationVersion: 'v2',
    provider: 'old',
    modelId: 'm',
    doGenerate: async () => ({
      content: [],
      finishReason: 'stop',
      usage: { inputTokens: 1, outputTokens: 2, totalTokens: 3, cachedInputTokens: 1, reasoningTokens: 2 },
    }),
    doStream: async () => ({}),
  }
  expect((await fromAISDK(old).chat({ model: 'm', messages })).usage).toEqual({
    inputTokens: 1,
    outputTokens: 2,
    totalTokens: 3,
    cachedInputTokens: 1,
    reasoningTokens: 2,
  })
})

it('passes stored options on in the words of the AI SDK, and warns of what a provider may not know', async () => {
  const model = new MockLanguageModelV3({
    provider: 'openai.responses',
    doGenerate: async () => ({ content: [{ type: 'text', text: 'Yes.' }], finishReason, usage, warnings: [] }),
  })
  const result = await fromAISDK(model, { provider: 'gpt' }).chat({
    model: 'gpt-5',
    messages,
    providerOptions: {
      reasoning_effort: 'low',
      parallel_tool_calls: false,
      service_tier: 'flex',
      store: false,
      thinking: { type: 'enabled', budget_tokens: 1 },
      odd_one: 1,
      openai: { user: 'u' },
    },
  })

  const own = {
    reasoningEffort: 'low',
    parallelToolCalls: false,
    serviceTier: 'flex',
    store: false,
    thinking: { type: 'enabled', budgetTokens: 1 },
    odd_one: 1,
  }
  expect(model.doGenerateCalls[0]?.providerOptions).toEqual({ gpt: own, openai: { ...own, user: 'u' } })
  expect(result.warnings).toEqual([expect.stringContaining('"odd_one"')])
})

it.each([
  ['required', { type: 'required' }],
  [{ type: 'tool', toolName: 'look' } as const, { type: 'tool', toolName: 'look' }],
  [undefined, { type: 'auto' }],
] as const)('carries toolChoice %j both ways', async (toolChoice, expected) => {
  const model = signedModel()
  await fromAISDK(model).chat({ model: 'm', messages, tools: [{ name: 'look', inputSchema: {} }], ...(toolChoice && { toolChoice }) })
  expect(model.doGenerateCalls[0]?.toolChoice).toEqual(expected)

  let seen: unknown
  const own = defineLLMClient({
    provider: 'own',
    chat: async (request) => {
      seen = request.toolChoice
      return { text: 'Yes.' }
    },
  })
  await toAISDK(own, 'm').doGenerate({ prompt: [], tools: [{ type: 'function', name: 'look', inputSchema: {} }], toolChoice: expected })
  expect(seen).toEqual(toolChoice)
})

it('marks what a provider should keep, and sends pictures and files by address or bytes', async () => {
  const model = signedModel()
  await fromAISDK(model).chat({
    model: 'm',
    messages: [
      { role: 'developer', content: 'Be brief.', cache: '1h' },
      {
        role: 'user',
        content: [
          { type: 'image', url: 'https://x/y.png' },
          { type: 'file', data: 'JVBERi0x', filename: 'a.pdf', cache: true },
        ],
      },
      {
        role: 'tool',
        toolCallId: 'c',
        toolName: 'look',
        content: [
          { type: 'text', text: 'It is:' },
          { type: 'image', data: 'iVBORw0K' },
        ],
      },
    ],
  })

  expect(model.doGenerateCalls[0]?.prompt).toEqual([
    { role: 'system', content: 'Be brief.', providerOptions: { anthropic: { cacheControl: { type: 'ephemeral', ttl: '1h' } } } },
    {
      role: 'user',
      content: [
        { type: 'file', mediaType: 'image/*', data: new URL('https://x/y.png') },
        {
          type: 'file',
          mediaType: 'application/pdf',
          data: 'JVBERi0x',
          filename: 'a.pdf',
          providerOptions: { anthropic: { cacheControl: { type: 'ephemeral' } } },
        },
      ],
    },
    {
      role: 'tool',
      content: [
        {
          type: 'tool-result',
          toolCallId: 'c',
          toolName: 'look',
          output: {
            type: 'content',
            value: [
              { type: 'text', text: 'It is:' },
              { type: 'file-data', data: 'iVBORw0K', mediaType: 'image/png' },
            ],
          },
        },
      ],
    },
  ])
})

it('gives a whole answer 600 seconds', async () => {
  vi.useFakeTimers()
  try {
    const slow = new MockLanguageModelV3({
      doGenerate: async () => {
        await new Promise((resolve) => setTimeout(resolve, 130_000))
        return { content: [{ type: 'text', text: 'Here.' }], finishReason, usage, warnings: [] }
      },
    })
    const answer = fromAISDK(slow).chat({ model: 'm', messages })
    await vi.runAllTimersAsync()
    expect((await answer).text).toBe('Here.')
  } finally {
    vi.useRealTimers()
  }
})

describe('embeddings of the AI SDK', () => {
  const provider = (model: MockEmbeddingModelV3) => ({
    languageModel: () => new MockLanguageModelV3({ provider: 'openai' }),
    embeddingModel: () => model,
  })

  it('keep to the most a model takes, tell dimensions, and are checked', async () => {
    const model = new MockEmbeddingModelV3({
      provider: 'openai.embedding',
      maxEmbeddingsPerCall: 2,
      doEmbed: async ({ values }) => ({
        embeddings: values.map((text) => (text === 'bad' ? [1] : [1, 2])),
        usage: { tokens: values.length },
        warnings: [],
      }),
    })
    const client = fromAISDK(provider(model))

    expect(await client.embed?.({ model: 'e', values: ['a', 'b', 'c'], dimensions: 2 })).toMatchObject({
      embeddings: [
        [1, 2],
        [1, 2],
        [1, 2],
      ],
      usage: { inputTokens: 3 },
    })
    expect(model.doEmbedCalls.map(({ values }) => values)).toEqual([['a', 'b'], ['c']])
    expect(model.doEmbedCalls[0]?.providerOptions).toMatchObject({ openai: { dimensions: 2 } })
    await expect(client.embed?.({ model: 'e', values: ['a', 'bad'] })).rejects.toMatchObject({ reason: 'invalid_output' })
  })

  it('have timers and retries', async () => {
    vi.useFakeTimers()
    try {
      let calls = 0
      const model = new MockEmbeddingModelV3({
        doEmbed: async ({ values }) => {
          calls += 1
          if (calls === 1) throw Object.assign(new Error('busy'), { statusCode: 503 })
          if (calls === 2) return { embeddings: values.map(() => [1]), warnings: [] }
          return new Promise(() => {})
        },
      })
      const client = fromAISDK(provider(model))
      const retried = client.embed?.({ model: 'e', values: ['a'] })
      await vi.runAllTimersAsync()
      expect((await retried)?.embeddings).toEqual([[1]])
      const late = client.embed?.({ model: 'e', values: ['a'] }, { timeout: 1_000 }).catch((error: unknown) => error)
      await vi.runAllTimersAsync()
      expect(await late).toMatchObject({ reason: 'timeout' })
    } finally {
      vi.useRealTimers()
    }
  })
})
