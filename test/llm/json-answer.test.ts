import * as v from 'valibot'
import { expect, it } from 'vitest'
import { LLMError } from '../../src/llm/index.js'
import { askAgain, jsonInResult, jsonRequest, jsonSchemaOf } from '../../src/llm/json-answer.js'
import { type FakeAnswer, FakeLLMClient } from '../../src/testing/fake-llm-client.js'

const schema = v.object({ domain: v.string() })
const described = { type: 'object', properties: { domain: { type: 'string' } } }
const resultOf = (answer: FakeAnswer) => new FakeLLMClient([answer]).chat({ model: 'm', messages: [] })
const standard = schema['~standard']

it.each([
  ['the standard way', { '~standard': { ...standard, jsonSchema: { input: () => described } } }],
  [
    'the standard way, draft-07 only',
    {
      '~standard': { ...standard, jsonSchema: { input: ({ target }: { target: string }) => (target === 'draft-07' ? described : fail()) } },
    },
  ],
  ['as zod does', { '~standard': standard, toJSONSchema: () => described }],
  ['as arktype does', Object.assign(() => {}, { '~standard': standard, toJsonSchema: () => described })],
])('sends a schema that describes itself: %s', (_, self) => {
  expect(jsonRequest({ messages: [] }, self)).toEqual({ messages: [], responseFormat: { type: 'json', schema: described } })
})

function fail(): never {
  throw new Error('unsupported target')
}

it('asks for JSON alone of a schema that cannot describe itself, and leaves a format that was asked for', () => {
  expect(jsonSchemaOf(schema)).toBeUndefined()
  expect(jsonRequest({ messages: [] }, schema).responseFormat).toEqual({ type: 'json' })
  expect(jsonRequest({ messages: [], responseFormat: { type: 'text' } }, schema).responseFormat).toEqual({ type: 'text' })
})

it('gives the value that fits, of a schema that takes time too', async () => {
  const slow = v.pipeAsync(
    v.object({ domain: v.string() }),
    v.checkAsync(async ({ domain }) => domain !== 'draft'),
  )
  expect(await jsonInResult(await resultOf('{"domain":"payments"} {"domain":"draft"}'), slow)).toEqual({ domain: 'payments' })
})

it.each(['{"domain": "pay', 'So I think that', '{"a":1}'])('says "length" of an answer that was cut off: %s', async (text) => {
  const result = await resultOf({ text, finishReason: 'length' })
  await expect(jsonInResult(result, schema)).rejects.toMatchObject({
    reason: 'invalid_output',
    message: expect.stringContaining('"length"'),
  })
})

it('asks again with the answer and its problems, and without an empty answer', async () => {
  const question = { role: 'user', content: 'Which?' } as const
  const error = new LLMError('no', { reason: 'invalid_output', problems: ['domain: Expected string'] })

  expect(askAgain([question], await resultOf('{"domain":7}'), error)).toEqual([
    question,
    { role: 'assistant', content: '{"domain":7}' },
    { role: 'user', content: expect.stringContaining('- domain: Expected string') },
  ])
  for (const empty of ['', ' \n']) {
    expect(askAgain([question], await resultOf({ text: empty }), error).map(({ role }) => role)).toEqual(['user', 'user'])
  }
})
