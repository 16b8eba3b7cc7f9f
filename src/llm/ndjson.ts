/** A line of a stream is not JSON, or its bytes are not UTF-8. */
export class CorruptLineError extends Error {}

/** Cuts a stream of bytes into lines of JSON. */
export interface NdjsonDecoder {
  /** Takes the next bytes. A chunk may end anywhere, inside a line and inside a character. @throws {CorruptLineError} */
  push(bytes: Uint8Array): void
  /** Takes what there is as a line: the last one needs no line feed. @throws {CorruptLineError} */
  flush(): void
}

const LINE_FEED = 0x0a

/** @param take gets each value as soon as its line is complete, so that what stands before a corrupt line is not lost */
export function ndjsonDecoder(take: (value: unknown) => void): NdjsonDecoder {
  const strict = new TextDecoder('utf-8', { fatal: true })
  // Bytes after the last line feed. They are put together once, when their line ends, so a long line stays linear.
  let rest: Uint8Array[] = []

  const flush = (): void => {
    const bytes = joined(rest)
    rest = []
    let text: string
    let damage: string | undefined
    try {
      text = strict.decode(bytes)
    } catch {
      // The lines before the damage still count.
      damage = '\ufffd'
      text = new TextDecoder().decode(bytes)
    }
    for (const line of text.split('\n')) {
      if (line.trim()) take(parse(line, damage))
    }
  }

  return {
    push(bytes) {
      const end = bytes.lastIndexOf(LINE_FEED) + 1
      if (end > 0) {
        rest.push(bytes.subarray(0, end))
        flush()
      }
      if (end < bytes.length) rest.push(bytes.subarray(end))
    },
    flush,
  }
}

function parse(line: string, damage: string | undefined): unknown {
  try {
    if (damage && line.includes(damage)) throw new Error('not UTF-8')
    return JSON.parse(line)
  } catch (cause) {
    throw new CorruptLineError(line.slice(0, 200), { cause })
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array | undefined {
  if (parts.length < 2) return parts[0]
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}
