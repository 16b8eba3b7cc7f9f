import { parseJson } from './wire-values.js'

/** What the server sent cannot be read: a line that is no JSON, bytes that are not UTF-8, a value that makes no sense. */
export class CorruptLineError extends Error {}

/** The server sent more than the caller wants to hold. */
export class TooLongError extends CorruptLineError {
  constructor(maxBytes: number) {
    super(`more than ${maxBytes} bytes (maxAnswerBytes)`)
  }
}

/** Cuts a stream of bytes into values. */
export interface Decoder {
  /** Takes the next bytes. A chunk may end anywhere, inside a line and inside a character. @throws {CorruptLineError} */
  push(bytes: Uint8Array): void
  /** Takes what there is as a line: the last one needs no line feed. @throws {CorruptLineError} */
  flush(): void
}

/** Makes a decoder that hands each value to `take` as soon as it is complete, so that what stands before a fault is not lost. */
export type MakeDecoder = (take: (value: unknown) => void, maxBytes: number) => Decoder

const LINE_FEED = 0x0a
const BLANK = 0x20
const STRICT = new TextDecoder('utf-8', { fatal: true })

/**
 * Lines of UTF-8. Blank ones are left out.
 *
 * @param take gets each line, and whether its bytes were damaged
 * @param maxBytes longest line; a longer one is refused before it is complete
 */
export function lineDecoder(take: (line: string, isDamaged: boolean) => void, maxBytes: number): Decoder {
  // Bytes that wait for their line feed, in one growing buffer: a million small chunks take no more memory than one large.
  let buffer = new Uint8Array(0)
  let size = 0

  const wait = (bytes: Uint8Array): void => {
    const needed = size + bytes.length
    if (needed > maxBytes) throw new TooLongError(maxBytes)
    if (needed > buffer.length) {
      const larger = new Uint8Array(needed * 2)
      larger.set(buffer.subarray(0, size))
      buffer = larger
    }
    buffer.set(bytes, size)
    size = needed
  }
  const flush = (): void => {
    takeLines(buffer.subarray(0, size), take)
    size = 0
  }

  return {
    push(bytes) {
      const end = bytes.lastIndexOf(LINE_FEED) + 1
      if (end > 0 && size === 0) takeLines(bytes.subarray(0, end), take)
      else if (end > 0) {
        const first = bytes.indexOf(LINE_FEED) + 1
        wait(bytes.subarray(0, first))
        flush()
        takeLines(bytes.subarray(first, end), take)
      }
      if (end < bytes.length) wait(bytes.subarray(end))
    },
    flush,
  }
}

/** The lines in bytes that end with one, or with the stream. */
function takeLines(bytes: Uint8Array, take: (line: string, isDamaged: boolean) => void): void {
  let text: string
  let isDamaged = false
  try {
    text = STRICT.decode(bytes)
  } catch {
    // The lines before the damage still count.
    isDamaged = true
    text = new TextDecoder().decode(bytes)
  }
  for (let at = 0; at < text.length; at += 1) {
    // A stream of blanks is stepped over without making a string of each.
    if (text.charCodeAt(at) <= BLANK) continue
    const feed = text.indexOf('\n', at)
    const line = text.slice(at, feed < 0 ? text.length : feed)
    take(line, isDamaged && line.includes('\ufffd'))
    at += line.length
  }
}

/** One value of JSON on each line. */
export const ndjsonDecoder: MakeDecoder = (take, maxBytes) => lineDecoder((line, isDamaged) => take(jsonOf(line, isDamaged)), maxBytes)

/** The value of a text of JSON. @throws {CorruptLineError} */
export function jsonOf(text: string, isDamaged = false): unknown {
  try {
    if (isDamaged) throw new Error('not UTF-8')
    return parseJson(text)
  } catch (cause) {
    throw new CorruptLineError(text.slice(0, 200), { cause })
  }
}
