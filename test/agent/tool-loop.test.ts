import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { BaseAgent } from '../../src/agent/base-agent.js'
import type { RunContext } from '../../src/agent/run-context.js'
import type { AgentTools, ToolAnswer, ToolRequest } from '../../src/agent/tool-loop.js'
import type { StandardSchema } from '../../src/shared/standard-schema.js'
import { FakeLLMClient } from '../../src/testing/fake-llm-client.js'
import { managerOf } from './chat-agent.js'

class ToolAgent extends BaseAgent<string, ToolAnswer> {
  readonly name = 'tools'
  request: Partial<ToolRequest> = {}
  tools: AgentTools = {
    add: {
      description: 'Adds two numbers.',
      inputSchema: { type: 'object', properties: { a: { type: 'number' }, b: { type: 'number' } } },
      run: ({ a, b }: { a: number; b: number }) => ({ sum: a + b }),
    },
    fail: {
      inputSchema: { type: 'object' },
      run: () => {
        throw new Error('no such row')
      },
    },
  }

  protected override run(input: string, context: RunContext): Promise<ToolAnswer> {
    return this.chatWithTools({ messages: [{ role: 'user', content: input }], tools: this.tools, ...this.request }, context)
  }
}

const calls = (...names: readonly string[]) => ({
  toolCalls: names.map((name, index) => ({ id: `c${index}`, name, input: { a: 1, b: 2 } })),
})

describe('chatWithTools', () => {
  it.each([
    ['tools.add.run', null],
    ['tools.add.run', { inputSchema: {} }],
    ['tools.add.inputSchema', { run: String }],
    ['tools.add.inputSchema', { run: String, inputSchema: null }],
    ['tools.add.inputSchema', { run: String, inputSchema: 'a number' }],
  ] as readonly (readonly [string, unknown])[])('refuses a tool without %s before a model is asked: %j', async (field, tool) => {
    const llm = new FakeLLMClient(['It is 3.'])
    const agent = new ToolAgent({ llm, manager: managerOf('one') })
    agent.tools = { add: tool } as never

    await expect(agent.execute('1 + 2?')).rejects.toMatchObject({ code: 'E_INVALID_ARGUMENT', field })
    expect(llm.calls).toEqual([])
  })

  it('runs what the model asks for and goes on until it answers', async () => {
    const llm = new FakeLLMClient([
      { ...calls('add', 'fail', 'none'), usage: { inputTokens: 1 } },
      { text: 'It is 3.', usage: { inputTokens: 2 } },
    ])
    const agent = new ToolAgent({ llm, manager: managerOf('one') })

    const answer = await agent.execute('1 + 2?')

    expect(answer).toMatchObject({ text: 'It is 3.', steps: [{ toolCalls: [{ name: 'add' }, {}, {}] }, { text: 'It is 3.' }] })
    expect(llm.calls[0]?.request.tools).toEqual([
      { name: 'add', description: 'Adds two numbers.', inputSchema: agent.tools.add!.inputSchema },
      { name: 'fail', inputSchema: { type: 'object' } },
    ])
    expect(llm.calls[1]?.request.messages).toEqual([
      { role: 'user', content: '1 + 2?' },
      { role: 'assistant', content: null, toolCalls: calls('add', 'fail', 'none').toolCalls },
      { role: 'tool', toolCallId: 'c0', toolName: 'add', content: '{"sum":3}' },
      { role: 'tool', toolCallId: 'c1', toolName: 'fail', content: 'Error: no such row' },
      { role: 'tool', toolCallId: 'c2', toolName: 'none', content: 'Error: there is no tool "none". There are add, fail.' },
    ])
    expect(answer.messages.at(-1)).toEqual({ role: 'assistant', content: 'It is 3.' })
    expect(answer.messages).toHaveLength(6)
  })

  it('checks inputs by a schema that describes itself, and refuses one that does not', async () => {
    const schema = v.object({ a: v.number(), b: v.string() })
    const described = { '~standard': { ...schema['~standard'], jsonSchema: { input: () => ({ type: 'object', required: ['a', 'b'] }) } } }
    const llm = new FakeLLMClient([calls('t'), 'done'])
    const agent = new ToolAgent({ llm, manager: managerOf('one') })
    agent.tools = { t: { inputSchema: described as unknown as StandardSchema, run: () => 'never' } }

    await agent.execute('hi')

    expect(llm.calls[0]?.request.tools?.[0]?.inputSchema).toEqual({ type: 'object', required: ['a', 'b'] })
    expect(llm.calls[1]?.request.messages.at(-1)?.content).toMatch(/^Error: the input does not fit: .*b/)
    agent.tools = { t: { inputSchema: schema, run: () => 'never' } }
    await expect(agent.execute('hi')).rejects.toMatchObject({ code: 'E_INVALID_ARGUMENT', field: 'tools.t.inputSchema' })
  })

  it('ends at maxSteps, saying which tools the model still wants', async () => {
    const llm = new FakeLLMClient(() => calls('add'))
    const agent = new ToolAgent({ llm, manager: managerOf('one') })
    agent.request = { maxSteps: 3 }

    await expect(agent.execute('hi')).rejects.toMatchObject({
      reason: 'invalid_output',
      message: expect.stringContaining('"add" after 3 steps'),
    })
    expect(llm.calls).toHaveLength(3)
    agent.request = { maxSteps: 0 }
    await expect(agent.execute('hi')).rejects.toMatchObject({ field: 'maxSteps' })
  })

  it('asks for a tool that has to be used once, and not for ever', async () => {
    const llm = new FakeLLMClient([calls('add'), 'done'])
    const agent = new ToolAgent({ llm, manager: managerOf('one') })
    agent.request = { toolChoice: 'required' }

    await agent.execute('hi')

    expect(llm.calls.map(({ request }) => request.toolChoice)).toEqual(['required', 'auto'])
  })

  it('ends with the run', async () => {
    const controller = new AbortController()
    const llm = new FakeLLMClient([calls('stop'), 'never'])
    const agent = new ToolAgent({ llm, manager: managerOf('one') })
    agent.tools = { stop: { inputSchema: {}, run: () => controller.abort() } }

    await expect(agent.execute('hi', { signal: controller.signal })).rejects.toBeDefined()
    expect(llm.calls).toHaveLength(1)
  })

  it.each<[string, () => unknown, string | RegExp]>([
    ['nothing', () => undefined, ''],
    ['a function', () => () => 1, ''],
    ['a big number in a list', () => [12n], '["12"]'],
    [
      'what contains itself',
      () => {
        const row: Record<string, unknown> = {}
        row.self = row
        return row
      },
      /^Error: .*circular/i,
    ],
    [
      'a thrown text',
      () => {
        throw 'no'
      },
      'Error: no',
    ],
    [
      'a thrown object without words',
      () => {
        throw Object.create(null)
      },
      /^Error: /,
    ],
    [
      'a thrown undefined',
      () => {
        throw undefined
      },
      'Error: undefined',
    ],
    ['a rejection', () => Promise.reject(new Error('late')), 'Error: late'],
    ['more than a model can read, cut between characters', () => `x${'😀'.repeat(200_000)}`, /^x(?:😀)+$/u],
  ])('tells the model what a tool gave: %s', async (_, run, expected) => {
    const llm = new FakeLLMClient([calls('odd'), { text: 'Done.' }])
    const agent = new ToolAgent({ llm, manager: managerOf('one') })
    agent.tools = { odd: { inputSchema: {}, run } }

    await agent.execute('?')

    const told = llm.calls[1]?.request.messages.at(-1)?.content
    if (typeof expected === 'string') expect(told).toBe(expected)
    else expect(told).toMatch(expected)
  })

  it('does not hand a tool the half of an object that a model was cut off in', async () => {
    const given: unknown[] = []
    const tool = { inputSchema: { type: 'object' }, run: (input: unknown) => void given.push(input) }
    const llm = new FakeLLMClient([
      {
        toolCalls: [
          { id: 'c0', name: 'note', input: '{"city": "Par' },
          { id: 'c1', name: 'note', input: {} },
        ],
      },
      { text: 'Done.' },
    ])
    const agent = new ToolAgent({ llm, manager: managerOf('one') })
    agent.tools = { note: tool }

    await agent.execute('?')

    expect(given).toEqual([{}])
    expect(llm.calls[1]?.request.messages.at(-2)?.content).toMatch(/^Error: the input is not valid JSON/)
  })

  it('does not wait for a tool that hangs after its signal ended the run', async () => {
    const controller = new AbortController()
    const llm = new FakeLLMClient([calls('hang', 'add'), { text: 'Done.' }])
    const agent = new ToolAgent({ llm, manager: managerOf('one') })
    agent.tools = { ...agent.tools, hang: { inputSchema: {}, run: () => new Promise(() => {}) } }

    const run = agent.execute('?', { signal: controller.signal })
    setTimeout(() => controller.abort(new Error('enough')), 20)

    await expect(run).rejects.toThrow('enough')
    expect(llm.calls).toHaveLength(1)
  })
})
