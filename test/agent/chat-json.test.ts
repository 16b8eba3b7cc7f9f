import * as v from 'valibot'
import { expect, it } from 'vitest'
import { BaseAgent } from '../../src/agent/base-agent.js'
import type { RunContext } from '../../src/agent/run-context.js'
import type { StandardSchema } from '../../src/shared/standard-schema.js'
import { FakeLLMClient } from '../../src/testing/fake-llm-client.js'
import { managerOf } from './chat-agent.js'

const Domain = v.object({ domain: v.string() })
const DESCRIBED = { type: 'object', properties: { domain: { type: 'string' } }, required: ['domain'] }
const Describing = { '~standard': { ...Domain['~standard'], jsonSchema: { input: () => DESCRIBED } } } as unknown as StandardSchema<
  unknown,
  { domain: string }
>

class JsonAgent extends BaseAgent<StandardSchema<unknown, { domain: string }>, { domain: string }> {
  readonly name = 'json'
  protected override async run(schema: StandardSchema<unknown, { domain: string }>, context: RunContext) {
    return (await this.chatJSON(schema, { messages: [{ role: 'user', content: 'hi' }] }, context)).value
  }
}

it('sends a schema that describes itself, and asks for JSON alone where it does not', async () => {
  const llm = new FakeLLMClient(() => '{"domain":"payments"}')
  const agent = new JsonAgent({ llm, manager: managerOf('one') })

  await agent.execute(Describing)
  await agent.execute(Domain)

  expect(llm.calls.map(({ request }) => request.responseFormat)).toEqual([{ type: 'json', schema: DESCRIBED }, { type: 'json' }])
})

it('leaves an empty turn of the assistant out of its second question', async () => {
  const llm = new FakeLLMClient(['', '{"domain":"payments"}', 'no json', '{"domain":"x"}'])
  const agent = new JsonAgent({ llm, manager: managerOf('one') })

  expect(await agent.execute(Domain)).toEqual({ domain: 'payments' })
  await agent.execute(Domain)

  expect(llm.calls[1]?.request.messages.map(({ role }) => role)).toEqual(['user', 'user'])
  expect(llm.calls[3]?.request.messages.map(({ role, content }) => [role, role === 'assistant' && content])).toEqual([
    ['user', false],
    ['assistant', 'no json'],
    ['user', false],
  ])
})

it('takes the first value that fits, before a note after the answer', async () => {
  const llm = new FakeLLMClient(['{"domain":"payments"} Amounts are in {"unit":"USD"}.'])

  expect(await new JsonAgent({ llm, manager: managerOf('one') }).execute(Domain)).toEqual({ domain: 'payments' })
})

it('says that an answer was cut off by its length', async () => {
  const llm = new FakeLLMClient(() => ({ text: '{"domain":"pay', finishReason: 'length' }))

  await expect(new JsonAgent({ llm, manager: managerOf('one') }).execute(Domain)).rejects.toMatchObject({
    reason: 'invalid_output',
    message: expect.stringContaining('length'),
  })
})
