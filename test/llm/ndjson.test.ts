import fc from 'fast-check'
import { expect, it } from 'vitest'
import { CorruptLineError, ndjsonDecoder } from '../../src/llm/lines.js'

/** What the decoder gives for these chunks, and for the end after them. */
function decoded(chunks: Iterable<Uint8Array>): unknown[] {
  const values: unknown[] = []
  const decoder = ndjsonDecoder((value) => values.push(value), 1e9)
  for (const chunk of chunks) decoder.push(chunk)
  decoder.flush()
  return values
}

it('gives the same values wherever the bytes are cut', () => {
  fc.assert(
    fc.property(fc.array(fc.object(), { maxLength: 6 }), fc.array(fc.nat({ max: 40 })), fc.boolean(), (values, cuts, endsWithLineFeed) => {
      const bytes = new TextEncoder().encode(values.map((value) => JSON.stringify(value)).join('\n') + (endsWithLineFeed ? '\n' : ''))
      const chunks: Uint8Array[] = []

      let from = 0
      for (const cut of cuts) {
        chunks.push(bytes.subarray(from, from + cut))
        from += cut
      }

      expect(decoded([...chunks, bytes.subarray(from)])).toEqual(values.map((value) => JSON.parse(JSON.stringify(value))))
    }),
  )
})

it('reads each single byte of multi-byte characters', () => {
  const bytes = new TextEncoder().encode('{"text":"লেনদেন 😀"}\r\n\n{"n":1}')

  expect(decoded([...bytes].map((byte) => Uint8Array.of(byte)))).toEqual([{ text: 'লেনদেন 😀' }, { n: 1 }])
})

it.each([
  ['a line that is not JSON', '{"a":1\n'],
  ['bytes that are not UTF-8', '"\xff"\n'],
  ['a line that was cut off', '{"a":'],
  ['a character that was cut off', '"\xf0\x9f'],
])('gives what stands before %s in the same chunk, then refuses it', (_, corrupt) => {
  const values: unknown[] = []
  const decoder = ndjsonDecoder((value) => values.push(value), 1e9)

  expect(() => {
    decoder.push(Buffer.from(`1\n\n2\n${corrupt}`, 'latin1'))
    decoder.flush()
  }).toThrow(CorruptLineError)
  expect(values).toEqual([1, 2])
})

it('reads one line of 8 MB in small pieces in linear time', () => {
  const quote = new TextEncoder().encode('"')
  const piece = new TextEncoder().encode('x'.repeat(1_000))

  expect(decoded([quote, ...Array.from({ length: 8_000 }, () => piece), quote])).toEqual(['x'.repeat(8_000_000)])
})
