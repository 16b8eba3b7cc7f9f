import { parse } from 'smol-toml'
import { isPlainTable } from '../tree/path.js'

/** Reads `[…]`, `{…}` or a quoted string, written as TOML or as JSON; `undefined` for anything that is not whole. */
export function readStructure(text: string): unknown {
  const value = parseStructure(text)
  return isOrdinary(value) ? value : undefined
}

/** One scalar of a structure: what stood there, and whether it stood in quotes. */
export interface Scalar {
  readonly text: string
  readonly isQuoted: boolean
}

/**
 * Reads a structure and lets `read` decide about each scalar by its text, so that `[1.10]` can be a list of strings.
 *
 * @param read is told the path from the structure's top
 */
export function mapStructure(text: string, read: (scalar: Scalar, path: readonly string[]) => unknown): unknown {
  const plain = readStructure(text)
  if (plain === undefined || typeof plain !== 'object') return plain
  const marked = parseStructure(text.replaceAll(PART, mark))
  const walk = (value: unknown, path: readonly string[]): unknown => {
    if (Array.isArray(value)) return value.map((item, index) => walk(item, [...path, String(index)]))
    if (isPlainTable(value)) return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, walk(item, [...path, key])]))
    return typeof value === 'string' ? read({ text: value.slice(1), isQuoted: value.startsWith(QUOTED) }, path) : value
  }
  // A text that cannot be marked, such as one with strings of three quotes, keeps what the parser made of it.
  return marked === undefined ? plain : walk(marked, [])
}

const QUOTED = 'q'
const BARE = 'b'
// A string with what follows it, to tell keys from values; a word without quotes, likewise.
const PART = /("(?:\\.|[^"\\])*"|'[^']*')(\s*[=:])?|[^\s[\]{},=:"'][^\s[\]{},="']*(\s*=)?/g

/** Puts a letter in front of each scalar that is no key, and quotes around it if it has none. */
function mark(part: string, quoted: string | undefined, afterQuoted: string | undefined, afterBare: string | undefined): string {
  if (afterQuoted !== undefined || afterBare !== undefined) return part
  return quoted === undefined ? JSON.stringify(BARE + part) : quoted[0] + QUOTED + quoted.slice(1)
}

function parseStructure(text: string): unknown {
  try {
    const table = parse(`v = ${text}`)
    // A line break in a variable must not smuggle in a second key.
    if (Object.keys(table).length === 1) return table.v
  } catch {
    // Not TOML: it may be JSON, or nothing but text.
  }
  return /^[[{]/.test(text) ? parseJson(text) : undefined
}

/** Whether a parsed value holds only what a text may give: no dates, no number that lost digits on the way. */
export function isOrdinary(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value))
  if (Array.isArray(value)) return value.every(isOrdinary)
  if (isPlainTable(value)) return Object.keys(value).every((key) => key !== '__proto__' && isOrdinary(value[key]))
  return value === null || typeof value === 'string' || typeof value === 'boolean'
}

/** @returns `undefined` for text that is not JSON */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    // The parser's own message quotes the text, which may be a secret.
    return undefined
  }
}
