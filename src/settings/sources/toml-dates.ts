import { daysIn } from '../language/read-text.js'
import { itemsOf, mapItems } from '../tree/items.js'
import { type Place, placeOf } from './file-error.js'

/**
 * The place of a date that no calendar has, such as 2021-02-30. The parser hands out the day it rolls over to, so the text is scanned,
 * past strings and comments.
 */
export function impossibleDate(text: string): Place | undefined {
  for (const match of text.matchAll(PARTS)) {
    const [, year, month, day] = match
    if (day !== undefined && Number(day) > daysIn(Number(year), Number(month))) return placeOf(match.index, text)
  }
  return undefined
}

// Strings, comments and headers of tables are passed over; what is followed by "=" or "." is a key.
const PARTS =
  /"""[\s\S]*?"""|'''[\s\S]*?'''|"(?:\\.|[^"\\\n])*"?|'[^'\n]*'?|#[^\n]*|^[ \t]*\[{1,2}[^[\]\n]*\]{1,2}[ \t]*$|(?<![\w.-])(\d{4})-(\d\d)-(\d\d)(?![\w-]*\s*[=.])/gm

/** Whether a document holds dates at all. */
export function holdsDate(value: unknown): boolean {
  return value instanceof Date || itemsOf(value).some(([, item]) => holdsDate(item))
}

/**
 * The document with dates of JavaScript instead of the parser's class, which schema libraries do not know how to copy. A date
 * without a time or an offset still prints as the file has it.
 */
export function plainDates(value: unknown): unknown {
  if (!(value instanceof Date)) return mapItems(value, plainDates)
  const text = value.toISOString()
  return Object.defineProperty(new Date(value.getTime()), 'toISOString', { value: () => text })
}
