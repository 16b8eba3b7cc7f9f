import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import OpenAI from 'openai'
import { startOllamaServer } from '../support/ollama-server.js'
import { OllamaClient, OpenAICompatibleClient } from './support/built.js'
import { installPeers } from './support/peers.js'
import { type BenchRow, significant } from './support/row.js'

/** One way to talk to Ollama. Both verbs give the text. */
interface Contender {
  chat(messages: readonly ChatMessage[]): Promise<string>
  stream(messages: readonly ChatMessage[]): Promise<string>
}

interface ChatMessage {
  readonly role: 'user'
  readonly content: string
}

const MODEL = 'qwen3:14b'
const ROUNDS = 9
const CALLS = 200
const CHUNKS = 2_000
const STREAMS = 5
const LEAVES = 20

/** Processor time per chat call and per streamed chunk, beside a bare fetch, the official packages and an AI SDK provider. */
export async function llmBench(): Promise<BenchRow[]> {
  const server = fork(fileURLToPath(new URL('llm/server-process.ts', import.meta.url)), { execArgv: ['--import', 'tsx'] })
  const [urls] = (await once(server, 'message')) as [{ readonly ollama: string; readonly openai: string }]
  const { peerClients } = await import(pathToFileURL(join(installPeers('llm'), 'clients.js')).href)
  const contenders: Record<string, Contender> = {
    ours: ours(urls.ollama),
    'bare fetch': bareFetch(urls.ollama),
    ...peerClients(urls.ollama, MODEL),
  }
  const question: readonly ChatMessage[] = [{ role: 'user', content: 'Why is the sky blue? '.repeat(4) }]

  const perCall = await compare(contenders, CALLS, (contender) => contender.chat(question))
  const long = [{ role: 'user' as const, content: 'word '.repeat(CHUNKS).trim() }]
  const perStream = await compare(contenders, STREAMS, (contender) => contender.stream(long))
  const perChunk = Object.fromEntries(Object.entries(perStream).map(([name, micros]) => [name, micros / CHUNKS]))
  const compatible = { ours: compatibleClient(urls.openai), openai: officialOpenAI(urls.openai) }
  const perCompletion = await compare(compatible, CALLS, (contender) => contender.chat(question))
  server.disconnect()
  return [
    ...rowsOf('a chat call of 20 chunks, processor time', perCall, { 'bare fetch': 1.2, ollama: 1.05 }),
    ...rowsOf('a streamed chunk, processor time', perChunk, { 'bare fetch': 1.3 }),
    ...rowsOf('OpenAICompatibleClient, a chat call of 20 chunks, processor time', perCompletion, { openai: 0.8 }),
    await leaveRow(),
    await bundleRow('OllamaClient', 9_000),
    await bundleRow('OpenAICompatibleClient', 8_000),
  ]
}

function ours(url: string): Contender {
  const client = new OllamaClient({ baseUrl: url })
  return {
    chat: async (messages) => (await client.chat({ model: MODEL, messages })).text,
    async stream(messages) {
      let text = ''
      for await (const event of client.stream({ model: MODEL, messages })) if (event.type === 'text') text += event.delta
      return text
    },
  }
}

function compatibleClient(url: string): Contender {
  const client = new OpenAICompatibleClient({ name: 'local', baseUrl: `${url}/v1`, apiKey: 'sk' })
  const chat = async (messages: readonly ChatMessage[]) => (await client.chat({ model: MODEL, messages })).text
  return { chat, stream: chat }
}

/** As ours does: streamed on the wire, so that timers for the first part could work. */
function officialOpenAI(url: string): Contender {
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'sk' })
  const chat = async (messages: readonly ChatMessage[]) => {
    let text = ''
    const stream = await client.chat.completions.create({
      model: MODEL,
      messages: [...messages],
      stream: true,
      stream_options: { include_usage: true },
    })
    for await (const { choices } of stream) text += choices[0]?.delta.content ?? ''
    return text
  }
  return { chat, stream: chat }
}

/** The least one can do: decode, split lines, parse. No timers, no retries, no errors. */
function bareFetch(url: string): Contender {
  const read = async (messages: readonly ChatMessage[]): Promise<string> => {
    const response = await fetch(`${url}/api/chat`, { method: 'POST', body: JSON.stringify({ model: MODEL, messages, stream: true }) })
    const decoder = new TextDecoder()
    let text = ''
    let rest = ''
    for await (const bytes of response.body as ReadableStream<Uint8Array>) {
      const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) text += JSON.parse(line).message.content
    }
    return text
  }
  return { chat: read, stream: read }
}

/** Microseconds of processor time each of them takes for one piece of work: the median of rounds that go around all of them. */
async function compare(
  contenders: Record<string, Contender>,
  times: number,
  work: (contender: Contender) => Promise<string>,
): Promise<Record<string, number>> {
  const samples: Record<string, number[]> = {}
  for (let round = -1; round < ROUNDS; round += 1) {
    for (const [name, contender] of Object.entries(contenders)) {
      const before = process.cpuUsage()
      for (let time = 0; time < times; time += 1) {
        if ((await work(contender)) === '') throw new Error(`${name} gave no text.`)
      }
      const { user, system } = process.cpuUsage(before)
      // The first round warms up.
      if (round >= 0) samples[name] = [...(samples[name] ?? []), (user + system) / times]
    }
  }
  return Object.fromEntries(Object.entries(samples).map(([name, values]) => [name, values.sort((a, b) => a - b)[ROUNDS >> 1] as number]))
}

/** @param reaches how many times as much ours may take; beside those not named, no more than they do */
function rowsOf(measure: string, micros: Record<string, number>, reaches: Readonly<Record<string, number>>): BenchRow[] {
  const own = micros.ours as number
  return Object.entries(micros)
    .filter(([name]) => name !== 'ours')
    .map(([name, value]) => ({
      measure,
      ours: `${significant(own)} µs`,
      beside: `${significant(value)} µs (${name})`,
      ratio: own / value,
      reach: reaches[name] ?? 1,
      atMost: true,
    }))
}

/** How soon the server is free again after the reader left a stream. */
async function leaveRow(): Promise<BenchRow> {
  const server = await startOllamaServer()
  const client = new OllamaClient({ baseUrl: server.url })
  let longestMs = 0
  for (let time = 0; time < LEAVES; time += 1) {
    server.reply({ lines: [{ message: { content: 'word ' }, done: false }], ending: 'repeat' })
    const left = server.nextLeave()
    for await (const _ of client.stream({ model: MODEL, messages: [] })) break
    const startedAt = performance.now()
    await left
    longestMs = Math.max(longestMs, performance.now() - startedAt)
  }
  await server.close()
  return {
    measure: `leaving a stream frees the server, longest of ${LEAVES}`,
    ours: `${significant(longestMs)} ms`,
    beside: '200 ms',
    ratio: longestMs / 200,
    reach: 1,
    atMost: true,
  }
}

async function bundleRow(name: string, most: number): Promise<BenchRow> {
  const contents = `import { ${name} } from './src/llm/index.ts'; globalThis.client = ${name}`
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: process.cwd() },
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
  })
  const { length } = gzipSync(outputFiles[0]?.contents ?? '', { level: 9 })
  return {
    measure: `${name} in a browser, gzip`,
    ours: `${length} bytes`,
    beside: `${most} bytes`,
    ratio: length / most,
    reach: 1,
    atMost: true,
  }
}
