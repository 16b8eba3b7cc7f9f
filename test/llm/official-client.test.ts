import { Ollama } from 'ollama'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type OllamaServer, startOllamaServer } from '../support/ollama-server.js'

// The scripted server must be an Ollama to others too, or it would only show that our client fits our server.
let server: OllamaServer
let official: Ollama
beforeAll(async () => {
  server = await startOllamaServer()
  official = new Ollama({ host: server.url })
})
afterAll(() => server.close())

const messages = [{ role: 'user', content: 'The sky is blue.' }]

it('lets the official client chat', async () => {
  const { message, done } = await official.chat({ model: 'qwen3:14b', messages })

  expect(message.content).toBe('The sky is blue.')
  expect(done).toBe(true)
})

it('lets the official client stream', async () => {
  const words: string[] = []
  for await (const { message } of await official.chat({ model: 'qwen3:14b', messages, stream: true })) words.push(message.content)

  expect(words.join('')).toBe('The sky is blue.')
})

it('lets the official client generate, embed, list, show, pull and ask for the version', async () => {
  expect((await official.generate({ model: 'qwen3:14b', prompt: 'Hello there.' })).response).toBe('Hello there.')
  expect((await official.embed({ model: 'm', input: ['a', 'bb'] })).embeddings).toHaveLength(2)
  expect((await official.list()).models.map(({ name }) => name)).toEqual(['qwen3:14b'])
  expect((await official.show({ model: 'qwen3:14b' })).capabilities).toEqual(['completion'])
  expect(await official.version()).toEqual({ version: '0.33.0' })
  const steps: string[] = []
  for await (const { status } of await official.pull({ model: 'm', stream: true })) steps.push(status)
  expect(steps.at(-1)).toBe('success')
})

it('lets the official client see errors and an abort', async () => {
  server.reply({ status: 404, lines: ['{"error":"model \\"nope\\" not found"}'], headers: { 'content-type': 'application/json' } })
  await expect(official.chat({ model: 'nope', messages })).rejects.toMatchObject({ status_code: 404 })

  server.reply({ lines: [{ message: { role: 'assistant', content: 'word ' }, done: false }], ending: 'repeat' })
  const left = server.nextLeave()
  const stream = await official.chat({ model: 'qwen3:14b', messages, stream: true })
  for await (const _ of stream) break
  stream.abort()
  await left
})
