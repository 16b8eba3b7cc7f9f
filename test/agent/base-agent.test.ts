import { describe, expect, it, vi } from 'vitest'
import type { AgentOptions } from '../../src/agent/agent-options.js'
import { BaseAgent } from '../../src/agent/base-agent.js'
import type { RunContext } from '../../src/agent/run-context.js'
import type { RunEvent } from '../../src/agent/run-event.js'
import { traceRuns } from '../../src/agent/trace-runs.js'
import { type ChatEvent, LLMError, type StandardSchema } from '../../src/llm/index.js'
import { createConfig } from '../../src/settings/index.js'
import { StoreUnavailableError } from '../../src/shared/errors.js'
import { FakeLLMClient } from '../../src/testing/fake-llm-client.js'
import { MemoryManager } from './memory-manager.js'

class Echo extends BaseAgent<string, string> {
  readonly name = 'echo'
  protected override promptName = 'greeting'
  protected override async run(input: string, context: RunContext): Promise<string> {
    const system = await this.getPrompt({ who: 'Ada' }, { context })
    const messages = [
      { role: 'system', content: system },
      { role: 'user', content: input },
    ] as const
    return (await this.chat({ messages }, context)).text
  }
  protected override fallbackPrompt(name: string): string | undefined {
    return name === 'greeting' ? 'Code greets {who}.' : undefined
  }
}

class Degrading extends Echo {
  protected override fallback(input: string): string {
    return `no model for: ${input}`
  }
}

function eventsOf(agent: BaseAgent<never, unknown>): RunEvent[] {
  const events: RunEvent[] = []
  agent.on('run', (event) => events.push(event))
  return events
}

function aManager(): MemoryManager {
  const manager = new MemoryManager()
  manager.setPrompt('greeting', 'Greet {who}.')
  manager.setModel('fake', 'large')
  return manager
}

const systemOf = (llm: FakeLLMClient, call = 0) => llm.calls[call]?.request.messages[0]?.content

describe('a run', () => {
  it('uses prompt and model of the database and says which in one event', async () => {
    const llm = new FakeLLMClient([{ text: 'hello', usage: { inputTokens: 3, outputTokens: 4 } }])
    const agent = new Echo({ llm, manager: aManager() })
    const events = eventsOf(agent)

    const output = await agent.execute('hi', { subject: 'user-7', runId: 'run-1' })

    expect(output).toBe('hello')
    expect(systemOf(llm)).toBe('Greet Ada.')
    expect(llm.calls[0]?.request.model).toBe('large')
    expect(events).toEqual([
      {
        agent: 'echo',
        runId: 'run-1',
        subject: 'user-7',
        ok: true,
        degraded: false,
        durationMs: expect.any(Number),
        prompt: { name: 'greeting', version: 1, label: 'production', rolloutId: 'rollout-1', source: 'memory' },
        model: { provider: 'fake', model: 'large', version: 1, source: 'memory' },
        attempts: [{ provider: 'fake', model: 'large', ok: true, durationMs: expect.any(Number) }],
        usage: { inputTokens: 3, outputTokens: 4 },
      },
    ])
  })

  it('asks for its subject, project and label', async () => {
    const manager = aManager()
    const agent = new Echo({ llm: new FakeLLMClient(['hello']), manager, project: 'shop', label: 'staging' })

    await agent.execute('hi', { subject: 'user-7', attributes: { plan: 'pro' } })

    for (const { query } of manager.queries)
      expect(query).toEqual({ project: 'shop', label: 'staging', subject: 'user-7', attributes: { plan: 'pro' } })
  })

  it('keeps to its versions when prompt and model change in the middle', async () => {
    const manager = aManager()
    const llm = new FakeLLMClient(['one', 'two', 'three'])
    class Twice extends Echo {
      protected override async run(input: string, context: RunContext): Promise<string> {
        const first = await super.run(input, context)
        manager.setPrompt('greeting', 'Changed for {who}.')
        manager.setModel('fake', 'changed')
        return first + (await super.run(input, context))
      }
    }
    const agent = new Twice({ llm, manager })

    await agent.execute('hi')
    expect(llm.calls.map(({ request }) => [request.model, request.messages[0]?.content])).toEqual([
      ['large', 'Greet Ada.'],
      ['large', 'Greet Ada.'],
    ])

    const next = new Echo({ llm, manager })
    await next.execute('hi')
    expect(llm.calls.at(-1)?.request).toMatchObject({ model: 'changed' })
  })

  it('reads prompt and model as of one moment when both change between the two reads', async () => {
    const manager = aManager()
    let reads = 0
    manager.beforeAnswer = (name) => {
      reads += name === 'default' ? 1 : 0
      if (name !== 'default' || reads !== 1) return
      manager.setPrompt('greeting', 'Second {who}.')
      manager.setModel('fake', 'second')
    }
    const llm = new FakeLLMClient(['hello'])

    await new Echo({ llm, manager }).execute('hi')

    expect([llm.calls[0]?.request.model, systemOf(llm)]).toEqual(['second', 'Second Ada.'])
  })

  it('is not hurt by a listener that throws', async () => {
    const agent = new Echo({ llm: new FakeLLMClient(['hello']), manager: aManager() })
    agent.on('run', () => {
      throw new Error('listener')
    })
    const events = eventsOf(agent)

    expect(await agent.execute('hi')).toBe('hello')
    expect(events).toHaveLength(1)
  })

  it('emits one event when it fails, too', async () => {
    const agent = new Echo({ llm: new FakeLLMClient([new Error('down')]), manager: aManager() })
    const events = eventsOf(agent)

    await expect(agent.execute('hi')).rejects.toMatchObject({ reason: 'server' })
    expect(events).toMatchObject([
      { ok: false, degraded: false, errorCode: 'E_LLM/server', attempts: [{ ok: false, errorCode: 'server' }] },
    ])
  })
})

describe('models', () => {
  it('are tried one after the other, each with its own parameters', async () => {
    const manager = aManager()
    const fallbacks = [
      { provider: 'fake', model: 'unknown' },
      { provider: 'fake', model: 'small', parameters: { num_predict: 50, num_ctx: 2048 } },
    ]
    manager.setModel('fake', 'dead', fallbacks, { temperature: 0.5, max_tokens: 900, stop: '\n' })
    const llm = new FakeLLMClient([
      new LLMError('refused', { reason: 'connection', retryable: true }),
      new LLMError('unknown', { reason: 'model_not_found' }),
      'hello',
    ])
    const agent = new Echo({ llm, manager })
    const events = eventsOf(agent)

    expect(await agent.execute('hi')).toBe('hello')

    expect(events[0]?.attempts).toMatchObject([
      { model: 'dead', ok: false, errorCode: 'connection' },
      { model: 'unknown', ok: false, errorCode: 'model_not_found' },
      { model: 'small', ok: true },
    ])
    expect(llm.calls[0]?.request).toMatchObject({ temperature: 0.5, maxOutputTokens: 900, stopSequences: ['\n'] })
    const { messages: _, ...last } = llm.calls[2]?.request ?? { messages: [] }
    expect(last).toEqual({ model: 'small', maxOutputTokens: 50, providerOptions: { num_ctx: 2048 } })
  })

  it('of a provider nobody gave a client for are passed over', async () => {
    const manager = aManager()
    manager.setModel('openai', 'gpt', [{ provider: 'fake', model: 'small' }])
    const agent = new Echo({ llm: new FakeLLMClient(['hello']), manager })
    const events = eventsOf(agent)

    expect(await agent.execute('hi')).toBe('hello')
    expect(events[0]?.attempts).toMatchObject([{ provider: 'openai', ok: false, errorCode: 'unsupported' }, { ok: true }])
  })

  it('that are all dead lead to the fallback, degraded, within the run’s timeout, and nothing is remembered', async () => {
    const manager = aManager()
    manager.setModel('fake', 'one', [{ provider: 'fake', model: 'two' }])
    const silent = { delayMs: Number.POSITIVE_INFINITY }
    const llm = new FakeLLMClient([silent, silent, 'back again'])
    const agent = new Degrading({ llm, manager })
    const events = eventsOf(agent)

    expect(await agent.execute('hi', { timeoutMs: 1_000 })).toBe('no model for: hi')
    expect(await agent.execute('hi')).toBe('back again')

    expect(events).toMatchObject([
      { ok: true, degraded: true, errorCode: 'E_LLM/timeout', attempts: [{ errorCode: 'timeout' }, { errorCode: 'timeout' }] },
      { ok: true, degraded: false },
    ])
  })

  it('are not asked again after an abort, which is not degraded', async () => {
    const manager = aManager()
    manager.setModel('fake', 'one', [{ provider: 'fake', model: 'two' }])
    const llm = new FakeLLMClient([{ delayMs: Number.POSITIVE_INFINITY }, 'never'])
    const agent = new Degrading({ llm, manager })
    const events = eventsOf(agent)
    const controller = new AbortController()

    const run = agent.execute('hi', { signal: controller.signal })
    setImmediate(() => controller.abort())

    await expect(run).rejects.toMatchObject({ reason: 'aborted' })
    expect(llm.calls).toHaveLength(1)
    expect(events).toMatchObject([{ ok: false, degraded: false, errorCode: 'E_LLM/aborted' }])
  })

  it('stream, and move on only before the first part', async () => {
    class Streaming extends Echo {
      protected override async run(input: string, context: RunContext): Promise<string> {
        const parts: string[] = []
        for await (const event of this.stream({ messages: [{ role: 'user', content: input }] }, context) as AsyncIterable<ChatEvent>) {
          if (event.type === 'text') parts.push(event.delta)
        }
        return parts.join('|')
      }
    }
    const manager = aManager()
    manager.setModel('fake', 'one', [{ provider: 'fake', model: 'two' }])

    const moving = new Streaming({ llm: new FakeLLMClient([new Error('down'), { chunks: ['a', 'b'] }]), manager })
    expect(await moving.execute('hi')).toBe('a|b')

    const broken = new FakeLLMClient([{ chunks: ['a'], error: new Error('cut') }, 'never'])
    await expect(new Streaming({ llm: broken, manager }).execute('hi')).rejects.toMatchObject({ reason: 'stream', partial: 'a' })
    expect(broken.calls).toHaveLength(1)
  })
})

describe('without a database', () => {
  it('the model may come from a Config of createConfig()', async () => {
    const settings = createConfig({
      files: [],
      dotenv: false,
      secretsFile: false,
      prefix: 'APP',
      env: { APP_DEFAULT_MODEL: 'fake:tiny' },
      onWarning: () => {},
    })
    const agent = new Echo({ llm: new FakeLLMClient(['hello']), manager: false, settings })
    const events = eventsOf(agent)

    await agent.execute('hi')

    expect(events[0]?.model).toMatchObject({ model: 'tiny', source: 'settings' })
  })

  it('prompts come from the code and the model from the settings, with one warning', async () => {
    const llm = new FakeLLMClient(['one', 'two'])
    const warn = vi.fn()
    const logger = { debug: () => {}, info: () => {}, warn, error: () => {} }
    const agent = new Echo({ llm, manager: false, settings: { DEFAULT_MODEL: 'fake:qwen3:14b' }, logger })
    const events = eventsOf(agent)

    await agent.execute('hi')
    await agent.execute('hi')

    expect(systemOf(llm)).toBe('Code greets Ada.')
    expect(llm.calls[0]?.request.model).toBe('qwen3:14b')
    expect(events[0]).toMatchObject({
      ok: true,
      prompt: { name: 'greeting', source: 'fallback' },
      model: { model: 'qwen3:14b', source: 'settings' },
    })
    expect(warn).toHaveBeenCalledTimes(1)
  })

  it('a model from nowhere is an error that says what to set', async () => {
    const agent = new Echo({ llm: new FakeLLMClient(), manager: false, settings: {} })

    await expect(agent.execute('hi')).rejects.toMatchObject({ code: 'E_NOT_FOUND', message: expect.stringContaining('DEFAULT_MODEL') })
  })

  it('the code answers too when the database cannot be read', async () => {
    const manager = aManager()
    manager.failure = new StoreUnavailableError('down')
    const llm = new FakeLLMClient(['hello'])

    expect(await new Echo({ llm, manager, settings: { DEFAULT_MODEL: 'small' } }).execute('hi')).toBe('hello')
    expect(systemOf(llm)).toBe('Code greets Ada.')
  })

  it('a prompt that is nowhere is an error', async () => {
    class Lost extends Echo {
      protected override fallbackPrompt(): undefined {
        return undefined
      }
    }
    const options: AgentOptions = { llm: new FakeLLMClient(), manager: false, settings: { DEFAULT_MODEL: 'small' } }

    await expect(new Lost(options).execute('hi')).rejects.toMatchObject({ code: 'E_NOT_FOUND' })
  })
})

describe('databasePrompts', () => {
  const sources = async (databasePrompts: boolean | number) => {
    const agent = new Echo({ llm: new FakeLLMClient(() => 'hello'), manager: aManager(), databasePrompts })
    const events = eventsOf(agent)
    for (let index = 0; index < 1_000; index += 1) await agent.execute('hi', { subject: `user-${index}` })
    return events.filter(({ prompt }) => prompt?.source === 'memory').map(({ subject }) => subject)
  }

  it('turns the prompts of the database off and on, or on for a share of subjects that only grows', async () => {
    expect(await sources(false)).toHaveLength(0)
    expect(await sources(true)).toHaveLength(1_000)
    const tenth = await sources(10)
    const half = await sources(50)

    expect(tenth.length).toBeGreaterThan(60)
    expect(tenth.length).toBeLessThan(140)
    expect(half.length).toBeGreaterThan(430)
    expect(half.length).toBeLessThan(570)
    expect(half).toEqual(expect.arrayContaining(tenth))
  })
})

describe('chatJSON', () => {
  const schema: StandardSchema<{ n: number }> = {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: async (value) => {
        const { n } = value as { n?: unknown }
        return typeof n === 'number' ? { value: { n } } : { issues: [{ message: 'Expected number', path: ['n'] }] }
      },
    },
  }
  class Counting extends BaseAgent<string, number> {
    readonly name = 'counting'
    protected override async run(input: string, context: RunContext): Promise<number> {
      return (await this.chatJSON(schema, { messages: [{ role: 'user', content: input }] }, context)).value.n
    }
  }

  it('asks for JSON and gives the checked value', async () => {
    const llm = new FakeLLMClient(['<think>{"n":0}</think>Here: {"n":1}'])

    expect(await new Counting({ llm, manager: aManager() }).execute('count')).toBe(1)
    expect(llm.calls[0]?.request.responseFormat).toEqual({ type: 'json' })
  })

  it('asks once more and says what was wrong', async () => {
    const llm = new FakeLLMClient(['{"n":"one"}', '{"n":1}'])
    const agent = new Counting({ llm, manager: aManager() })
    const events = eventsOf(agent)

    expect(await agent.execute('count')).toBe(1)

    expect(llm.calls[1]?.request.messages).toMatchObject([
      { role: 'user', content: 'count' },
      { role: 'assistant', content: '{"n":"one"}' },
      { role: 'user', content: expect.stringContaining('- n: Expected number') },
    ])
    expect(events[0]?.attempts).toHaveLength(2)
  })

  it('gives up after the second answer', async () => {
    const llm = new FakeLLMClient(['no', 'still no', 'never'])

    await expect(new Counting({ llm, manager: aManager() }).execute('count')).rejects.toMatchObject({ reason: 'invalid_output' })
    expect(llm.calls).toHaveLength(2)
  })
})

it('traceRuns makes a span of each run, without what was said', async () => {
  const spans: unknown[] = []
  const tracer = {
    startSpan: (name: string, options?: object) => {
      const span = { name, options, status: undefined as unknown }
      spans.push(span)
      return { setStatus: (status: unknown) => (span.status = status), end: () => {} }
    },
  }
  const llm = new FakeLLMClient([{ text: 'hello', usage: { inputTokens: 3 } }, new Error('down')])
  const agent = new Echo({ llm, manager: aManager() })
  const stop = traceRuns(agent, tracer)

  await agent.execute('secret')
  await agent.execute('secret').catch(() => {})
  stop()

  expect(spans).toMatchObject([
    {
      name: 'invoke_agent echo',
      options: { attributes: { 'gen_ai.request.model': 'large', 'gen_ai.usage.input_tokens': 3, 'agent_config.prompt.version': 1 } },
    },
    { status: { code: 2, message: 'E_LLM/server' } },
  ])
  expect(JSON.stringify(spans)).not.toContain('secret')
})
