import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { describe, expect, it } from 'vitest'
import { BaseAgent } from '../../src/agent/base-agent.js'
import type { RunContext } from '../../src/agent/run-context.js'
import { defineLLMClient, LLMError } from '../../src/llm/index.js'
import { traceAgents } from '../../src/otel/index.js'
import { FakeLLMClient } from '../../src/testing/fake-llm-client.js'
import { Asker, managerOf } from '../agent/chat-agent.js'
import { useOtel } from './otel-sdk.js'

const otel = useOtel()

class Prompted extends Asker {
  protected override promptName = 'greeting'
}

function aManager(...models: readonly string[]) {
  const manager = managerOf(...models)
  manager.setPrompt('greeting', 'Greet.', { parameters: { temperature: 0.2, max_tokens: 50, stop: '\n' } })
  return manager
}

describe('a run', () => {
  it('is invoke_agent, with chat below it, by the conventions', async () => {
    const llm = new FakeLLMClient([
      { text: 'hello', usage: { inputTokens: 10, outputTokens: 4, cachedInputTokens: 8, reasoningTokens: 2 }, model: 'one-2026' },
    ])
    const agent = new Prompted({ llm, manager: aManager('one') })
    traceAgents(agent, { tracer: otel.tracer })

    await agent.execute('hi', { runId: 'run-1' })

    const [run, chat] = otel.spans()
    expect(run).toMatchObject({ name: 'invoke_agent asker', kind: SpanKind.INTERNAL, status: { code: SpanStatusCode.UNSET } })
    expect(chat).toMatchObject({ name: 'chat one', kind: SpanKind.CLIENT, parentSpanContext: { spanId: run?.spanContext().spanId } })
    expect(chat?.attributes).toEqual({
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'fake',
      'gen_ai.agent.name': 'asker',
      'gen_ai.request.model': 'one',
      'gen_ai.request.temperature': 0.2,
      'gen_ai.request.max_tokens': 50,
      'gen_ai.request.stop_sequences': ['\n'],
      'gen_ai.prompt.name': 'greeting',
      'gen_ai.prompt.version': '1',
      'gen_ai.response.model': 'one-2026',
      'gen_ai.response.finish_reasons': ['stop'],
      'gen_ai.usage.input_tokens': 10,
      'gen_ai.usage.output_tokens': 4,
      'gen_ai.usage.cache_read.input_tokens': 8,
      'gen_ai.usage.reasoning.output_tokens': 2,
    })
    expect(run?.attributes).toMatchObject({
      'gen_ai.operation.name': 'invoke_agent',
      'gen_ai.agent.name': 'asker',
      'gen_ai.prompt.name': 'greeting',
      'gen_ai.prompt.version': '1',
      'gen_ai.request.model': 'one',
      'gen_ai.usage.input_tokens': 10,
      'agent_config.run.id': 'run-1',
      'agent_config.prompt.rollout': 'rollout-1',
      // The names of the first version stay for one more.
      'agent_config.prompt.name': 'greeting',
      'agent_config.prompt.version': 1,
    })
  })

  it('holds the spans that clients and hosts start within it, streamed or not', async () => {
    const client = defineLLMClient({
      provider: 'fake',
      async *stream() {
        trace.getTracer('http').startSpan('POST first').end()
        yield { type: 'text', delta: 'a' } as const
        await new Promise((resolve) => setTimeout(resolve, 5))
        trace.getTracer('http').startSpan('POST later').end()
        yield { type: 'text', delta: 'b' } as const
      },
    })
    class Both extends Asker {
      protected override async run(input: string, context: RunContext): Promise<string> {
        for await (const event of this.stream({ messages: [] }, context)) {
          if (event.type === 'text') trace.getTracer('host').startSpan(`read ${event.delta}`).end()
        }
        return super.run(input, context)
      }
    }
    const agent = new Both({ llm: client, manager: managerOf('one') })
    traceAgents(agent, { tracer: otel.tracer })

    await otel.tracer.startActiveSpan('GET /', async (span) => {
      await agent.execute('hi')
      span.end()
    })

    const spans = otel.spans()
    const idOf = (name: string, index = 0) => spans.filter((span) => span.name === name)[index]?.spanContext().spanId
    const parents = (name: string) => spans.filter((span) => span.name === name).map((span) => span.parentSpanContext?.spanId)
    expect(parents('invoke_agent asker')).toEqual([idOf('GET /')])
    expect(parents('chat one')).toEqual([idOf('invoke_agent asker'), idOf('invoke_agent asker')])
    expect(parents('POST first')).toEqual([idOf('chat one'), idOf('chat one', 1)])
    expect(parents('POST later')).toEqual([idOf('chat one'), idOf('chat one', 1)])
    expect(parents('read a')).toEqual([idOf('invoke_agent asker')])
    expect(spans.filter(({ name }) => name === 'chat one').map(({ attributes }) => attributes['gen_ai.request.stream'])).toEqual([
      true,
      undefined,
    ])
  })

  it('has a span for each model that was asked, with its own name and error', async () => {
    const llm = new FakeLLMClient([new LLMError('busy', { reason: 'overloaded' }), { text: 'x', usage: { inputTokens: 7 } }])
    const agent = new Asker({ llm, manager: managerOf('one', 'two') })
    traceAgents(agent, { tracer: otel.tracer })

    await agent.execute('hi')

    const [run, one, two] = otel.spans()
    expect(one).toMatchObject({ name: 'chat one', attributes: { 'error.type': 'overloaded' }, status: { code: SpanStatusCode.ERROR } })
    expect(one?.attributes['gen_ai.usage.input_tokens']).toBeUndefined()
    expect(two).toMatchObject({ name: 'chat two', attributes: { 'gen_ai.request.model': 'two', 'gen_ai.usage.input_tokens': 7 } })
    expect(run?.attributes).toMatchObject({ 'gen_ai.request.model': 'one', 'gen_ai.response.model': 'two' })
  })

  it('that fails says how, and one that degraded is no failure', async () => {
    class Degrading extends Asker {
      protected override fallback(): string {
        return 'none'
      }
    }
    const down = () => ({ llm: new FakeLLMClient([new LLMError('no', { reason: 'auth' })]), manager: managerOf('one') })
    const [failing, degrading] = [new Asker(down()), new Degrading(down())]
    traceAgents([failing, degrading], { tracer: otel.tracer })

    await failing.execute('hi').catch(() => {})
    await degrading.execute('hi')

    const runs = otel.spans().filter(({ name }) => name.startsWith('invoke_agent'))
    expect(runs).toMatchObject([
      { status: { code: SpanStatusCode.ERROR }, attributes: { 'error.type': 'E_LLM/auth' } },
      { status: { code: SpanStatusCode.UNSET }, attributes: { 'agent_config.run.degraded': true } },
    ])
  })

  it('holds no content unless asked for it', async () => {
    const llm = new FakeLLMClient(['the answer', 'the answer'])
    const agent = new Asker({ llm, manager: managerOf('one') })
    const stop = traceAgents(agent, { tracer: otel.tracer })
    await agent.execute('the question')
    expect(JSON.stringify(otel.spans().map(({ attributes }) => attributes))).not.toMatch(/the question|the answer/)
    stop()

    traceAgents(agent, { tracer: otel.tracer, captureContent: true })
    await agent.execute('the question')

    const chat = otel.spans().at(-1)
    expect(otel.spans()).toHaveLength(4)
    expect(chat?.attributes).toMatchObject({
      'gen_ai.input.messages': '[{"role":"user","content":"the question"}]',
      'gen_ai.output.messages': '[{"role":"assistant","parts":[{"type":"text","content":"the answer"}],"finish_reason":"stop"}]',
    })
  })

  it('has a span for each tool', async () => {
    class Tools extends BaseAgent<string, string> {
      readonly name = 'tools'
      protected override async run(_: string, context: RunContext): Promise<string> {
        const run = () => trace.getTracer('db').startSpan('select').end()
        const tools = {
          look: { description: 'Looks.', inputSchema: {}, run },
          fail: { inputSchema: {}, run: () => Promise.reject(new TypeError('x')) },
        }
        return (await this.chatWithTools({ messages: [], tools }, context)).text
      }
    }
    const toolCalls = ['look', 'fail'].map((name) => ({ id: `id-${name}`, name, input: {} }))
    const agent = new Tools({ llm: new FakeLLMClient([{ toolCalls }, 'done']), manager: managerOf('one') })
    traceAgents(agent, { tracer: otel.tracer })

    await agent.execute('hi')

    const spans = otel.spans()
    const look = spans.find(({ name }) => name === 'execute_tool look')
    expect(look?.attributes).toMatchObject({
      'gen_ai.tool.name': 'look',
      'gen_ai.tool.call.id': 'id-look',
      'gen_ai.tool.description': 'Looks.',
    })
    expect(spans.find(({ name }) => name === 'select')?.parentSpanContext?.spanId).toBe(look?.spanContext().spanId)
    expect(spans.find(({ name }) => name === 'execute_tool fail')?.attributes).toMatchObject({ 'error.type': 'TypeError' })
  })

  it('is not broken by a tracer that throws', async () => {
    const agent = new Asker({ llm: new FakeLLMClient(['hello']), manager: managerOf('one') })
    traceAgents(agent, {
      tracer: {
        startActiveSpan: () => {
          throw new Error('tracer')
        },
      },
    })

    expect(await agent.execute('hi')).toBe('hello')
  })
})

describe('metrics', () => {
  it('tell durations of runs and calls, and tokens', async () => {
    const llm = new FakeLLMClient([
      new LLMError('busy', { reason: 'overloaded' }),
      { text: 'x', usage: { inputTokens: 7, outputTokens: 2 } },
    ])
    const agent = new Asker({ llm, manager: managerOf('one', 'two') })
    traceAgents(agent, { meter: otel.meter })

    await agent.execute('hi')

    const chat = { 'gen_ai.operation.name': 'chat', 'gen_ai.provider.name': 'fake' }
    const two = { ...chat, 'gen_ai.request.model': 'two', 'gen_ai.response.model': 'two' }
    expect(await otel.points('agent_config.run.duration')).toMatchObject([
      { attributes: { 'gen_ai.agent.name': 'asker' }, value: { count: 1 } },
    ])
    expect(await otel.points('gen_ai.client.operation.duration')).toMatchObject([
      { attributes: { ...chat, 'gen_ai.request.model': 'one', 'error.type': 'overloaded' } },
      { attributes: two },
    ])
    expect(await otel.points('gen_ai.client.token.usage')).toMatchObject([
      { attributes: { ...two, 'gen_ai.token.type': 'input' }, value: { sum: 7 } },
      { attributes: { ...two, 'gen_ai.token.type': 'output' }, value: { sum: 2 } },
    ])
  })
})
