import type { ChatEvent, ChatRequest, FinishReason, LLMClient } from '../llm/llm-client.js'
import { InvalidArgumentError, isConfigError } from '../shared/errors.js'

/** What the contract needs of a test runner: vitest, jest and node:test have it. */
export interface TestRunner {
  readonly describe: (title: string, body: () => void) => unknown
  readonly it: (title: string, run: () => Promise<void>) => unknown
}

/** How the contract is run. */
export interface LLMClientContractOptions extends Partial<TestRunner> {
  /** The model to ask for. @default 'contract-model' */
  readonly model?: string
}

const FINISH_REASONS: readonly FinishReason[] = ['stop', 'length', 'tool-calls', 'content-filter', 'error', 'other']

/**
 * Declares tests of what every `LLMClient` promises, for a client of one's own.
 *
 * The server behind the client, a real or a scripted one, has to answer every question with a text.
 *
 * @param makeClient gives a client for each test
 * @param options pass vitest's `describe` and `it` unless they are globals
 * @throws {InvalidArgumentError} when there is neither
 * @example
 * ```ts
 * import { describe, it } from 'vitest'
 * llmClientContract(() => new MyClient({ baseUrl: server.url }), { describe, it, model: 'any' })
 * ```
 */
export function llmClientContract(makeClient: () => LLMClient | Promise<LLMClient>, options: LLMClientContractOptions = {}): void {
  const globals = globalThis as Partial<TestRunner>
  const { describe = globals.describe, it = globals.it, model = 'contract-model' } = options
  if (describe === undefined || it === undefined) {
    throw new InvalidArgumentError('options', "must hold the test runner's describe and it, which are no globals here")
  }
  const request: ChatRequest = { model, messages: [{ role: 'user', content: 'Say hello.' }] }
  const test = (title: string, run: (client: LLMClient) => Promise<void>) => it(title, async () => run(await makeClient()))

  describe('an LLMClient', () => {
    test('has a provider that can stand before a colon', async ({ provider }) => {
      check(provider !== '' && !provider.includes(':'), `provider is ${JSON.stringify(provider)}`)
    })

    test('answers with a whole result', async (client) => {
      const { text, toolCalls, finishReason, usage, timings, provider } = await client.chat(request)

      check(typeof text === 'string', 'text is a string')
      check(Array.isArray(toolCalls), 'toolCalls is an array')
      check(FINISH_REASONS.includes(finishReason), `finishReason ${finishReason} is one of ${FINISH_REASONS.join(', ')}`)
      check(timings.totalMs >= 0, 'timings.totalMs is a duration')
      check(provider === client.provider, 'the result names its provider')
      for (const [name, tokens] of Object.entries(usage)) check(tokens === undefined || tokens >= 0, `usage.${name} is a count or absent`)
    })

    test('streams parts that add up to the result, and ends with it', async (client) => {
      const events = await all(client.stream(request))

      const last = events.at(-1)
      if (last?.type !== 'finish') throw new Error('the last event is "finish"')
      check(events.filter(({ type }) => type === 'finish').length === 1, 'there is one "finish"')
      const text = events.map((event) => (event.type === 'text' ? event.delta : '')).join('')
      check(text === last.result.text, `the parts ${JSON.stringify(text)} add up to ${JSON.stringify(last.result.text)}`)
    })

    test('does not change the request', async (client) => {
      const frozen = { ...request, messages: Object.freeze(request.messages.map((message) => Object.freeze({ ...message }))) }

      await client.chat(Object.freeze(frozen))
      await all(client.stream(Object.freeze(frozen)))
    })

    test('answers again after a reader left a stream', async (client) => {
      for await (const _ of client.stream(request)) break

      await client.chat(request)
    })

    test('refuses a call whose signal is aborted, with reason "aborted"', async (client) => {
      const signal = AbortSignal.abort()

      await rejectsAsAborted(client.chat(request, { signal }))
      await rejectsAsAborted(all(client.stream(request, { signal })))
    })

    test('ends a call that is aborted under way, with reason "aborted"', async (client) => {
      const controller = new AbortController()

      const chat = rejectsAsAborted(client.chat(request, { signal: controller.signal }))
      const stream = rejectsAsAborted(all(client.stream(request, { signal: controller.signal })))
      controller.abort()

      await Promise.all([chat, stream])
    })

    test('leaves no listener on the signal', async (client) => {
      const { signal, count } = countedSignal()

      for (let round = 0; round < 5; round += 1) {
        await client.chat(request, { signal })
        await all(client.stream(request, { signal }))
        for await (const _ of client.stream(request, { signal })) break
      }

      check(count() === 0, `${count()} listeners are left`)
    })

    test('embeds each text, lists its models and says how it is, if it does these at all', async (client) => {
      const embedded = await client.embed?.({ model, values: ['one', 'two'] })
      const models = await client.listModels?.()
      const health = await client.health?.()

      const vectors = embedded?.embeddings ?? []
      check(embedded === undefined || vectors.length === 2, 'there is one vector for each text')
      check(
        vectors.every((vector) => vector.length > 0 && vector.length === vectors[0]?.length && vector.every(Number.isFinite)),
        'every vector holds numbers, as many as the others',
      )
      check(models === undefined || Array.isArray(models), 'listModels gives a list')
      check(health === undefined || typeof health.ok === 'boolean', 'health says ok or not')
    })
  })
}

function check(isTrue: boolean, claim: string): void {
  if (!isTrue) throw new Error(`It does not hold that: ${claim}.`)
}

async function rejectsAsAborted(call: Promise<unknown>): Promise<void> {
  const error = await call.then(
    () => undefined,
    (caught: unknown) => caught,
  )
  check(
    isConfigError(error, 'E_LLM') && (error as { reason?: unknown }).reason === 'aborted',
    `the call rejects with an LLMError, reason "aborted"; got ${error}`,
  )
}

async function all(events: AsyncIterable<ChatEvent>): Promise<ChatEvent[]> {
  const list: ChatEvent[] = []
  for await (const event of events) list.push(event)
  return list
}

/** A signal that counts its listeners. */
function countedSignal(): { signal: AbortSignal; count: () => number } {
  const { signal } = new AbortController()
  const listeners = new Set<unknown>()
  const add = signal.addEventListener.bind(signal)
  const remove = signal.removeEventListener.bind(signal)
  signal.addEventListener = (type: string, listener: never, options?: never) => {
    listeners.add(listener)
    add(type, listener, options)
  }
  signal.removeEventListener = (type: string, listener: never, options?: never) => {
    listeners.delete(listener)
    remove(type, listener, options)
  }
  return { signal, count: () => listeners.size }
}
