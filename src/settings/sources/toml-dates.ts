import { daysIn } from '../language/read-text.js'
import { isPlainTable } from '../tree/path.js'

/**
 * The place of a date that no calendar has, such as 2021-02-30. The parser hands out the day it rolls over to, so the text is scanned,
 * past strings and comments.
 */
export function impossibleDate(text: string): { readonly line: number; readonly column: number } | undefined {
  for (const match of text.matchAll(PARTS)) {
    const [, year, month, day] = match
    if (day === undefined || Number(day) <= daysIn(Number(year), Number(month))) continue
    const before = text.slice(0, match.index).split('\n')
    return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 }
  }
  return undefined
}

// Strings, comments and headers of tables are passed over; what is followed by "=" or "." is a key.
const PARTS =
  /"""[\s\S]*?"""|'''[\s\S]*?'''|"(?:\\.|[^"\\\n])*"|'[^'\n]*'|#[^\n]*|^[^\S\n]*\[{1,2}[^[\]\n]*\]{1,2}[^\S\n]*$|(?<![\w.-])(\d{4})-(\d\d)-(\d\d)(?![\w-]*\s*[=.])/gm

/** Whether a document holds dates at all. */
export function holdsDate(value: unknown): boolean {
  if (value instanceof Date) return true
  if (Array.isArray(value)) return value.some(holdsDate)
  return isPlainTable(value) && Object.values(value).some(holdsDate)
}

/**
 * The document with dates of JavaScript instead of the parser's class, which schema libraries do not know how to copy. A date
 * without a time or an offset still prints as the file has it.
 */
export function plainDates(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plainDates)
  if (isPlainTable(value)) return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plainDates(item)]))
  if (!(value instanceof Date)) return value
  const text = value.toISOString()
  return Object.defineProperty(new Date(value.getTime()), 'toISOString', { value: () => text })
}
