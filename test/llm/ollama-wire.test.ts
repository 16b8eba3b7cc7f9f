import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ChatRequest, ChatResult, JsonSchema, Message, ToolCall } from '../../src/llm/index.js'
import { type GenerateRequest, LLMError, OllamaClient } from '../../src/llm/index.js'
import { type OllamaReply, type OllamaServer, startOllamaServer } from '../support/ollama-server.js'
import wire from './ollama-wire.json' with { type: 'json' }

interface WireCase {
  readonly name: string
  readonly path: string
  readonly request: WireRequest | null
  readonly response: { readonly status: number; readonly lines: readonly unknown[]; readonly contentType: string; readonly stream: boolean }
  readonly expect?: {
    readonly text?: string
    readonly thinking?: string
    readonly finishReason?: string
    readonly toolCalls?: readonly unknown[]
    readonly usage?: Record<string, number>
    readonly tokensPerSecond?: number
    readonly error?: { readonly code: string; readonly retryable: boolean; readonly status: number; readonly hintContains?: string }
  }
}

interface WireRequest {
  readonly model?: string
  readonly prompt?: string
  readonly images?: readonly string[]
  readonly format?: string | Record<string, unknown>
  readonly options?: object
  readonly keep_alive?: number
  readonly think?: boolean
  readonly input?: string | readonly string[]
  readonly messages?: readonly WireMessage[]
  readonly tools?: readonly {
    readonly function: { readonly name: string; readonly description?: string; readonly parameters: JsonSchema }
  }[]
}

interface WireMessage {
  readonly role: Message['role']
  readonly content: string
  readonly tool_name?: string
  readonly tool_calls?: readonly { readonly function: { readonly name: string; readonly arguments: unknown } }[]
}

const cases = wire.cases as unknown as readonly WireCase[]
let server: OllamaServer
let ollama: OllamaClient

beforeAll(async () => {
  server = await startOllamaServer()
  ollama = new OllamaClient({ baseUrl: server.url, maxRetries: 0 })
})
afterAll(() => server.close())

describe('every exchange of the wire cases', () => {
  for (const example of cases.filter(({ path }) => path === '/api/chat' || path === '/api/generate')) {
    it(`is understood: ${example.name}`, async () => {
      server.reply(replyOf(example))

      const outcome = await ask(example).catch((error: unknown) => error)

      if (example.expect?.error) expectError(outcome, example.expect.error)
      else expectResult(outcome as ChatResult, example)
    })

    it(`is understood cut into single bytes: ${example.name}`, async () => {
      server.reply({ ...replyOf(example), pieceBytes: 1 })

      const outcome = await ask(example).catch((error: unknown) => error)

      if (example.expect?.error) expectError(outcome, example.expect.error)
      else expectResult(outcome as ChatResult, example)
    })
  }

  for (const example of cases.filter(({ path, expect }) => path === '/api/chat' && !expect?.error)) {
    it(`is streamed as it is answered: ${example.name}`, async () => {
      server.reply(replyOf(example))

      const events = []
      for await (const event of ollama.stream(chatRequest(example))) events.push(event)

      const finish = events.at(-1)
      expect(finish?.type).toBe('finish')
      if (finish?.type === 'finish') expectResult(finish.result, example)
      expect(events.map((event) => (event.type === 'text' ? event.delta : '')).join('')).toBe(example.expect?.text)
      expect(events.filter((event) => event.type === 'tool-call')).toHaveLength(example.expect?.toolCalls?.length ?? 0)
    })

    it(`is asked for in the same words: ${example.name}`, async () => {
      server.reply(replyOf(example))

      await ollama.chat(chatRequest(example))

      expect(server.requests.at(-1)?.body).toEqual({ ...example.request, stream: true })
    })
  }

  for (const example of cases.filter(({ path, expect }) => path === '/api/embed' && !expect?.error)) {
    it(`is understood: ${example.name}`, async () => {
      const values = [example.request?.input].flat() as string[]
      const [line] = example.response.lines as [{ embeddings: number[][]; prompt_eval_count?: number }]
      server.reply(replyOf(example))

      const result = await ollama.embed({ model: String(example.request?.model), values })

      expect(result.embeddings).toEqual(line.embeddings)
      expect(result.usage.inputTokens).toBe(line.prompt_eval_count)
    })
  }

  it('is understood: an input longer than the context', async () => {
    const example = cases.find(({ name }) => name.startsWith('error / context length')) as WireCase
    server.reply(replyOf(example))

    const error = await ollama
      .embed({ model: 'm', values: ['long'], providerOptions: { truncate: false } })
      .catch((caught: unknown) => caught)

    expectError(error, example.expect?.error)
    expect(server.requests.at(-1)?.body).toMatchObject({ truncate: false })
  })

  it('is understood: what the server knows about a model', async () => {
    server.reply(replyOf(cases.find(({ path }) => path === '/api/show') as WireCase))

    const details = await ollama.show('llava')

    expect(details).toMatchObject({
      name: 'llava',
      family: 'llama',
      contextLength: 8192,
      capabilities: ['completion', 'vision'],
    })
  })

  it('is understood: a pull in one line', async () => {
    server.reply(replyOf(cases.find(({ path }) => path === '/api/pull') as WireCase))

    const steps = []
    for await (const step of ollama.pull('llama3.2')) steps.push(step)

    expect(steps).toEqual([{ status: 'success' }])
  })

  it('is understood: the root page', async () => {
    server.reply(replyOf(cases.find(({ path }) => path === '/') as WireCase))

    expect(await ollama.health()).toMatchObject({ ok: true })
  })
})

function replyOf({ response }: WireCase): OllamaReply {
  const { status, stream, contentType } = response
  const lines = stream ? response.lines : response.lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line)))
  return { status, lines, headers: { 'content-type': contentType } }
}

function ask(example: WireCase): Promise<ChatResult> {
  if (example.path === '/api/chat') return ollama.chat(chatRequest(example))
  const { model = '', prompt = '', images, format, options, keep_alive } = example.request ?? {}
  const schema = typeof format === 'object' ? { schema: format } : {}
  const request: GenerateRequest = {
    model,
    prompt,
    ...(images && { images }),
    ...(format && { responseFormat: { type: 'json', ...schema } }),
    providerOptions: { options, keep_alive },
  }
  return ollama.generate(request)
}

function chatRequest(example: WireCase): ChatRequest {
  const { model = '', messages = [], tools, think } = example.request ?? {}
  return {
    model,
    messages: messages.map(messageOf),
    ...(think !== undefined && { reasoning: think }),
    ...(tools && { tools: tools.map(({ function: { parameters, ...rest } }) => ({ ...rest, inputSchema: parameters })) }),
  }
}

function messageOf({ tool_calls, tool_name, ...message }: WireMessage): Message {
  return {
    ...message,
    // The cases' calls carry no id, and none is to be sent.
    ...(tool_calls && {
      toolCalls: tool_calls.map(({ function: called }) => ({ name: called.name, input: called.arguments }) as ToolCall),
    }),
    ...(tool_name && { toolName: tool_name }),
  }
}

function expectResult(result: ChatResult, { expect: wanted }: WireCase): void {
  expect(result).not.toBeInstanceOf(Error)
  expect(result.text).toBe(wanted?.text)
  expect(result.thinking).toBe(wanted?.thinking)
  expect(result.finishReason).toBe(wanted?.finishReason)
  expect(result.toolCalls.map(({ name, input }) => ({ name, input }))).toEqual(wanted?.toolCalls ?? [])
  const { totalTokens, ...usage } = result.usage
  expect(usage).toEqual(wanted?.usage)
  expect(totalTokens).toBe(sum(wanted?.usage))
  if (wanted?.tokensPerSecond === undefined) expect(result.timings.tokensPerSecond).toBeUndefined()
  else expect(result.timings.tokensPerSecond).toBeCloseTo(wanted.tokensPerSecond, 2)
}

function sum(usage: Record<string, number> | undefined): number | undefined {
  const { inputTokens, outputTokens } = usage ?? {}
  return inputTokens === undefined || outputTokens === undefined ? undefined : inputTokens + outputTokens
}

function expectError(error: unknown, wanted: NonNullable<WireCase['expect']>['error']): void {
  expect(error).toBeInstanceOf(LLMError)
  expect(error).toMatchObject({ code: 'E_LLM', reason: wanted?.code, retryable: wanted?.retryable, status: wanted?.status })
  if (wanted?.hintContains) expect((error as LLMError).hint).toContain(wanted.hintContains)
}
