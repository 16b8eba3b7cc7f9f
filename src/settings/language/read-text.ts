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

const RADIX = /^0(?:x[\da-fA-F](?:_?[\da-fA-F])*|o[0-7](?:_?[0-7])*|b[01](?:_?[01])*)$/
const DECIMAL = /^[+-]?(?:0|[1-9](?:_?\d)*)(?:\.\d(?:_?\d)*)?(?:[eE][+-]?\d(?:_?\d)*)?$/
const LOOSE_DECIMAL = /^[+-]?(?:\d(?:_?\d)*(?:\.(?:\d(?:_?\d)*)?)?|\.\d(?:_?\d)*)(?:[eE][+-]?\d(?:_?\d)*)?$/
const FRACTION_OR_EXPONENT = /^[+-]?[\d_]*[.eE]/

/** A number as TOML writes it. */
export function strictNumber(text: string): number | undefined {
  return DECIMAL.test(text) || RADIX.test(text) ? numberOf(text) : undefined
}

/** A number as people write it: also `007`, `.5` and `5.`, which TOML refuses. */
export function looseNumber(text: string): number | undefined {
  const trimmed = text.trim()
  return LOOSE_DECIMAL.test(trimmed) || RADIX.test(trimmed) ? numberOf(trimmed) : undefined
}

/** `undefined` for an integer that would lose digits. With a fraction or an exponent it is a float, which is rounded as floats are. */
function numberOf(text: string): number | undefined {
  const number = Number(text.replaceAll('_', ''))
  if (Number.isSafeInteger(number)) return number + 0
  return Number.isFinite(number) && FRACTION_OR_EXPONENT.test(text) ? number : undefined
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
  readBigint,
]

export function readBigint(text: string): bigint | undefined {
  return /^\s*[+-]?\d+\s*$/.test(text) ? BigInt(text.trim()) : undefined
}

const DATE = /^(\d{4})-(\d\d)-(\d\d)(?:[Tt ]((?:[01]\d|2[0-3]):\d\d(?::\d\d(?:\.\d+)?)?)([Zz]|[+-]\d\d:\d\d)?)?$/

/** A date, or a date and a time, as TOML writes them; without an offset it is UTC, wherever the program runs. */
export function readDate(text: string): Date | undefined {
  const [, year, month, day, time = '00:00', offset = 'Z'] = DATE.exec(text.trim()) ?? []
  if (day === undefined || Number(day) > daysIn(Number(year), Number(month))) return undefined
  const date = new Date(`${year}-${month}-${day}T${time}${offset.toUpperCase()}`)
  return Number.isNaN(date.getTime()) ? undefined : date
}

/** How many days a month has, January being 1. */
export function daysIn(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate()
}
