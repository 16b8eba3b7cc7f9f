import { LLMError } from '../shared/errors.js'

/** A line of JSON. */
export type Fields = Record<string, unknown>

/** The value as an object with keys, or `undefined`. */
export function recordOf(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined
}

/** The value if it is a list, else an empty list. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

/** A text that is not empty, or `undefined`. */
export function stringOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** An id, which some servers write as a number. */
export function idOf(value: unknown): string | undefined {
  return stringOf(typeof value === 'number' ? String(value) : value)
}

/** What an answer's field `error` holds if it is one: some servers send the field with nothing in it (`null`, `""`, `{}`). */
export function errorIn(value: unknown): unknown {
  return value && JSON.stringify(value).length > 2 ? value : undefined
}

/** A number, or `undefined`: absent is unknown, never 0. */
export function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined
}

/** Two counts as one, when both are known. */
export function sum(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? undefined : one + other
}

/** The value of a text that is JSON, and any other value as it is. Arguments of tools are an object at one end and a text at the other. */
export function parsedText(value: unknown): unknown {
  try {
    return typeof value === 'string' ? parseJson(value) : value
  } catch {
    return value
  }
}

/**
 * JSON of what a message holds.
 *
 * @throws {LLMError} with reason `bad_request` for what has none: it contains itself, holds a BigInt, or is deeper than the stack
 */
export function jsonText(value: unknown): string {
  try {
    return JSON.stringify(value)
  } catch (cause) {
    throw new LLMError('A message holds what cannot be written as JSON.', { reason: 'bad_request', cause })
  }
}

/** Deeper is no answer: `JSON.parse` takes time and memory for each level. */
const DEEPEST = 1_000

/** `JSON.parse`, which refuses endless nesting before it costs anything. @throws {SyntaxError} */
export function parseJson(text: string): unknown {
  let depth = 0
  let isString = false
  // A short text cannot be that deep.
  for (let at = text.length > DEEPEST ? 0 : text.length; at < text.length; at += 1) {
    const character = text.charCodeAt(at)
    if (character === 0x5c) at += 1
    else if (character === 0x22) isString = !isString
    // `[` and `{`, `]` and `}` differ in one bit.
    else if (!isString && (character | 0x20) === 0x7b) depth += 1
    else if (!isString && (character | 0x20) === 0x7d) depth -= 1
    if (depth > DEEPEST) throw new SyntaxError('nested too deeply')
  }
  return JSON.parse(text)
}
