import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { defaultClient } from '../../src/agent/agent-settings.js'
import { requestParameters, withParameters } from '../../src/agent/model-parameters.js'
import { type OllamaServer, startOllamaServer } from '../support/ollama-server.js'

let server: OllamaServer
beforeAll(async () => {
  server = await startOllamaServer()
})
afterAll(() => server.close())

it.each([
  [{ OLLAMA_HOST: '0.0.0.0:8080' }, 'http://127.0.0.1:8080'],
  [{ OLLAMA_HOST: 'https://ollama.example' }, 'https://ollama.example'],
  [{ OLLAMA_HOST: '' }, 'http://127.0.0.1:11434'],
  [{}, 'http://127.0.0.1:11434'],
])('finds Ollama by %j at %s', (settings, baseUrl) => {
  expect(defaultClient(settings).baseUrl).toBe(baseUrl)
})

it('applies the timeout of the settings', async () => {
  vi.stubGlobal('fetch', () => new Promise(() => {}))

  const call = defaultClient({ LLM_TIMEOUT_SECONDS: '0.02' }).chat({ model: 'm', messages: [] })

  await expect(call).rejects.toMatchObject({ reason: 'timeout', phase: 'total' })
  vi.unstubAllGlobals()
})

it('applies the retries of the settings', async () => {
  server.reply({ status: 503, lines: ['{"error":"busy"}'] })

  const call = defaultClient({ OLLAMA_HOST: server.url, MAX_RETRIES: 0 }).chat({ model: 'm', messages: [] })

  await expect(call).rejects.toMatchObject({ reason: 'overloaded', attempts: 1 })
})

it('refuses numbers that are none', () => {
  expect(() => defaultClient({ LLM_TIMEOUT_SECONDS: 'soon' })).toThrow(expect.objectContaining({ field: 'LLM_TIMEOUT_SECONDS' }))
})

it('reads stored parameters in the words of Ollama and of OpenAI, and leaves the rest to the provider', () => {
  const stored = { temperature: 0, top_p: 0.9, max_completion_tokens: 5, stop: ['a', 'b'], think: 'low', num_ctx: 2048, mirostat: null }

  expect(requestParameters(stored)).toEqual({
    temperature: 0,
    topP: 0.9,
    maxOutputTokens: 5,
    stopSequences: ['a', 'b'],
    reasoning: 'low',
    providerOptions: { num_ctx: 2048 },
  })
})

it('lets a request that says nothing of a parameter keep the stored one', () => {
  const request = { messages: [], temperature: undefined, seed: 7 } as never

  expect(withParameters(request, 'm', { temperature: 0.1, seed: 1 })).toEqual({ messages: [], model: 'm', temperature: 0.1, seed: 7 })
})
