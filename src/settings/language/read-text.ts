import { readStructure } from './structure.js'

/**
 * Reads a text when no schema says what it should be, the way TOML would: numbers, true and false, quoted strings, lists, inline
 * tables, and JSON. Everything else, dates and integers beyond 2^53 included, stays the text it is.
 */
export function guess(text: string): unknown {
  const trimmed = text.trim()
  const first = trimmed[0]
  if (first === undefined) return text
  if (first === '"' || first === "'" || first === '[' || first === '{') return readStructure(trimmed) ?? text
  if (trimmed === 'true' || trimmed === 'True') return true
  if (trimmed === 'false' || trimmed === 'False') return false
  return strictNumber(trimmed) ?? text
}

const INTEGER = /^[+-]?(?:0|[1-9](?:_?\d)*)$/
const RADIX = /^0(?:x[\da-fA-F](?:_?[\da-fA-F])*|o[0-7](?:_?[0-7])*|b[01](?:_?[01])*)$/
const FLOAT = /^[+-]?(?:0|[1-9](?:_?\d)*)(?:\.\d(?:_?\d)*)?(?:[eE][+-]?\d(?:_?\d)*)?$/

/** A number as TOML writes it. */
export function strictNumber(text: string): number | undefined {
  if (!/^[+-]?\d/.test(text)) return undefined
  const digits = text.replaceAll('_', '')
  if (INTEGER.test(text) || RADIX.test(text)) {
    const number = Number(digits)
    return Number.isSafeInteger(number) ? number + 0 : undefined
  }
  const number = FLOAT.test(text) ? Number(digits) : Number.NaN
  return Number.isFinite(number) ? number : undefined
}

/** A number as people write it: also `007`, `.5` and `5.`, which TOML refuses. */
export function looseNumber(text: string): number | undefined {
  const trimmed = text.trim()
  if (!/^[+-]?(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(trimmed)) return strictNumber(trimmed)
  const number = Number(trimmed.replaceAll('_', ''))
  return Number.isFinite(number) && (!Number.isInteger(number) || Number.isSafeInteger(number)) ? number : undefined
}

const WORDS: ReadonlyMap<string, boolean> = new Map([
  ...['true', 't', 'yes', 'on', '1', 'enabled'].map((word) => [word, true] as const),
  ...['false', 'f', 'no', 'off', '0', 'disabled'].map((word) => [word, false] as const),
])

/** @returns `undefined` for a word that means neither yes nor no */
export function booleanWord(text: string): boolean | undefined {
  return WORDS.get(text.trim().toLowerCase())
}

/**
 * The items of `a, b`; `undefined` for a text in brackets, or when a bracket or a quote would be torn apart: `[1,2` is a broken list,
 * not two items.
 */
export function commaItems(text: string): string[] | undefined {
  if (text.trim() === '') return []
  if (/^\s*[[{]/.test(text)) return undefined
  const items = text.split(',').map((item) => item.trim())
  return items.every(isWhole) ? items : undefined
}

const CLOSING: Readonly<Record<string, string>> = { '[': ']', '{': '}' }

function isWhole(item: string): boolean {
  const open: string[] = []
  for (const letter of item) {
    const closing = CLOSING[letter]
    if (closing) open.push(closing)
    else if ((letter === ']' || letter === '}') && open.pop() !== letter) return false
  }
  const quote = /^["']/.exec(item)?.[0]
  return open.length === 0 && (quote === undefined || (item.length > 1 && item.endsWith(quote)))
}

/**
 * What else a text could mean, in the order in which a schema that does not describe itself is asked. Each is the whole text read in
 * one way.
 */
export const OTHER_READINGS: readonly ((text: string) => unknown)[] = [
  (text) => text,
  booleanWord,
  looseNumber,
  (text) => (/^\s*[[{]/.test(text) ? readStructure(text.trim()) : undefined),
  commaItems,
  (text) => commaItems(text)?.map(guess),
  (text) => commaItems(text)?.map((item) => booleanWord(item) ?? looseNumber(item) ?? item),
  readDate,
  (text) => (/^[+-]?\d+$/.test(text.trim()) ? BigInt(text.trim()) : undefined),
]

/** An ISO date, or a date and a time with an offset; a day that the month does not have is refused. */
export function readDate(text: string): Date | undefined {
  const [, year, month, day] = /^(\d{4})-(\d\d)-(\d\d)(?:[T ][\d:.]+(?:Z|[+-]\d\d:\d\d)?)?$/.exec(text.trim()) ?? []
  const date = new Date(text.trim())
  if (day === undefined || Number.isNaN(date.getTime())) return undefined
  return Number(day) <= daysIn(Number(year), Number(month)) ? date : undefined
}

/** How many days a month has, January being 1. */
export function daysIn(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate()
}
