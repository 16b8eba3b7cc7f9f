import { parse } from 'smol-toml'
import { itemsOf, mapItems } from '../tree/items.js'
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
  const texts = markedText(text)
  const marked = texts === undefined ? undefined : parseStructure(texts)
  const walk = (value: unknown, path: readonly string[]): unknown =>
    typeof value === 'string'
      ? read({ text: value.slice(1), isQuoted: value.startsWith(QUOTED) }, path)
      : mapItems(value, (item, key) => walk(item, [...path, key]))
  // A text that cannot be marked, such as one with strings of three quotes, keeps what the parser made of it.
  return typeof marked === 'object' && isOrdinary(marked) ? walk(marked, []) : readStructure(text)
}

const QUOTED = 'q'
const BARE = 'b'
// A string with what follows it, to tell keys from values; a word without quotes, likewise. One that is not closed is passed over whole, so
// that a text is read once.
const PART = /("(?:\\.|[^"\\])*"?|'[^']*'?)(\s*[=:])?|[^\s[\]{},=:"'][^\s[\]{},="']*(\s*=)?/g

// What TOML or JSON reads without quotes: yes and no, nothing, numbers of any length, dates and times.
const SCALAR =
  /^(?:true|false|null|[+-]?(?:inf|nan|(?:0|[1-9](?:_?\d)*)(?:\.\d(?:_?\d)*)?(?:[eE][+-]?\d(?:_?\d)*)?)|0(?:x[\da-fA-F_]+|o[0-7_]+|b[01_]+)|(?:\d{4}-\d\d-\d\d)?(?:[Tt]?\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:[Zz]|[+-]\d\d:\d\d)?)?)$/

/** Puts a letter in front of each scalar that is no key, and quotes around it if it has none; `undefined` when a word is no scalar. */
function markedText(text: string): string | undefined {
  let isWhole = true
  const marked = text.replaceAll(PART, (part: string, quoted?: string, afterQuoted?: string, afterBare?: string) => {
    if (afterQuoted !== undefined || afterBare !== undefined) return part
    if (quoted !== undefined) return quoted[0] + QUOTED + quoted.slice(1)
    isWhole &&= SCALAR.test(part)
    return JSON.stringify(BARE + part)
  })
  return isWhole ? marked : undefined
}

/** What is wrong with a text in brackets, in words that follow "a text that"; `undefined` for one that can be read or has no brackets. */
export function unreadable(text: string): string | undefined {
  const trimmed = text.trim()
  if (!/^[[{]/.test(trimmed) || readStructure(trimmed) !== undefined) return undefined
  try {
    const repeated = JSON.parse(trimmed) !== undefined && repeatedKey(trimmed)
    return repeated ? `has the key ${JSON.stringify(repeated.key)} twice` : 'has a number that would be changed, or too many levels'
  } catch {
    return isSaidTwice(trimmed) ? 'has a key twice' : 'is neither TOML nor JSON'
  }
}

function isSaidTwice(text: string): boolean {
  try {
    parse(`v = ${text}`)
    return false
  } catch (error) {
    return error instanceof Error && error.message.startsWith('Invalid TOML document: trying to redefine')
  }
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

/** How deep lists and tables may lie in each other: no settings need more, and each level costs stack. */
export const MOST_LEVELS = 100

/** Whether a parsed value holds only what a text may give: no dates, nothing infinite, and no endless nesting. */
export function isOrdinary(value: unknown, level = 0): boolean {
  if (typeof value === 'number') return Number.isFinite(value)
  if (level > MOST_LEVELS) return false
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true
  return (
    (Array.isArray(value) || isPlainTable(value)) &&
    itemsOf(value).every(([key, item]) => key !== '__proto__' && isOrdinary(item, level + 1))
  )
}

/** @returns `undefined` for text that is not JSON, or of which something would be lost: digits of an integer, the first of two equal keys */
export function parseJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text)
    return holdsLongInteger(text) || repeatedKey(text) ? undefined : value
  } catch {
    // The parser's own message quotes the text, which may be a secret.
    return undefined
  }
}

const STRING_OR_NUMBER = /"(?:\\.|[^"\\])*"|-?\d[\d.eE+-]*/g

/** Whether JSON has an integer beyond 2^53, which the parser changes without a word. */
export function holdsLongInteger(json: string): boolean {
  if (!/\d{16}/.test(json)) return false
  const numbers = (json.match(STRING_OR_NUMBER) ?? []).filter((part) => /^-?\d{16,}$/.test(part))
  return numbers.some((part) => !Number.isSafeInteger(Number(part)))
}

const KEY_OR_BRACE = /"(?:\\.|[^"\\])*"(\s*:)?|[{}]/g

/** The first key that stands twice in one object of a JSON text, and its position; the parser takes the last one without a word. */
export function repeatedKey(json: string): { readonly key: string; readonly at: number } | undefined {
  const open: Set<string>[] = []
  for (const { 0: part, 1: colon, index } of json.matchAll(KEY_OR_BRACE)) {
    if (part === '{') open.push(new Set())
    else if (part === '}') open.pop()
    else if (colon !== undefined) {
      const keys = open.at(-1)
      const key = JSON.parse(part.slice(0, -colon.length)) as string
      if (keys?.has(key)) return { key, at: index }
      keys?.add(key)
    }
  }
  return undefined
}
