import { parsedText, parseJson } from './wire-values.js'

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
const CARRIAGE_RETURN = 0x0d
const REST_OF_LINE = /[^\r\n]+/y
const BYTE_ORDER_MARK = '\ufeff'
// A decoder would take the mark off each piece it is handed, so that the text would depend on where the stream is cut.
const STRICT = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const LENIENT = new TextDecoder('utf-8', { ignoreBOM: true })

/**
 * Lines of UTF-8 that end with LF, CR LF or CR. Blanks before a line, and lines of nothing but blanks, are left out; a line without
 * any character is given as ''. So is a byte order mark at the beginning of a line, where joined files may have one.
 *
 * @param take gets each line; one whose bytes were damaged is refused
 * @param maxBytes longest line that is waited for; a longer one is refused before it is complete
 */
export function lineDecoder(take: (line: string) => void, maxBytes: number): Decoder {
  // Bytes that wait for the end of their line, in one growing buffer: a million small chunks take no more memory than one large.
  let buffer = new Uint8Array(0)
  let size = 0
  /** Whether the bytes so far end with CR: an LF after it belongs to the same end of line. */
  let isHalfEnd = false

  const keep = (bytes: Uint8Array): void => {
    const needed = size + bytes.length
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
    push(chunk) {
      const bytes = isHalfEnd && chunk[0] === LINE_FEED ? chunk.subarray(1) : chunk
      if (chunk.length > 0) isHalfEnd = chunk.at(-1) === CARRIAGE_RETURN
      const end = Math.max(bytes.lastIndexOf(LINE_FEED), bytes.lastIndexOf(CARRIAGE_RETURN)) + 1
      const lines = bytes.subarray(0, end)
      if (size === 0) takeLines(lines, take)
      else if (end > 0) {
        keep(lines)
        flush()
      }
      const restLength = bytes.length - end
      if (size + restLength > maxBytes) throw new TooLongError(maxBytes)
      if (restLength > 0) keep(bytes.subarray(end))
    },
    flush,
  }
}

/** The lines in bytes that end with one, or with the stream. */
function takeLines(bytes: Uint8Array, take: (line: string) => void): void {
  let text: string
  let isDamaged = false
  try {
    text = STRICT.decode(bytes)
  } catch {
    // The lines before the damage still count.
    isDamaged = true
    text = LENIENT.decode(bytes)
  }
  let isEmpty = true
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at] as string
    if (character === '\n' || character === '\r') {
      if (isEmpty) take('')
      isEmpty = true
      if (character === '\r' && text[at + 1] === '\n') at += 1
    } else if (character !== BYTE_ORDER_MARK || !isEmpty) {
      isEmpty = false
      // A stream of blanks is stepped over without making a string of each.
      if (character <= ' ') continue
      REST_OF_LINE.lastIndex = at
      REST_OF_LINE.test(text)
      const end = REST_OF_LINE.lastIndex
      const line = text.slice(at, end)
      if (isDamaged && line.includes('\ufffd')) throw corrupt(line, new Error('not UTF-8'))
      take(line)
      at = end - 1
    }
  }
}

/** One value of JSON on each line, or, as some proxies write it, a single value on many lines. */
export const ndjsonDecoder: MakeDecoder = (take, maxBytes) => {
  let isFirst = true
  /** The lines of a single value. */
  let body = ''
  const lines = lineDecoder((line) => {
    if (!line) return
    if (body || (isFirst && /^[{[]/.test(line) && parsedText(line) === line)) body += `${line}\n`
    else take(jsonOf(line))
    isFirst = false
    if (body.length > maxBytes) throw new TooLongError(maxBytes)
  }, maxBytes)
  return {
    push: lines.push,
    flush() {
      lines.flush()
      if (body) take(jsonOf(body))
    },
  }
}

/** The value of a text of JSON. @throws {CorruptLineError} */
export function jsonOf(text: string): unknown {
  try {
    return parseJson(text)
  } catch (cause) {
    throw corrupt(text, cause)
  }
}

/** @param text its beginning is the message */
export function corrupt(text: string, cause?: unknown): CorruptLineError {
  return new CorruptLineError(text.slice(0, 200), { cause })
}
