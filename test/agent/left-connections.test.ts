import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BaseAgent } from '../../src/agent/base-agent.js'
import type { RunContext } from '../../src/agent/run-context.js'
import { OllamaClient, OpenAICompatibleClient } from '../../src/llm/index.js'
import type { ChatRequest, LLMClient } from '../../src/llm/llm-client.js'
import { eventually } from '../support/eventually.js'
import { casesOf } from '../support/long-form.js'
import { chatLines, startOllamaServer } from '../support/ollama-server.js'
import { chunk, ending, events, startOpenAIServer } from '../support/openai-server.js'
import type { ScriptedReply, ScriptedServer } from '../support/scripted-server.js'
import { managerOf } from './chat-agent.js'

const TIMES = 20
/** The same for what takes seconds each time. */
const TURNS = casesOf(6, 20)

/** A server's words for what the tests need: an answer without end, one that is whole, and a call of a tool. */
interface Wire {
  readonly start: () => Promise<ScriptedServer>
  readonly client: (url: string) => LLMClient
  readonly endless: ScriptedReply
  readonly whole: ScriptedReply
  readonly toolCall: ScriptedReply
}

const WIRES: { readonly [name: string]: Wire } = {
  OllamaClient: {
    start: startOllamaServer,
    client: (url) => new OllamaClient({ baseUrl: url, name: 'fake', maxRetries: 0 }),
    endless: { lines: [{ message: { content: '{' }, done: false }], ending: 'repeat' },
    whole: { lines: chatLines('Hello there') },
    toolCall: {
      lines: [
        { message: { content: '', tool_calls: [{ function: { name: 'wait', arguments: {} } }] }, done: false },
        ...chatLines('').slice(-1),
      ],
    },
  },
  OpenAICompatibleClient: {
    start: startOpenAIServer,
    client: (url) => new OpenAICompatibleClient({ name: 'fake', baseUrl: `${url}/v1`, maxRetries: 0 }),
    endless: { lines: [`data: ${JSON.stringify(chunk({ content: '{' }))}\n\n`], ending: 'repeat' },
    whole: events(chunk({ content: 'Hello there' }), ...ending()),
    toolCall: events(
      chunk({ tool_calls: [{ index: 0, id: 'call_1', type: 'function', function: { name: 'wait', arguments: '{}' } }] }),
      ...ending('tool_calls'),
    ),
  },
}

const question: ChatRequest = { model: 'one', messages: [{ role: 'user', content: 'hi' }] }

/** Asks with a tool until the model has enough, which it never has; `onTool` is called when the tool runs. */
class Looping extends BaseAgent<string, string> {
  readonly name = 'looping'
  onTool = (): void => {}

  protected override async run(input: string, context: RunContext): Promise<string> {
    const wait = { description: 'Waits', inputSchema: { type: 'object' }, run: async () => this.onTool() }
    const { text } = await this.chatWithTools({ messages: [{ role: 'user', content: input }], tools: { wait } }, context)
    return text
  }
}

describe.each(Object.entries(WIRES))('what a caller who leaves %s keeps open at the server', (_name, wire) => {
  let server: ScriptedServer
  let llm: LLMClient

  beforeEach(async () => {
    server = await wire.start()
    llm = wire.client(server.url)
  })
  afterEach(() => server.close())

  const replies = (reply: ScriptedReply) => server.reply(...Array.from({ length: TIMES }, () => reply))
  const times = (work: () => Promise<unknown>) => Promise.all(Array.from({ length: TIMES }, work))
  /** No answer goes on, and an answer that was cut has closed its connection. */
  const isFree = () => eventually(() => server.open === 0 && server.connections === 0)

  it('is nothing after streams whose loop was left, one after the other', async () => {
    replies(wire.endless)

    for (let time = 0; time < TIMES; time += 1) {
      for await (const _ of llm.stream(question)) break
      expect(server.connections).toBeLessThanOrEqual(2)
    }

    await isFree()
    expect(server.requests).toHaveLength(TIMES)
  })

  it('is nothing after streams that were left and aborted all at once', async () => {
    replies(wire.endless)
    const controller = new AbortController()
    let begun = 0

    const ends = await times(async () => {
      try {
        for await (const _ of llm.stream(question, { signal: controller.signal })) {
          begun += 1
          if (begun === TIMES) controller.abort()
          else if (begun < TIMES / 2) break
        }
        return 'left'
      } catch (error) {
        return (error as { reason?: string }).reason
      }
    })

    expect(new Set(ends)).toEqual(new Set(['left', 'aborted']))
    await isFree()
  })

  it('is nothing after structured calls that were broken off, before and after their first chunk', async () => {
    const silent = { lines: [], ending: 'hang' } as const
    for (let time = 0; time < TIMES; time += 1) server.reply(time % 2 ? silent : wire.endless)
    const controller = new AbortController()
    const schema = { type: 'object', properties: {} }

    const calls = times(() =>
      llm.chat({ ...question, responseFormat: { type: 'json', schema } }, { signal: controller.signal }).catch((error) => error.reason),
    )
    await eventually(() => server.open === TIMES)
    controller.abort()

    expect(await calls).toEqual(Array.from({ length: TIMES }, () => 'aborted'))
    await isFree()
  })

  it('is nothing after loops over tools that were left in an answer, and no more than one connection when left in a tool', async () => {
    const agent = new Looping({ llm, manager: managerOf('one') })
    for (let time = 0; time < TURNS; time += 1) {
      const controller = new AbortController()
      const isLeftInTool = time % 2 === 0
      server.reply(wire.toolCall, wire.endless)
      agent.onTool = () => isLeftInTool && controller.abort()
      const asked = server.requests.length
      const run = agent.execute('hi', { signal: controller.signal }).then(
        () => 'answered',
        () => 'left',
      )
      if (!isLeftInTool) {
        await eventually(() => server.requests.length === asked + 2)
        controller.abort()
      }

      expect(await run).toBe('left')
      await eventually(() => server.open === 0 && server.connections <= 1)
      if (isLeftInTool) await drainScript()
    }
  })

  it('is what fetch keeps for the next calls: no more connections than were busy at once, twice', async () => {
    replies(wire.whole)
    for (let time = 0; time < TIMES; time += 1) await llm.chat(question)
    // Node's fetch takes another connection for a request in whose turn of the event loop the one before it ended.
    expect(server.connections).toBeLessThanOrEqual(2)

    for (let round = 0; round < 5; round += 1) {
      replies(wire.whole)
      await times(() => llm.chat(question))
    }
    expect(server.connections).toBeLessThanOrEqual(2 * TIMES + 2)
    expect(server.open).toBe(0)
  })

  /** A loop that was left in its tool never asked for the second answer. */
  async function drainScript(): Promise<void> {
    for await (const _ of llm.stream(question)) break
    await eventually(() => server.open === 0)
  }
})
