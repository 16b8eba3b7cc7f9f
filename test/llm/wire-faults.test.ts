import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type LLMError, OllamaClient } from '../../src/llm/index.js'
import { chatLines, type OllamaServer, startOllamaServer } from '../support/ollama-server.js'

let server: OllamaServer
let ollama: OllamaClient
const closing: Server[] = []
beforeEach(async () => {
  server = await startOllamaServer()
  ollama = new OllamaClient({ baseUrl: server.url, maxRetries: 0 })
})
afterEach(async () => {
  await server.close()
  for (const each of closing.splice(0)) {
    each.closeAllConnections()
    each.close()
  }
})

const messages = [{ role: 'user', content: 'Why?' }] as const
const ask = (client = ollama, more = {}) => client.chat({ model: 'm', messages, ...more })
const failure = (work: Promise<unknown>): Promise<LLMError> =>
  work.then(
    () => expect.unreachable('it answered'),
    (error) => error,
  )

async function listen(listener: RequestListener): Promise<string> {
  const other = createServer(listener)
  closing.push(other)
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(other.address() as AddressInfo).port}`
}

describe('a redirect', () => {
  it.each([301, 302, 303, 307, 308])('with %i to another server gets no prompt there', async (status) => {
    let seen = 0
    const elsewhere = await listen((_, response) => {
      seen += 1
      response.end('{}')
    })
    const url = await listen((_, response) => response.writeHead(status, { location: `${elsewhere}/steal?key=1` }).end())

    const error = await failure(ask(new OllamaClient({ baseUrl: url })))

    expect(error).toMatchObject({ reason: 'bad_request', status, attempts: 1 })
    expect(error.message).toContain(elsewhere)
    expect(error.message).not.toContain('key=1')
    expect(seen).toBe(0)
  })

  it.each(['http://bob:hunter2@HOST/v2', 'blob:http://HOST/v2'])(
    'to %s is not followed, not tried again and not shown',
    async (location) => {
      let seen = 0
      const url = await listen((request, response) => {
        seen += 1
        response.writeHead(307, { location: location.replace('HOST', String(request.headers.host)) }).end()
      })

      const error = await failure(ask(new OllamaClient({ baseUrl: url })))

      expect(error).toMatchObject({ reason: 'bad_request', status: 307, attempts: 1 })
      expect(error.message).not.toMatch(/hunter2/)
      expect(seen).toBe(1)
    },
  )

  it('within the server is followed with its body, and not for ever', async () => {
    const paths: string[] = []
    const url = await listen((request, response) => {
      paths.push(`${request.method} ${request.url}`)
      if (request.url === '/api/chat') response.writeHead(308, { location: '/v2/api/chat' }).end()
      else if (request.url === '/v2/api/chat') request.pipe(response)
      else response.writeHead(307, { location: request.url }).end()
    })

    const error = await failure(ask(new OllamaClient({ baseUrl: url, maxRetries: 0 })))
    expect(paths).toEqual(['POST /api/chat', 'POST /v2/api/chat'])
    expect(error.reason).toBe('stream')

    await failure(new OllamaClient({ baseUrl: url, maxRetries: 0 }).version())
    expect(paths.length).toBeLessThan(10)
  })
})

describe('a secret', () => {
  it.each([
    ['a password in the address', { baseUrl: 'http://bob:hunter2@host' }],
    ['a header with a line feed', { headers: { authorization: 'Bearer hunter2\n' } }],
    ['a header with a letter no header holds', { headers: { authorization: 'Bearer hunter2→' } }],
    ['a header that is no text', { headers: { authorization: ['hunter2'] as never } }],
  ])('is refused when the client is built, and not shown: %s', (_, options) => {
    const build = () => new OllamaClient(options)
    expect(build).toThrow(expect.objectContaining({ code: 'E_INVALID_ARGUMENT' }))
    expect(build).not.toThrow(/hunter2/)
  })

  it('in a header of one call is refused before anything is sent', async () => {
    const error = await failure(ollama.chat({ model: 'm', messages }, { headers: { 'x-key': 'hunter2\r\nx-other: 1' } }))

    expect(error).toMatchObject({ reason: 'bad_request' })
    expect(error.message).toContain('x-key')
    expect(`${error.message} ${(error.cause as Error).message}`).not.toContain('hunter2')
    expect(server.requests).toHaveLength(0)
  })

  it('that the server repeats is not in the error', async () => {
    server.reply({ status: 401, lines: ['{"error":"wrong key: sk-hunter2, in Bearer sk-hunter2"}'] })
    const client = new OllamaClient({ baseUrl: server.url, headers: { authorization: 'Bearer sk-hunter2' } })

    const error = await failure(ask(client))

    expect(error.message).toContain('wrong key: ***, in Bearer ***')
  })

  it.each([
    ['in a cookie', '', { cookie: 'theme=dark; sid=hunter2-session' }],
    ['behind a scheme', '', { authorization: 'Token token="hunter2-session", realm=x' }],
    ['in the query', '/?key=hunter2-session&api-version=2024-10-21', {}],
    ['in the query, under another name', '/?access_token=hunter2-session', {}],
    ['in the query, escaped', '/?sig=hunter2%2Dsession', {}],
  ])('that the server repeats is not in the error, %s, and what is none stays', async (_, query, headers) => {
    server.reply({ status: 401, lines: ['{"error":"hunter2-session is not valid for Bearer at 2024-10-21"}'] })

    const error = await failure(ask(new OllamaClient({ baseUrl: server.url + query, headers: headers as never })))

    expect(error.message).toContain('answered 401: *** is not valid for Bearer at 2024-10-21')
  })
})

describe('an answer without end', () => {
  const word = { message: { role: 'assistant', content: 'word '.repeat(50) }, done: false }

  it('is ended at maxAnswerBytes, with its beginning', async () => {
    server.reply({ lines: [word], ending: 'repeat' })
    const left = server.nextLeave()

    const error = await failure(ask(new OllamaClient({ baseUrl: server.url, maxAnswerBytes: 5_000 })))

    expect(error).toMatchObject({ reason: 'invalid_response', attempts: 1, retryable: false })
    expect(error.message).toContain('5000 bytes (maxAnswerBytes)')
    expect(error.partial?.length).toBeGreaterThan(4_000)
    await left
  })

  it.each([
    ['thoughts', { message: { role: 'assistant', content: '', thinking: 'hm '.repeat(100) }, done: false }],
    ['tool calls', { message: { tool_calls: [{ function: { name: 'f', arguments: { a: 'x'.repeat(300) } } }] }, done: false }],
  ])('counts %s', async (_, line) => {
    server.reply({ lines: [line], ending: 'repeat' })
    expect(await failure(ask(new OllamaClient({ baseUrl: server.url, maxAnswerBytes: 5_000 })))).toMatchObject({
      reason: 'invalid_response',
    })
  })

  it('of one line is ended before it is complete', async () => {
    server.reply({ lines: ['x'.repeat(20_000)], ending: 'repeat' })
    expect(await failure(ask(new OllamaClient({ baseUrl: server.url, maxAnswerBytes: 5_000 })))).toMatchObject({
      reason: 'invalid_response',
    })
  })

  it('of an error is read at its beginning only', async () => {
    server.reply({ status: 500, lines: ['oh no '.repeat(1_000)], ending: 'repeat' })
    const left = server.nextLeave()
    expect(await failure(ask())).toMatchObject({ status: 500 })
    await left
  })

  it.each([0, -1, Number.NaN])('has no limit of %s bytes', (maxAnswerBytes) => {
    expect(() => new OllamaClient({ maxAnswerBytes })).toThrow(expect.objectContaining({ field: 'maxAnswerBytes' }))
  })
})

describe('what Ollama says', () => {
  it.each([
    ["error parsing tool call: raw='{\"a', err=invalid character 'x' after object key", 'server', true],
    ['error parsing tool call: unexpected end of JSON input', 'server', true],
    ["failed to parse tool call arguments: invalid character '}' looking for beginning of object key string", 'server', true],
    ['Failed to parse tool call arguments as JSON: [json.exception.parse_error.101] parse error at line 1, column 9', 'server', true],
    ['tool call parsing failed: invalid JSON', 'server', true],
    ['json: cannot unmarshal string into Go value', 'bad_request', false],
    ['invalid character in template', 'bad_request', false],
  ])('500 %j is %s', async (words, reason, retryable) => {
    server.reply({ status: 500, lines: [JSON.stringify({ error: words })] })
    expect(await failure(ask())).toMatchObject({ reason, retryable })
  })

  it('sends a request again whose tool call the server could not parse', async () => {
    server.reply({ status: 500, lines: ['{"error":"error parsing tool call: invalid character"}'] })
    expect((await ask(new OllamaClient({ baseUrl: server.url }))).text).toBe('Why?')
  })

  it.each([
    ['another key', { 'error parsing tool call': "raw='{', err=unexpected end" }, "error parsing tool call: raw='{', err=unexpected end"],
    ['an object', { error: { message: 'the runner stopped', code: 7 } }, 'the runner stopped'],
    ['message', { message: 'the runner stopped' }, 'the runner stopped'],
    ['detail', { detail: 'the runner stopped' }, 'the runner stopped'],
    ['errors', { errors: ['the runner stopped'] }, 'the runner stopped'],
    ['msg', { code: 500, msg: 'the runner stopped' }, 'the runner stopped'],
  ])('is told when an error stands in the stream under %s', async (_, line, words) => {
    server.reply({ lines: [...chatLines('Be').slice(0, 1), line] })
    const error = await failure(ask())
    expect(error).toMatchObject({ reason: 'stream', partial: 'Be' })
    expect(error.message).toContain(words)
  })

  it('asks again when the server only loaded the model, and says so when it keeps doing it', async () => {
    const loaded = { lines: [{ model: 'm', message: { role: 'assistant', content: '' }, done: true, done_reason: 'load' }] }
    server.reply(loaded)
    expect((await ask(new OllamaClient({ baseUrl: server.url }))).text).toBe('Why?')

    server.reply(loaded)
    expect(await failure(ask())).toMatchObject({ reason: 'overloaded', retryable: true })

    server.reply(loaded)
    expect((await ollama.chat({ model: 'm', messages: [] })).text).toBe('')
  })

  it('warns that a prompt was cut, and of tokens that gave no text', async () => {
    const warningsOf = async (last: object, more = {}, text = 'Yes.') => {
      server.reply({ lines: chatLines(text, last as Record<string, unknown>) })
      return (await ask(ollama, more)).warnings
    }
    const long = { messages: [{ role: 'user', content: 'word '.repeat(10_000) }] }

    expect(await warningsOf({ prompt_eval_count: 4_096 }, { providerOptions: { num_ctx: 4_096 } })).toEqual([
      expect.stringContaining('num_ctx'),
    ])
    expect(await warningsOf({ prompt_eval_count: 4_096 }, long)).toEqual([expect.stringContaining('may be cut off')])
    expect(await warningsOf({ eval_count: 40 }, {}, '')).toEqual([expect.stringContaining('40 tokens')])
    expect(await warningsOf({ prompt_eval_count: 10_000 }, long)).toBeUndefined()
    expect(await warningsOf({})).toBeUndefined()
  })
})

describe('fetch', () => {
  it('waits as long as our timers, not as long as its own', async () => {
    const key = Symbol.for('undici.globalDispatcher.1')
    void globalThis.Response
    const holder = globalThis as unknown as Record<symbol, { dispatch(options: object, handler: unknown): boolean }>
    const real = holder[key]!
    const hasty = {
      dispatch: (options: object, handler: unknown) => real.dispatch({ headersTimeout: 500, bodyTimeout: 500, ...options }, handler),
    }
    holder[key] = hasty
    try {
      let release = () => {}
      const before = new Promise<void>((resolve) => {
        release = resolve
      })
      server.reply({ before, lines: chatLines('Loaded.') })
      const answer = ask(new OllamaClient({ baseUrl: server.url, timeout: 20_000 }))
      setTimeout(release, 3_000)
      expect((await answer).text).toBe('Loaded.')
      expect(server.requests).toHaveLength(1)

      server.reply({ before: new Promise(() => {}) })
      const impatient = new OllamaClient({ baseUrl: server.url, fetch: (url, init) => fetch(url, init) })
      expect(await failure(ask(impatient))).toMatchObject({ reason: 'timeout', phase: 'first-chunk', attempts: 1 })
      expect(server.requests).toHaveLength(2)
    } finally {
      holder[key] = real
    }
  })
})

it('has a name of its own beside another server', async () => {
  const second = new OllamaClient({ baseUrl: server.url, name: 'gpu-2' })

  expect(second.provider).toBe('gpu-2')
  expect((await ask(second)).provider).toBe('gpu-2')
  server.reply({ status: 400, lines: ['{"error":"no"}'] })
  expect((await failure(ask(second))).provider).toBe('gpu-2')
  expect(() => new OllamaClient({ name: 'a:b' })).toThrow(expect.objectContaining({ field: 'name' }))
})
