import fc from 'fast-check'
import { jsonrepair } from 'jsonrepair'
import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { MOST_JSON_BYTES, MOST_LINE_BYTES } from '../../src/llm/client-options.js'
import { extractJson, LLMError } from '../../src/llm/index.js'
import { type MakeDecoder, ndjsonDecoder } from '../../src/llm/lines.js'
import { sseDecoder } from '../../src/llm/sse.js'
import { splitThinking, thinkingSplitter } from '../../src/llm/thinking.js'
import { parsedText } from '../../src/llm/wire-values.js'
import { unhindered } from '../support/unhindered.js'

// An attacker who can make a model write can make it write this. 10 MB of it must not stop a worker: each of these took from
// seconds to hours when a search began anew at each piece. On a quiet machine all stay below 300 ms.
const TEN_MB = 10_000_000

const PIECES: Record<string, string> = {
  'a letter': 'a',
  'a blank': ' ',
  'a line feed': '\n',
  'a carriage return': '\r',
  'a tab': '\t',
  'a quote': '"',
  'a backslash': '\\',
  'a backtick': '`',
  'a fence': '```',
  'fences on lines': '```\n',
  'a fence in JSON': '```json\n',
  'a fence with a letter': '```a',
  'an opening brace': '{',
  'a closing brace': '}',
  'an opening bracket': '[',
  'a closing bracket': ']',
  'empty objects': '{}',
  'empty lists': '[]',
  'objects that begin': '{"',
  'objects that go on': '{"a":',
  'bare keys': '{a:',
  'lists in objects': '{"a":[',
  'a strange string': '"{',
  escapes: '{\\"a',
  'bare keys with escaped quotes': '{a:\\"',
  'small objects': '{"a":1}',
  citations: '[1]',
  'an angle': '<',
  thoughts: '<think>',
  'ends of thoughts': '</think>',
  'half thoughts': '<think',
  'braces before ends of thoughts': '{</think>',
  'a comma': ',',
  'a colon': ':',
  'a null byte': '\0',
  'a smart quote': '“',
  'an emoji': '😀',
}

const TEXTS: [string, string][] = Object.entries(PIECES).map(([name, piece]) => [
  name,
  piece.repeat(Math.ceil(TEN_MB / piece.length)).slice(0, TEN_MB),
])
const WRAPPED: [string, (filling: string) => string][] = [
  ['one object around', (filling) => `{${filling}}`],
  ['a fence before', (filling) => `\`\`\`${filling}`],
  ['an object before', (filling) => `{"a":1} ${filling}`],
  ['a bare key before', (filling) => `{a${filling}`],
  ['an object behind', (filling) => `${filling} {"a":1}`],
]

function outcome(work: () => unknown): unknown {
  try {
    return work()
  } catch (error) {
    return error
  }
}

describe('10 MB of one piece', () => {
  for (const [name, text] of TEXTS) {
    it(`is read by extractJson to its end: ${name}`, () => {
      unhindered(() => outcome(() => extractJson(text)))
      unhindered(() => outcome(() => extractJson(text, { repair: jsonrepair })))
    })

    it(`is split from its thoughts, whole and in pieces: ${name}`, () => {
      unhindered(() => splitThinking(text))
      let given = 0
      const inPieces = () => {
        const splitter = thinkingSplitter((_, delta) => {
          given += delta.length
        })
        for (let from = 0; from < text.length; from += 100) splitter.push(text.slice(from, from + 100))
        splitter.flush()
      }
      unhindered(inPieces)
      // What may still become a tag is held back, and nothing is given twice.
      expect(given).toBeLessThanOrEqual(text.length)
    })

    it(`is cut into lines: ${name}`, () => {
      const bytes = new TextEncoder().encode(text).subarray(0, TEN_MB)
      unhindered(() => outcome(() => decode(ndjsonDecoder, bytes)))
    })
  }

  for (const [wrapping, wrap] of WRAPPED) {
    it(`is read by extractJson with ${wrapping}`, () => {
      for (const [, text] of TEXTS.filter((_, index) => index % 3 === 0)) unhindered(() => outcome(() => extractJson(wrap(text))))
    })
  }
})

function decode(decoder: MakeDecoder, bytes: Uint8Array): void {
  // The longest line that a client waits for.
  const lines = decoder(() => {}, MOST_LINE_BYTES)
  for (let from = 0; from < bytes.length; from += 65_536) lines.push(bytes.subarray(from, from + 65_536))
  lines.flush()
}

it('takes the value behind 1 MB of each piece that leaves the text open to one', () => {
  for (const piece of ['a', ' ', '\n', '}', ']', '`', '<', ',', ':', '{', '[1] ', '{ x ']) {
    expect(extractJson(`${piece.repeat(1_000_000 / piece.length)}\n{"found": true}`)).toEqual({ found: true })
  }
})

it('refuses a text of more than 16 MiB', () => {
  expect(() => extractJson(`{"a":"${'a'.repeat(17 * 1_024 * 1_024)}"}`)).toThrow(/16777216 characters/)
})

it('refuses nesting that no answer has, in memory that does not grow with it', () => {
  const text = '['.repeat(5_000_000) + ']'.repeat(5_000_000)
  const before = process.memoryUsage().rss
  expect(() => extractJson(text)).toThrow(LLMError)
  expect(process.memoryUsage().rss - before).toBeLessThan(5 * text.length)
})

it('takes a million small chunks without a line feed in memory of less than five times their bytes', () => {
  const chunk = new TextEncoder().encode('0123456789')
  global.gc?.()
  const before = process.memoryUsage()
  const lines = ndjsonDecoder(() => {}, TEN_MB)
  for (let count = 0; count < TEN_MB / chunk.length; count += 1) lines.push(chunk)
  const { arrayBuffers, heapUsed } = process.memoryUsage()
  expect(arrayBuffers + heapUsed - before.arrayBuffers - before.heapUsed).toBeLessThan(5 * TEN_MB)
  expect(() => lines.push(chunk)).toThrow(/maxAnswerBytes/)
})

describe('an answer with notes', () => {
  const schema = v.object({ domain: v.string() })

  it.each([
    ['after it', '{"domain":"payments"}\nNote: amounts are in {"unit":"USD"}.'],
    ['before it', 'Units: {"unit":"USD"}\n{"domain":"payments"}'],
    ['around it', '{"unit":"USD"} {"domain":"payments"} {"note":1} [{"x":1}]'],
    ['in fences', '```json\n{"domain":"payments"}\n```\n```json\n{"unit":"USD"}\n```'],
    ['of another type', '{"domain":"payments"} {"domain":7}'],
    ['as a footnote', '{"domain":"payments"} [1] [2, 3]'],
  ])('gives the one that fits the schema: %s', (_, text) => {
    expect(extractJson(text, { schema })).toEqual({ domain: 'payments' })
  })

  it('gives the later of two that fit, and says of none what is wrong with the last', () => {
    expect(extractJson('{"domain":"draft"} {"domain":"final"} {"unit":1}', { schema })).toEqual({ domain: 'final' })
    expect(() => extractJson('{"a":1} {"domain":7}', { schema })).toThrow(
      expect.objectContaining({ problems: [expect.stringMatching(/^domain: /)] }),
    )
  })

  it('does not go back behind one that was cut off', () => {
    expect(() => extractJson('{"domain":"draft"} {"domain":"fin', { schema })).toThrow(/length/)
  })
})

it.each(['{"domain": "pay', '```json\n{"a": [1, 2', 'Here: [{"a": 1}, {"b"'])('says that an answer was cut off: %s', (text) => {
  expect(() => extractJson(text)).toThrow(/cut off.*length/)
})

it('gives the same thoughts and text wherever the answer is cut', () => {
  const pieces = fc.constantFrom('<think>', '</think>', '<', 'think', '>', ' ', '\n', 'a', ' '.repeat(600))
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 12 }), fc.array(fc.nat({ max: 9 }), { maxLength: 12 }), (parts, cuts) => {
      const text = parts.join('')
      const streams = [cuts, []].map((lengths) => {
        const given = { text: '', thinking: '' }
        const splitter = thinkingSplitter((type, delta) => {
          given[type] += delta
        })
        let from = 0
        for (const length of lengths) {
          splitter.push(text.slice(from, from + length))
          from += length
        }
        splitter.push(text.slice(from))
        splitter.flush()
        return given
      })
      expect(streams[0]).toEqual(streams[1])
    }),
  )
})

describe('10 MB of brackets as one value of JSON', () => {
  const deep = ['['.repeat(TEN_MB), '{"a":'.repeat(TEN_MB / 5), `{"a":"${'['.repeat(2_000)}","b":${'['.repeat(TEN_MB)}`]

  it('are refused before they are parsed: as a body, and as the arguments of a tool', () => {
    for (const text of deep) {
      const bytes = new TextEncoder().encode(text)
      const read = () => {
        const decoder = sseDecoder(() => {}, MOST_JSON_BYTES)
        decoder.push(bytes)
        decoder.flush()
      }

      expect(unhindered(() => outcome(read))).toMatchObject({ cause: new SyntaxError('nested too deeply') })
      expect(unhindered(() => parsedText(text))).toBe(text)
    }
  })

  it('and brackets in strings are none', () => {
    const value = ['\\"[{'.repeat(30_000), '\\', { '[': '{'.repeat(100_000) }]

    expect(parsedText(JSON.stringify(value))).toEqual(value)
  })
})
