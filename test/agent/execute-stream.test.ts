import { describe, expect, it } from 'vitest'
import type { RunContext } from '../../src/agent/run-context.js'
import type { AgentStreamEvent } from '../../src/agent/run-event.js'
import { OllamaClient } from '../../src/llm/index.js'
import { FakeLLMClient } from '../../src/testing/fake-llm-client.js'
import { startOllamaServer } from '../support/ollama-server.js'
import { Asker, eventsOf, managerOf } from './chat-agent.js'

async function all(stream: AsyncIterable<AgentStreamEvent<string>>): Promise<AgentStreamEvent<string>[]> {
  const events: AgentStreamEvent<string>[] = []
  for await (const event of stream) events.push(event)
  return events
}

const short = (events: readonly AgentStreamEvent<string>[]) =>
  events.map((event) => (event.type === 'text' ? event.delta : event.type === 'output' ? `=${event.output}` : event.type))

class Twice extends Asker {
  protected override async run(input: string, context: RunContext): Promise<string> {
    const first = await super.run(input, context)
    const parts: string[] = []
    for await (const event of this.stream({ messages: [{ role: 'user', content: first }] }, context))
      if (event.type === 'text') parts.push(event.delta)
    return `${first}+${parts.join('')}`
  }
}

describe('executeStream', () => {
  it('gives the parts of every answer, then the output', async () => {
    const agent = new Twice({ llm: new FakeLLMClient([{ chunks: ['a', 'b'] }, { chunks: ['c', 'd'] }]), manager: managerOf('one') })
    const runs = eventsOf(agent)

    expect(short(await all(agent.executeStream('hi')))).toEqual(['a', 'b', 'finish', 'c', 'd', 'finish', '=ab+cd'])
    expect(runs).toMatchObject([{ ok: true, attempts: [{ ok: true }, { ok: true }] }])
  })

  it('gives a part before the next one is asked for', async () => {
    let written = 0
    const llm = new FakeLLMClient([{ chunks: ['a', 'b', 'c'] }])
    const agent = new Asker({ llm, manager: managerOf('one') })
    const seen: number[] = []
    for await (const event of agent.executeStream('hi')) {
      if (event.type === 'text') written += 1
      seen.push(written)
    }

    expect(seen).toEqual([1, 2, 3, 3, 3])
  })

  it('moves on to the next model before the first part', async () => {
    const llm = new FakeLLMClient([new Error('down'), { chunks: ['a'] }])

    expect(short(await all(new Asker({ llm, manager: managerOf('one', 'two') }).executeStream('hi')))).toEqual(['a', 'finish', '=a'])
  })

  it('throws what the run throws, or gives the output of fallback() as degraded', async () => {
    class Degrading extends Asker {
      protected override fallback(): string {
        return 'none'
      }
    }
    const broken = () => ({ llm: new FakeLLMClient([{ chunks: ['a'], error: new Error('cut') }]), manager: managerOf('one') })

    await expect(all(new Asker(broken()).executeStream('hi'))).rejects.toMatchObject({ reason: 'stream', partial: 'a' })
    expect((await all(new Degrading(broken()).executeStream('hi'))).at(-1)).toEqual({ type: 'output', output: 'none', degraded: true })
  })

  it('ends the run when its reader leaves', async () => {
    const llm = new FakeLLMClient([{ chunks: Array.from({ length: 100 }, () => 'a') }])
    const agent = new Asker({ llm, manager: managerOf('one') })
    const runs = eventsOf(agent)

    for await (const event of agent.executeStream('hi')) if (event.type === 'text') break

    expect(runs).toMatchObject([{ ok: false, degraded: false }])
  })

  it.each(['return', 'throw'] as const)('ends the run at once when %s() is called while a step waits for a silent server', async (verb) => {
    const server = await startOllamaServer()
    server.reply({ lines: [], ending: 'hang' })
    const llm = new OllamaClient({ baseUrl: server.url, name: 'fake', maxRetries: 0 })
    const agent = new Asker({ llm, manager: managerOf('one') })
    const runs = eventsOf(agent)
    const asked = server.nextRequest()
    const left = server.nextLeave()
    const stream = agent.executeStream('hi')
    const waiting = stream.next().catch((error: unknown) => error)
    await asked

    const ended = stream[verb](new Error('mine') as never).catch((error: unknown) => error)

    await left
    expect(await waiting).toMatchObject({ reason: 'aborted' })
    await ended
    expect(runs).toMatchObject([{ ok: false }])
    expect(await stream.next()).toEqual({ done: true, value: undefined })
    await server.close()
  })

  it('refuses wrong arguments at its first step, and heeds a signal', async () => {
    const agent = new Asker({ llm: new FakeLLMClient(['a']), manager: managerOf('one') })

    await expect(agent.executeStream('hi', { subject: 7 as never }).next()).rejects.toMatchObject({ field: 'subject' })
    await expect(all(agent.executeStream('hi', { signal: AbortSignal.abort() }))).rejects.toBeDefined()
  })
})
