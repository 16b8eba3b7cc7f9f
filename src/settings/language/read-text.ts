import { parse } from 'smol-toml'
import { isPlainTable } from '../tree/path.js'

/**
 * Reads the text of a variable the way TOML would: numbers, true and false, quoted strings, lists, inline tables, and
 * JSON objects. Everything else, dates and integers beyond 2^53 included, stays the text it is.
 */
export function guess(text: string): unknown {
  const trimmed = text.trim()
  const first = trimmed[0]
  if (first === undefined) return text
  if (first === '"' || first === "'" || first === '[' || first === '{') return guessStructure(trimmed) ?? text
  if (trimmed === 'true' || trimmed === 'True') return true
  if (trimmed === 'false' || trimmed === 'False') return false
  return guessNumber(trimmed) ?? text
}

const INTEGER = /^[+-]?(?:0|[1-9](?:_?\d)*)$/
const RADIX = /^0(?:x[\da-fA-F](?:_?[\da-fA-F])*|o[0-7](?:_?[0-7])*|b[01](?:_?[01])*)$/
const FLOAT = /^[+-]?(?:0|[1-9](?:_?\d)*)(?:\.\d(?:_?\d)*)?(?:[eE][+-]?\d(?:_?\d)*)?$/

function guessNumber(text: string): number | undefined {
  if (!/^[+-]?\d/.test(text)) return undefined
  const digits = text.replaceAll('_', '')
  if (INTEGER.test(text) || RADIX.test(text)) {
    const number = Number(digits)
    return Number.isSafeInteger(number) ? number + 0 : undefined
  }
  const number = FLOAT.test(text) ? Number(digits) : Number.NaN
  return Number.isFinite(number) ? number : undefined
}

function guessStructure(text: string): unknown {
  try {
    const table = parse(`v = ${text}`)
    // A line break in a variable must not smuggle in a second key.
    if (Object.keys(table).length === 1 && isOrdinary(table.v)) return table.v
  } catch {
    // Not TOML: it may be JSON, or nothing but text.
  }
  if (!text.startsWith('{')) return undefined
  const value = parseJson(text)
  return isOrdinary(value) ? value : undefined
}

/** Whether a parsed value holds only what a guess may give: no dates, no number that lost digits on the way. */
function isOrdinary(value: unknown): boolean {
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

const WORDS: ReadonlyMap<string, boolean> = new Map([
  ...['true', 't', 'yes', 'on', '1', 'enabled'].map((word) => [word, true] as const),
  ...['false', 'f', 'no', 'off', '0', 'disabled'].map((word) => [word, false] as const),
])

/** @returns `undefined` for a word that means neither yes nor no */
export function booleanWord(text: string): boolean | undefined {
  return WORDS.get(text.trim().toLowerCase())
}

/** A number as people write it: also `007`, `.5` and `5.`, which TOML refuses. */
export function looseNumber(text: string): number | undefined {
  const trimmed = text.trim()
  if (!/^[+-]?(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(trimmed)) return guessNumber(trimmed)
  const number = Number(trimmed.replaceAll('_', ''))
  return Number.isFinite(number) && (!Number.isInteger(number) || Number.isSafeInteger(number)) ? number : undefined
}

/** What else a text could mean, in the order in which a schema is asked. */
export function* readings(text: string): Generator<unknown> {
  yield text
  const word = booleanWord(text)
  if (word !== undefined) yield word
  const number = looseNumber(text)
  if (number !== undefined) yield number
  const json = parseJson(text)
  if (json !== undefined && isOrdinary(json)) yield json
  const items = text.trim() === '' ? [] : text.split(',').map((item) => item.trim())
  yield items
  yield items.map(guess)
  yield items.map((item) => booleanWord(item) ?? looseNumber(item) ?? item)
}
