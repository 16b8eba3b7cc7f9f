import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CorruptLineError, TooLongError } from '../../src/llm/lines.js'
import { OpenAICompatibleClient } from '../../src/llm/openai-client.js'
import { DONE, sseDecoder } from '../../src/llm/sse.js'
import { unhindered } from '../support/unhindered.js'

/** What the decoder gives for these chunks, and for the end after them. */
function decoded(chunks: Iterable<Uint8Array>, maxBytes = 1e9): unknown[] {
  const values: unknown[] = []
  const decoder = sseDecoder((value) => values.push(value), maxBytes)
  for (const chunk of chunks) decoder.push(chunk)
  decoder.flush()
  return values
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

/** The bytes cut at these distances; the rest is the last chunk. */
function cut(bytes: Uint8Array, distances: readonly number[]): Uint8Array[] {
  const chunks: Uint8Array[] = []
  let from = 0
  for (const distance of distances) {
    chunks.push(bytes.subarray(from, from + distance))
    from += distance
  }
  return [...chunks, bytes.subarray(from)]
}

const singleBytes = (text: string): Uint8Array[] => [...bytesOf(text)].map((byte) => Uint8Array.of(byte))

const lineEnd = fc.constantFrom('\n', '\r\n', '\r')
const otherLine = fc.constantFrom(
  ': a comment',
  ':',
  'event: message',
  'id: 7',
  'id',
  'retry: 3000',
  'unknown: {"a":1}',
  'datas: 1',
  'data',
  'data:',
)

/** One event as a server may write it, and its value. */
const writtenEvent = fc
  .record({
    value: fc.oneof(fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue({ maxDepth: 2 })), fc.constant(DONE)),
    lineEnd,
    isIndented: fc.boolean(),
    space: fc.constantFrom('', ' '),
    before: fc.array(otherLine, { maxLength: 3 }),
    between: fc.array(otherLine, { maxLength: 2 }),
  })
  .map(({ value, lineEnd, isIndented, space, before, between }) => {
    const data = value === DONE ? DONE : JSON.stringify(value, null, isIndented ? 2 : 0)
    const [first, ...rest] = data.split('\n').map((line) => `data:${space}${line}`)
    const lines = [...before, first, ...between, ...rest]
    return { value: value === DONE ? DONE : JSON.parse(data), text: `${lines.join(lineEnd)}${lineEnd}${lineEnd}` }
  })

describe('server-sent events', () => {
  it('are the same wherever the bytes are cut, whatever ends their lines and whatever stands between', () => {
    fc.assert(
      fc.property(
        fc.array(writtenEvent, { maxLength: 6 }),
        fc.boolean(),
        fc.constantFrom(0, 1, 2),
        fc.array(fc.nat({ max: 30 })),
        (events, hasMark, missingAtEnd, distances) => {
          const text = events.map((event) => event.text).join('')
          // An end of stream without the blank line, or without any line end.
          const written = text.replace(/(\r\n|\r|\n)(\r\n|\r|\n)$/, ['$1$2', '$1', ''][missingAtEnd] as string)
          const bytes = bytesOf((hasMark ? '\ufeff' : '') + written)

          expect(decoded(cut(bytes, distances))).toEqual(events.map(({ value }) => value))
        },
      ),
      { numRuns: 500 },
    )
  })

  it.each([
    ['several data lines', 'data: {\ndata: "a": 1\ndata: }\n\n', [{ a: 1 }]],
    ['CRLF cut anywhere', 'data: {\r\ndata: "a": 1}\r\n\r\ndata: {"b":2}\r\n\r\n', [{ a: 1 }, { b: 2 }]],
    ['CR alone', 'data: {\rdata: "a": 1}\r\rdata: {"b":2}\r\r', [{ a: 1 }, { b: 2 }]],
    ['a byte order mark', '\ufeffdata: {"a":1}\n\n', [{ a: 1 }]],
    ['a byte order mark where streams were joined', 'data: {"a":1}\n\n\ufeffdata: {"b":2}\n\n', [{ a: 1 }, { b: 2 }]],
    ['a byte order mark in a value', 'data: {"a":"\ufeff"}\n\n', [{ a: '\ufeff' }]],
    ['other fields', 'event: delta\nid: 1\nretry: 10\n: note\ndata: {"a":1}\n\n', [{ a: 1 }]],
    ['fields whose names begin alike', 'data2: {"a":1}\ndatax\n\ndata:{"b":2}\n\n', [{ b: 2 }]],
    ['an end without a blank line', 'data: {"a":1}\n\ndata: {"b":\ndata: 2}', [{ a: 1 }, { b: 2 }]],
    ['data without a blank line between', 'data: {"a":1}\ndata: {"b":2}\ndata: [DONE]\n', [{ a: 1 }, { b: 2 }, DONE]],
    ['empty data', 'data:\n\ndata: \n\ndata\n\ndata: {"a":1}\n\n', [{ a: 1 }]],
    ['nothing but blanks and comments', '\n\n: ping\n\n:\n\n', []],
  ])('may hold %s', (_, text, values) => {
    expect(decoded([bytesOf(text)])).toEqual(values)
    expect(decoded(singleBytes(text))).toEqual(values)
  })

  it('of one line are given out before the blank line after them', () => {
    const values: unknown[] = []
    const decoder = sseDecoder((value) => values.push(value), 1e9)

    decoder.push(bytesOf('data: {"a":1}\n'))

    expect(values).toEqual([{ a: 1 }])
  })

  it.each([
    ['a value that is cut off', 'data: {"b":\n\ndata: {"c":3}\n\n'],
    ['a value that is cut off by the end', 'data: {"b":'],
    ['bytes that are not UTF-8', 'data: {"b":"\xff"}\n\n'],
    ['a page', '<!DOCTYPE html>\n\n'],
  ])('with %s are refused after what stands before', (_, corrupt) => {
    for (const size of [1, 1_000]) {
      const values: unknown[] = []
      const decoder = sseDecoder((value) => values.push(value), 1e9)
      const bytes = Buffer.from(`data: {"a":1}\n\n${corrupt}`, 'latin1')

      expect(() => {
        for (let at = 0; at < bytes.length; at += size) decoder.push(bytes.subarray(at, at + size))
        decoder.flush()
      }).toThrow(CorruptLineError)
      expect(values).toEqual([{ a: 1 }])
    }
  })

  it('that never end are refused, however short their lines are', () => {
    const decoder = sseDecoder(() => {}, 10_000)

    expect(() => {
      for (let lines = 0; lines < 10_000; lines += 1) decoder.push(bytesOf('data: [\n'))
    }).toThrow(TooLongError)
  })

  it('of ten million line ends take no time to speak of', () => {
    const bytes = bytesOf('\r\n'.repeat(5_000_000))

    expect(unhindered(() => decoded([bytes]))).toEqual([])
  })
})

it('gives the value of a body of JSON without any field, however it is written and cut', () => {
  const layout = fc.constantFrom('\n', '\r\n', '\r', '\n\n', '\n \t\n')
  const body = fc.oneof(
    fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue({ maxDepth: 3 })),
    fc.array(fc.jsonValue({ maxDepth: 2 })),
  )
  fc.assert(
    fc.property(
      body,
      fc.constantFrom(0, 1, 2),
      layout,
      fc.constantFrom('', '\ufeff'),
      fc.boolean(),
      fc.array(fc.nat({ max: 30 })),
      (value, indent, lineEnd, mark, isTerminated, distances) => {
        const text = mark + JSON.stringify(value, null, indent).replaceAll('\n', lineEnd)
        const after = isTerminated ? `${lineEnd}\n: comment\n\ndata: [DONE]\n\n` : ''

        expect(decoded(cut(bytesOf(text + after), distances))).toEqual(
          isTerminated ? [JSON.parse(JSON.stringify(value)), DONE] : [JSON.parse(JSON.stringify(value))],
        )
      },
    ),
    { numRuns: 500 },
  )
})

it.each(['Ollama is running', '\nupstream connect error: reset\n', 'foo: 1\n\nbar'])('refuses a text that holds no value: %j', (text) => {
  expect(() => decoded([bytesOf(text)])).toThrow(new CorruptLineError(text.trim().split('\n')[0]))
})

it('refuses a body of JSON that never ends, however short its lines are', () => {
  const decoder = sseDecoder(() => {}, 10_000)

  expect(() => {
    for (let lines = 0; lines < 10_000; lines += 1) decoder.push(bytesOf('[1,\n'))
  }).toThrow(TooLongError)
})

it('reads a chat that comes in data of several lines, byte by byte', async () => {
  const events = [
    { choices: [{ index: 0, delta: { content: 'লেন ' } }] },
    { choices: [{ index: 0, delta: { content: '😀' }, finish_reason: 'stop' }] },
  ]
  const text = `\ufeff${events.map((event) => `event: chunk\r\n${JSON.stringify(event, null, 1).replace(/^/gm, 'data: ').replaceAll('\n', '\r\n')}\r\n\r\n`).join('')}data: [DONE]\r\n\r\n`
  const fetch = async () => new Response(ReadableStream.from(singleBytes(text)), { headers: { 'content-type': 'text/event-stream' } })
  const client = new OpenAICompatibleClient({ name: 'local', baseUrl: 'http://localhost/v1', fetch })

  const result = await client.chat({ model: 'm', messages: [{ role: 'user', content: 'hello' }] })

  expect(result).toMatchObject({ text: 'লেন 😀', finishReason: 'stop' })
})
