import fc from 'fast-check'
import { jsonrepair } from 'jsonrepair'
import { describe, expect, it } from 'vitest'
import { extractJson, LLMError, type StandardSchema } from '../../src/llm/index.js'
import extraction from './llm-json-extraction.json' with { type: 'json' }

const cases = extraction.cases as readonly { name: string; tier: string; input: string; expected?: unknown; rejected?: true }[]

describe('every model output of the cases', () => {
  for (const { name, tier, input, expected, rejected } of cases) {
    it(`${rejected ? 'is refused' : 'gives its value'}: ${name}`, () => {
      const options = tier === 'repair' ? { repair: jsonrepair } : {}

      if (rejected) expect(() => extractJson(input, options)).toThrow(expect.objectContaining({ reason: 'invalid_output' }))
      else expect(extractJson(input, options)).toEqual(expected)
    })

    it(`${tier === 'repair' ? 'is refused without a repairer' : 'has the same outcome with a repairer'}: ${name}`, () => {
      if (tier === 'repair' || rejected) expect(() => extractJson(input, tier === 'repair' ? {} : { repair: jsonrepair })).toThrow(LLMError)
      else expect(extractJson(input, { repair: jsonrepair })).toEqual(expected)
    })
  }
})

describe('an answer with more than one value', () => {
  it.each([
    ['a draft and a final value', 'Draft: {"a":1}. Final: {"a":2}.', { a: 2 }],
    ['a fence and a correction after it', '```json\n{"a":1}\n```\nNo: {"a":2}', { a: 2 }],
    ['a fence in another language after it', '```json\n{"a":1}\n```\n```python\nprint({})\n```', { a: 1 }],
    ['a fence on one line', '```{"a":1}```\nDone.', { a: 1 }],
    ['a footnote after it', '{"a":1} as said in [2].', { a: 1 }],
    ['thoughts after it', '{"a":1}<think>or {"a":2}?</think>', { a: 1 }],
    ['braces around it', '{{"a":1}}', { a: 1 }],
    ['thoughts in upper case', '<THINKING>{"a":2}</THINKING>{"a":1}', { a: 1 }],
    ["thoughts in Mistral's brackets", '[THINK]{"a":2} [1][/THINK]\n```json\n{"a":1}\n```', { a: 1 }],
    ['thoughts in brackets after it', '{"a":1}\n[THINK]or {"a":2}', { a: 1 }],
    ['a lone closing bracket', 'Perhaps {"a": 2 \n[/THINK]\n{"a":1}', { a: 1 }],
    ['a list after thoughts', '<thought>[2]</thought>["thinking"]', ['thinking']],
    ['a tag in a list', '["[THINK]", "</think>"]', ['[THINK]', '</think>']],
    ['a closing tag in a string', 'Result: {"s":"a </think> b"} done', { s: 'a </think> b' }],
    ['a cut off draft in swallowed thoughts', 'I think {"a": 1 is\n</think>\n{"a":2}', { a: 2 }],
  ])('gives the last one: %s', (_, text, expected) => {
    expect(extractJson(text)).toEqual(expected)
  })

  it.each([
    ['a later one that is broken', 'Draft: {"a":1}. Final: {"a":2,}'],
    ['a later one that was cut off', 'Draft: {"a":1}. Final: {"a":2'],
    ['a part of one that was cut off', '{"domain":"payments","nested":{"x":1},"keys":["bkash","fe'],
    ['a part of one that is broken', '{"nested":{"x":1},}'],
  ])('does not give an earlier one or a part instead: %s', (_, text) => {
    expect(() => extractJson(text)).toThrow(LLMError)
  })
})

describe('a schema', () => {
  const numbers: StandardSchema<{ n: number }> = {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: (value) => {
        const n = (value as { n?: unknown }).n
        return typeof n === 'number'
          ? { value: { n: n + 1 } }
          : { issues: [{ message: 'Expected number', path: ['n', 0, { key: 'deep' }] }] }
      },
    },
  }

  it('gives the value it makes', () => {
    expect(extractJson('so: {"n":1}', { schema: numbers })).toEqual({ n: 2 })
  })

  it('names what it finds wrong, and where', () => {
    expect(() => extractJson('{"n":"1"}', { schema: numbers })).toThrow(
      expect.objectContaining({ reason: 'invalid_output', problems: ['n[0].deep: Expected number'], partial: '{"n":"1"}' }),
    )
  })
})

it('finds any object again between prose and thoughts', () => {
  const prose = fc.string().map((text) => text.replaceAll(/[{}[\]<>`]/g, ''))
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), prose, prose, fc.string(), (value, before, after, thoughts) => {
      const text = `<think>${thoughts.replaceAll('</think>', '')}</think>${before}${JSON.stringify(value)}${after}`

      expect(extractJson(text)).toEqual(JSON.parse(JSON.stringify(value)))
    }),
  )
})

it('either gives an object or throws LLMError, whatever the text', () => {
  const pieces = fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    '"',
    '\\',
    '```',
    '```json\n',
    '\n',
    '<think>',
    '</think>',
    'a',
    ':',
    ',',
    '1',
    '{"a":1}',
  )
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 40 }), (parts) => {
      try {
        expect(extractJson(parts.join(''))).toBeTypeOf('object')
      } catch (error) {
        expect(error).toBeInstanceOf(LLMError)
      }
    }),
    { numRuns: 2_000 },
  )
})

it.each(['{', '[', '{a', '{"', '```\n', 'x```\n', '<think>', '{</think>', '{"a":[', '"{'])('ends on 200,000 characters of %j', (piece) => {
  const text = piece.repeat(200_000 / piece.length)

  expect(() => extractJson(text)).toThrow(LLMError)
})
