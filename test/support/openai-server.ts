import { type ScriptedReply, type ScriptedServer, type SeenRequest, startScriptedServer } from './scripted-server.js'

/** A server of OpenAI's chat completions that answers as the test says, and otherwise like a small real one. Its base URL ends in /v1. */
export function startOpenAIServer(): Promise<ScriptedServer> {
  return startScriptedServer(ownReply)
}

/** An answer of these chunks as server-sent events, with `[DONE]` at the end. */
export function events(...chunks: readonly unknown[]): ScriptedReply {
  return {
    headers: { 'content-type': 'text/event-stream; charset=utf-8' },
    lines: [...chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`), 'data: [DONE]\n\n'],
  }
}

/** A body of JSON. */
export function json(value: unknown, status = 200): ScriptedReply {
  return { status, lines: [JSON.stringify(value)], headers: { 'content-type': 'application/json' } }
}

const HEAD = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1_700_000_000, model: 'served-model' }

/** A chunk with this delta. */
export function chunk(delta: object, more: object = {}): object {
  return { ...HEAD, choices: [{ index: 0, delta, finish_reason: null, ...more }] }
}

/** The last chunks of an answer: why it ended, and what it took. */
export function ending(reason = 'stop', usage: object = USAGE): object[] {
  return [chunk({}, { finish_reason: reason }), { ...HEAD, choices: [], usage }]
}

const USAGE = {
  prompt_tokens: 11,
  completion_tokens: 5,
  total_tokens: 16,
  prompt_tokens_details: { cached_tokens: 8 },
  completion_tokens_details: { reasoning_tokens: 2 },
}

/** What a real server would say, in small: the last message repeated as the answer. */
function ownReply({ method, path, body }: SeenRequest): ScriptedReply {
  const [route] = path.split('?')
  if (method === 'GET' && route === '/v1/models') {
    return json({ object: 'list', data: [{ id: 'served-model', object: 'model', created: 1, owned_by: 'test' }] })
  }
  if (route === '/v1/embeddings') {
    // Out of order, as the wire allows: the index tells which text a vector is of.
    const data = [body.input].flat().map((text, index) => ({ object: 'embedding', index, embedding: [String(text).length, 0.5] }))
    return json({
      object: 'list',
      data: data.reverse(),
      model: body.model,
      usage: { prompt_tokens: data.length, total_tokens: data.length },
    })
  }
  if (route !== '/v1/chat/completions') return json({ error: { message: `Unknown request URL: ${method} ${path}` } }, 404)
  const text = lastText(body)
  if (body.stream !== true) {
    const message = { role: 'assistant', content: text, refusal: null }
    return json({
      ...HEAD,
      object: 'chat.completion',
      choices: [{ index: 0, message, finish_reason: 'stop', logprobs: null }],
      usage: USAGE,
    })
  }
  const words = text.match(/\S+\s*/g) ?? []
  return events(chunk({ role: 'assistant', content: '' }), ...words.map((content) => chunk({ content })), ...ending())
}

function lastText({ messages }: Record<string, unknown>): string {
  const { content } = (messages as { content?: unknown }[]).at(-1) ?? {}
  return typeof content === 'string' ? content : 'I see.'
}
