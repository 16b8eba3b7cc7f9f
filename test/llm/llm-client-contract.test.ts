import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fromAISDK, toAISDK } from '../../src/ai-sdk/index.js'
import { defineLLMClient, type LLMClient, OllamaClient, OpenAICompatibleClient } from '../../src/llm/index.js'
import { FakeLLMClient } from '../../src/testing/fake-llm-client.js'
import { llmClientContract } from '../../src/testing/llm-client-contract.js'
import { type OllamaServer, startOllamaServer } from '../support/ollama-server.js'
import { startOpenAIServer } from '../support/openai-server.js'

let server: OllamaServer
let openai: OllamaServer
beforeAll(async () => {
  server = await startOllamaServer()
  openai = await startOpenAIServer()
})
afterAll(() => Promise.all([server.close(), openai.close()]))

const clients: Record<string, () => LLMClient> = {
  OllamaClient: () => new OllamaClient({ baseUrl: server.url }),
  OpenAICompatibleClient: () => new OpenAICompatibleClient({ name: 'local', baseUrl: `${openai.url}/v1` }),
  FakeLLMClient: () => new FakeLLMClient(() => ({ thinking: 'hm', chunks: ['Hel', 'lo.'] })),
  'a client defined by chat': () => defineLLMClient({ provider: 'own', chat: async () => ({ text: 'Hello.' }) }),
  'a client defined by stream': () =>
    defineLLMClient({
      provider: 'own',
      async *stream() {
        yield { type: 'text', delta: 'Hel' }
        yield { type: 'text', delta: 'lo.' }
      },
    }),
  'OllamaClient through the AI SDK and back': () =>
    fromAISDK((model: string) => toAISDK(new OllamaClient({ baseUrl: server.url }), model), { provider: 'own' }),
}

for (const [name, makeClient] of Object.entries(clients)) {
  describe(name, () => llmClientContract(makeClient, { describe, it, model: 'qwen3:14b' }))
}

describe('the contract', () => {
  const faults: [string, () => LLMClient][] = [
    [
      'does not change the request',
      () => tampered((client) => ({ chat: (request, options) => client.chat(Object.assign(request, { seed: 1 }), options) })),
    ],
    ['streams parts that add up to the result, and ends with it', () => tampered((client) => ({ stream: () => withoutFinish(client) }))],
    [
      'refuses a call whose signal is aborted, with reason "aborted"',
      () => tampered((client) => ({ chat: (request) => client.chat(request) })),
    ],
    [
      'leaves no listener on the signal',
      () =>
        tampered((client) => ({
          chat: (request, options) => {
            options?.signal?.addEventListener('abort', () => {})
            return client.chat(request, options)
          },
        })),
    ],
    [
      'answers with a whole result',
      () => tampered((client) => ({ chat: async (request) => ({ ...(await client.chat(request)), finishReason: 'done' as never }) })),
    ],
  ]

  it.each(faults)('finds a client that does not hold: %s', async (title, makeClient) => {
    const tests = new Map<string, () => Promise<void>>()
    llmClientContract(makeClient, { describe: (_, body) => body(), it: (name, run) => tests.set(name, run) })

    await expect(tests.get(title)?.()).rejects.toThrow()
  })

  it('says what is missing where there is no test runner', () => {
    expect(() => llmClientContract(() => new FakeLLMClient())).toThrow(expect.objectContaining({ code: 'E_INVALID_ARGUMENT' }))
  })
})

function tampered(change: (client: LLMClient) => Partial<LLMClient>): LLMClient {
  const client = new FakeLLMClient(() => 'Hello.')
  return Object.assign(Object.create(client), { provider: 'fake' }, change(client))
}

async function* withoutFinish(client: LLMClient) {
  for await (const event of client.stream({ model: 'm', messages: [] })) if (event.type !== 'finish') yield event
}
