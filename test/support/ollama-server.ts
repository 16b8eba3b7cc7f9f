import { type ScriptedReply, type ScriptedServer, type SeenRequest, startScriptedServer } from './scripted-server.js'

export type { ScriptedReply as OllamaReply, ScriptedServer as OllamaServer, SeenRequest } from './scripted-server.js'

/** An Ollama that answers as the test says, and otherwise like a small real one. */
export function startOllamaServer(): Promise<ScriptedServer> {
  return startScriptedServer(ownReply)
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

/** What a real server would say, in small: models, versions, vectors, and the last message repeated as the answer. */
function ownReply(request: SeenRequest): ScriptedReply {
  const { path, body } = request
  const json = (value: unknown): ScriptedReply => ({
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

  function answer(asked: Record<string, unknown>, lines: unknown[], join: (lines: unknown[]) => unknown): ScriptedReply {
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
