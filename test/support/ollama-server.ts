import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** One answer of the scripted server. */
export interface OllamaReply {
  /** @default 200 */
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** Written one after the other with a line feed each; strings and bytes are written as they are, without one. */
  readonly lines?: readonly unknown[]
  /** Cuts the bytes of the body into pieces of this size, each its own chunk. */
  readonly pieceBytes?: number
  /** Pause before each line and before what follows them, in milliseconds. */
  readonly gapMs?: number
  /** Waits for this before the headers are sent. */
  readonly before?: Promise<unknown>
  /** What happens after the lines: a proper end, silence, more of the last line for ever, or a reset connection. @default 'end' */
  readonly ending?: 'end' | 'hang' | 'repeat' | 'reset'
}

/** One request as it came. */
export interface SeenRequest {
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: Record<string, unknown>
}

/** An Ollama that answers as the test says, and otherwise like a small real one. */
export interface OllamaServer {
  readonly url: string
  readonly requests: readonly SeenRequest[]
  /** Requests that were begun and neither answered nor left. */
  readonly open: number
  /** The next requests get these answers, in order. */
  reply(...replies: readonly OllamaReply[]): void
  /** Resolves when the next client leaves before its answer is complete. */
  nextLeave(): Promise<void>
  /** Resolves when the next request has come in. */
  nextRequest(): Promise<SeenRequest>
  close(): Promise<void>
}

export async function startOllamaServer(): Promise<OllamaServer> {
  const requests: SeenRequest[] = []
  const script: OllamaReply[] = []
  const leaves: (() => void)[] = []
  const arrivals: ((request: SeenRequest) => void)[] = []
  let open = 0

  const server = createServer(async (incoming, response) => {
    const request = await readRequest(incoming)
    requests.push(request)
    open += 1
    response.on('close', () => {
      open -= 1
      if (!response.writableFinished) for (const resolve of leaves.splice(0)) resolve()
    })
    for (const resolve of arrivals.splice(0)) resolve(request)
    await send(response, script.shift() ?? ownReply(request)).catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    get open() {
      return open
    },
    reply: (...replies) => void script.push(...replies),
    nextLeave: () => new Promise((resolve) => leaves.push(resolve)),
    nextRequest: () => new Promise((resolve) => arrivals.push(resolve)),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** Lines of a chat answer with this text, one word each, and the last line with `done`. */
export function chatLines(text: string, last: Record<string, unknown> = {}): unknown[] {
  const head = { model: 'qwen3:14b', created_at: '2026-01-01T00:00:00Z' }
  const words = text.match(/\S+\s*/g) ?? []
  return [
    ...words.map((content) => ({ ...head, message: { role: 'assistant', content }, done: false })),
    { ...head, message: { role: 'assistant', content: '' }, done: true, done_reason: 'stop', ...STATISTICS, ...last },
  ]
}

const STATISTICS = {
  total_duration: 1_000_000_000,
  load_duration: 100_000_000,
  prompt_eval_count: 11,
  prompt_eval_duration: 50_000_000,
  eval_count: 18,
  eval_duration: 500_000_000,
}

async function readRequest(incoming: IncomingMessage): Promise<SeenRequest> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk as Buffer)
  const text = Buffer.concat(chunks).toString()
  return { method: incoming.method ?? '', path: incoming.url ?? '', headers: incoming.headers, body: text === '' ? {} : JSON.parse(text) }
}

async function send(response: ServerResponse, reply: OllamaReply): Promise<void> {
  const { status = 200, headers, lines = [], pieceBytes, gapMs, before, ending = 'end' } = reply
  await before
  if (response.destroyed) return
  response.writeHead(status, { 'content-type': 'application/x-ndjson', ...headers })
  response.flushHeaders()
  for (const line of lines) {
    if (gapMs !== undefined) await sleep(gapMs)
    await write(response, line, pieceBytes)
  }
  if (gapMs !== undefined) await sleep(gapMs)
  if (ending === 'end') response.end()
  else if (ending === 'reset') response.socket?.resetAndDestroy()
  while (ending === 'repeat' && !response.destroyed) {
    await write(response, lines.at(-1), pieceBytes)
    await sleep(1)
  }
}

async function write(response: ServerResponse, line: unknown, pieceBytes: number | undefined): Promise<void> {
  const bytes = Buffer.isBuffer(line) ? line : Buffer.from(typeof line === 'string' ? line : `${JSON.stringify(line)}\n`)
  const size = pieceBytes ?? bytes.length
  for (let from = 0; from < bytes.length && !response.destroyed; from += size) {
    response.write(bytes.subarray(from, from + size))
    // Lets the piece leave before the next, so that pieces arrive as chunks of their own.
    if (pieceBytes !== undefined) await new Promise((resolve) => setImmediate(resolve))
  }
}

/** What a real server would say, in small: models, versions, vectors, and the last message repeated as the answer. */
function ownReply(request: SeenRequest): OllamaReply {
  const { path, body } = request
  const json = (value: unknown): OllamaReply => ({
    lines: [JSON.stringify(value)],
    headers: { 'content-type': 'application/json; charset=utf-8' },
  })
  if (path === '/') return { lines: ['Ollama is running'], headers: { 'content-type': 'text/plain; charset=utf-8' } }
  if (path === '/api/version') return json({ version: '0.33.0' })
  if (path === '/api/tags')
    return json({ models: [{ name: 'qwen3:14b', model: 'qwen3:14b', size: 9, digest: 'abc', details: { family: 'qwen3' } }] })
  if (path === '/api/ps') return json({ models: [] })
  if (path === '/api/show')
    return json({ details: { family: 'qwen3' }, model_info: { 'qwen3.context_length': 40_960 }, capabilities: ['completion'] })
  if (path === '/api/embed') {
    const texts = [body.input].flat()
    return json({ model: body.model, embeddings: texts.map((text) => [String(text).length, 0.5]), prompt_eval_count: texts.length })
  }
  if (path === '/api/pull') {
    const steps = [
      { status: 'pulling manifest' },
      { status: 'pulling abc', digest: 'abc', total: 10, completed: 10 },
      { status: 'success' },
    ]
    return body.stream === false ? json(steps.at(-1)) : { lines: steps }
  }
  if (path === '/api/chat') return answer(body, chatLines(lastContent(body)), joinChat)
  if (path === '/api/generate') return answer(body, chatLines(String(body.prompt)).map(asGenerated), joinGenerated)
  return { status: 404, lines: ['404 page not found'], headers: { 'content-type': 'text/plain' } }

  function answer(asked: Record<string, unknown>, lines: unknown[], join: (lines: unknown[]) => unknown): OllamaReply {
    return asked.stream === false ? json(join(lines)) : { lines }
  }
}

function lastContent(body: Record<string, unknown>): string {
  const messages = (body.messages ?? []) as { content?: string }[]
  return messages.at(-1)?.content ?? ''
}

type Line = { message?: { content: string }; response?: string }

function joinChat(lines: unknown[]): unknown {
  const content = lines.map((line) => (line as Line).message?.content).join('')
  return { ...(lines.at(-1) as object), message: { role: 'assistant', content } }
}

function joinGenerated(lines: unknown[]): unknown {
  return { ...(lines.at(-1) as object), response: lines.map((line) => (line as Line).response).join('') }
}

function asGenerated(line: unknown): unknown {
  const { message, ...rest } = line as Line
  return { ...rest, response: message?.content }
}
