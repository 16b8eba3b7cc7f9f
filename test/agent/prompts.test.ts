import fc from 'fast-check'
import * as v from 'valibot'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { BaseAgent } from '../../src/agent/base-agent.js'
import type { ExecuteOptions, RunContext } from '../../src/agent/run-context.js'
import type { Message } from '../../src/entities/message.js'
import {
  type ConfigurationManager,
  createConfigManager,
  defineModel,
  definePrompt,
  isConfigError,
  type PromptDefinition,
} from '../../src/index.js'
import { StoreUnavailableError } from '../../src/shared/errors.js'
import { FakeLLMClient } from '../../src/testing/fake-llm-client.js'
import { createTestDatabase, type TestDatabase } from '../support/test-database.js'
import { Asker, eventsOf, managerOf } from './chat-agent.js'

class Reader extends BaseAgent<Record<string, unknown>, string | Message[]> {
  readonly name = 'reader'
  protected override promptName: string | PromptDefinition = 'greeting'
  reads: 'prompt' | 'messages' = 'messages'

  protected override run(variables: Record<string, unknown>, context: RunContext): Promise<string | Message[]> {
    return this.reads === 'prompt' ? this.getPrompt(variables, { context }) : this.getMessages(variables, { context })
  }
}

const CHAT = [{ role: 'system', content: 'You greet {who}.' }, { placeholder: 'history' }, { role: 'user', content: 'Go.' }] as const
const HISTORY = [
  { role: 'user', content: 'ignore {who}' },
  { role: 'assistant', content: null, tool_calls: [{ id: '1' }] },
]
const llm = () => new FakeLLMClient(() => 'hello')

describe('getMessages', () => {
  it('gives the messages of a chat prompt apart, histories untouched, and a text as one system message', async () => {
    const manager = managerOf('one')
    const agent = new Reader({ llm: llm(), manager })
    manager.setPrompt('greeting', CHAT)

    expect(await agent.execute({ who: 'Ada', history: HISTORY })).toEqual([
      { role: 'system', content: 'You greet Ada.' },
      ...HISTORY,
      { role: 'user', content: 'Go.' },
    ])
    manager.setPrompt('greeting', 'Greet {who}.')
    expect(await agent.execute({ who: 'Ada' })).toEqual([{ role: 'system', content: 'Greet Ada.' }])
  })

  it('is what getPrompt of a chat prompt names: joined into one text, a stored user turn would become the system’s', async () => {
    const manager = managerOf('one')
    manager.setPrompt('greeting', CHAT)
    const agent = new Reader({ llm: llm(), manager })
    agent.reads = 'prompt'

    await expect(agent.execute({ who: 'Ada', history: [] })).rejects.toMatchObject({ message: expect.stringContaining('getMessages()') })
  })
})

it('asks clients in our words, whoever wrote the history, and with the very messages where they are in our words', async () => {
  const claude = [
    { role: 'assistant', content: [{ type: 'tool_use', id: '1', name: 'time', input: {} }] },
    { role: 'user', content: [{ type: 'tool_result', tool_use_id: '1', content: '12:00' }] },
  ]
  const openai = [
    { role: 'assistant', content: null, tool_calls: [{ id: '1', function: { name: 'time', arguments: '{}' } }] },
    { role: 'tool', content: '12:00', tool_call_id: '1' },
  ]
  // Where the call stood among the parts is for the AI SDK's providers.
  const own = [
    {
      role: 'assistant',
      content: [
        { type: 'tool-call', toolCallId: '1' },
        { type: 'text', text: 'Noon.' },
      ],
      toolCalls: [{ id: '1', name: 'time', input: {} }],
    },
  ]
  for (const history of [claude, openai, own] as unknown as Message[][]) {
    const client = llm()
    const agent = new Asker({ llm: client, manager: managerOf('one') })
    agent.request = { messages: history }
    await agent.execute('')

    const { messages } = client.calls[0]!.request
    if (history.length === 1) expect(messages[0]).toBe(own[0])
    else
      expect(messages).toMatchObject([
        { toolCalls: [{ id: '1', name: 'time', input: {} }] },
        { role: 'tool', toolCallId: '1', content: '12:00' },
      ])
  }
})

describe('a definition as promptName', () => {
  const Greeting = definePrompt({
    name: 'greeting',
    variables: v.object({ who: v.string(), tone: v.optional(v.string(), 'kind') }),
    fallback: [{ role: 'system', content: 'Be {tone} to {who}.' }],
  })
  class Declared extends Reader {
    protected override promptName = Greeting
  }

  it('has its fallback, its schema and its defaults', async () => {
    const agent = new Declared({ llm: llm(), manager: false, settings: { DEFAULT_MODEL: 'fake:tiny' } })
    const events = eventsOf(agent)

    expect(await agent.execute({ who: 'Ada' })).toEqual([{ role: 'system', content: 'Be kind to Ada.' }])
    await expect(agent.execute({ who: 7 })).rejects.toMatchObject({ code: 'E_TEMPLATE_VARIABLE', variables: ['who'] })
    expect(events[0]?.prompt).toEqual({ name: 'greeting', source: 'fallback' })
  })

  it('registers its contract once the agent stands, before its first run', async () => {
    const manager = Object.assign(managerOf('one'), { registerPrompt: vi.fn() })
    manager.setPrompt('greeting', '{tone} {who}')
    const agent = new Declared({ llm: llm(), manager })
    await Promise.resolve()

    expect(manager.registerPrompt).toHaveBeenCalledWith(Greeting)
    expect(await agent.execute({ who: 'Ada' })).toEqual([{ role: 'system', content: 'kind Ada' }])
    expect(manager.registerPrompt).toHaveBeenCalledTimes(1)
  })
})

describe('a definition as modelName', () => {
  const Small = defineModel({
    name: 'default',
    fallback: { provider: 'fake', model: 'code', parameters: { temperature: 0 } },
    parameters: v.strictObject({ temperature: v.number() }),
  })
  class Modelled extends Reader {
    protected override modelName = Small
    protected override async run(_: unknown, context: RunContext): Promise<string> {
      return (await this.chat({ messages: [] }, context)).text
    }
    protected override fallbackPrompt(): string {
      return 'x'
    }
  }

  it('is asked when nothing is stored, cannot be read, or does not fit', async () => {
    const manager = managerOf('one')
    const client = llm()
    const agent = new Modelled({ llm: client, manager })
    const events = eventsOf(agent)

    manager.setModel('fake', 'stored', [], { temprature: 1 })
    await agent.execute({})
    manager.setModel('fake', 'stored', [], { temperature: 1 })
    await agent.execute({})
    manager.failure = new StoreUnavailableError('down')
    await agent.execute({})
    await new Modelled({ llm: client, manager: false }).execute({})

    expect(client.calls.map(({ request }) => [request.model, request.temperature])).toEqual([
      ['code', 0],
      ['stored', 1],
      ['code', 0],
      ['code', 0],
    ])
    expect(events.map(({ model }) => model?.source)).toEqual(['fallback', 'memory', 'fallback'])
  })
})

describe('whatever is cached', () => {
  let database: TestDatabase
  let warm: ConfigurationManager
  beforeAll(async () => {
    database = await createTestDatabase()
    warm = createConfigManager({ database: database.url, redis: false })
    await warm.prompts.create({ name: 'greeting', template: 'Stored for {who}', labels: ['production'] })
    await warm.models.create({ name: 'default', provider: 'fake', model: 'm', labels: ['production'] })
    await Promise.all([warm.getPrompt('greeting'), warm.getModelConfig()])
  })
  afterAll(async () => {
    await warm.shutdown()
    await database.drop()
  })

  class Labelled extends Reader {
    query: { label?: string; version?: number } = {}
    protected override run(variables: Record<string, unknown>, context: RunContext): Promise<string> {
      return this.getPrompt(variables, { context, ...this.query })
    }
    protected override fallbackPrompt(): string {
      return 'In code for {who}'
    }
  }

  it('a run has the same result or the same error, cold and warm; and a mistake is refused without a database, too', async () => {
    const wrong = fc.constantFrom<unknown>('x'.repeat(600), 'a\0', '\ud83d', 7, null, {})
    const options = fc.record(
      {
        subject: fc.oneof({ weight: 2, arbitrary: fc.constantFrom<unknown>('', 'user-1') }, wrong),
        attributes: fc.oneof({ weight: 3, arbitrary: fc.constant<unknown>({ plan: 'x' }) }, fc.constantFrom<unknown>(7, 'x', null, [])),
      },
      { requiredKeys: [] },
    ) as fc.Arbitrary<ExecuteOptions>
    const query = fc.record(
      { label: fc.constantFrom('production', 'nowhere', 'latest', 'NO LABEL', ''), version: fc.constantFrom(1, 9, 0, 1.5) },
      { requiredKeys: [] },
    )
    const seen = new Set<string>()
    const outcome = async (manager: ConfigurationManager | false, given: ExecuteOptions, asked: Labelled['query']) => {
      const agent = new Labelled({ llm: llm(), manager, settings: { DEFAULT_MODEL: 'fake:m' } })
      agent.query = asked
      return agent
        .execute({ who: 'Ada' }, given)
        .catch((error: Error) => (isConfigError(error) ? `${error.code}: ${error.message}` : error))
    }
    await fc.assert(
      fc.asyncProperty(options, query, async (given, asked) => {
        const cold = createConfigManager({ database: database.url, redis: false })
        const first = await outcome(cold, given, asked)
        const second = await outcome(cold, given, asked)
        await cold.shutdown()
        expect(second).toBe(first)
        expect(await outcome(warm, given, asked)).toBe(first)
        const refused = String(first).startsWith('E_INVALID_ARGUMENT')
        expect(await outcome(false, given, asked)).toBe(refused ? first : 'In code for Ada')
        seen.add(String(first).slice(0, 18))
      }),
      { numRuns: 60 },
    )
    expect([...seen].sort()).toEqual(['E_INVALID_ARGUMENT', 'In code for Ada', 'Stored for Ada'])
  })

  it('an agent of a project or label that cannot be is not built', () => {
    expect(() => new Labelled({ manager: warm, label: 'NO' })).toThrow(expect.objectContaining({ field: 'label' }))
    expect(() => new Labelled({ manager: false, project: 'a b' })).toThrow(expect.objectContaining({ field: 'project' }))
  })

  it('a version that the agent cannot fill is refused for its label', async () => {
    const Declared = definePrompt({ name: 'declared', variables: v.object({ who: v.string() }), fallback: 'Hi {who}' })
    class Agent extends Reader {
      protected override promptName = Declared
    }
    new Agent({ llm: llm(), manager: warm })
    await warm.prompts.create({ name: 'declared', template: 'Hi {who} in a {tone}' })

    await expect(warm.prompts.promote({ name: 'declared', version: 1 })).rejects.toMatchObject({ variables: ['tone'] })
  })
})
