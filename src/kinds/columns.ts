import type { Json } from '../entities/json.js'
import { checkInteger, checkJson, checkOptionalText, checkParameters, checkText } from '../shared/arguments.js'
import { InvalidArgumentError } from '../shared/errors.js'
import { decodeJson, type Row } from './row.js'

/** One field of a kind, and the column that keeps it: what it is called, what it may hold, and its default. */
export interface Field {
  /** Absent: the field's name in snake case. */
  readonly column?: string
  /** For forms. */
  readonly type: 'text' | 'integer' | 'json'
  readonly choices?: readonly string[]
  /** What the first version has when its draft does not say; absent: a draft always has to. */
  readonly initial?: Json
  /** @throws {InvalidArgumentError} naming the field */
  check(field: string, given: unknown): Json
  decode(stored: unknown, row: Row): unknown
}

interface TextOptions {
  readonly column?: string
  /** In characters. */
  readonly maxLength?: number
  readonly initial?: string
}

export function text({ maxLength, ...rest }: TextOptions = {}): Field {
  return { ...rest, type: 'text', check: (field, given) => checkText(field, given, maxLength), decode: (stored) => stored }
}

export function optionalText(): Field {
  return { type: 'text', initial: null, check: (field, given) => checkOptionalText(field, given), decode: (stored) => stored ?? null }
}

export function choice(choices: readonly string[], initial: string): Field {
  const check = (field: string, given: unknown) => {
    if (!choices.includes(given as string)) throw new InvalidArgumentError(field, `must be one of ${choices.join(', ')}`)
    return given as string
  }
  return { type: 'text', choices, initial, check, decode: (stored) => stored }
}

export function integer({ min, initial }: { readonly min: number; readonly initial: number }): Field {
  return { type: 'integer', initial, check: (field, given) => checkInteger(field, given, { min, max: MAX_INTEGER }), decode: Number }
}

export function optionalInteger({ min }: { readonly min: number }): Field {
  const check = (field: string, given: unknown) => (given === null ? null : checkInteger(field, given, { min, max: MAX_INTEGER }))
  return { type: 'integer', initial: null, check, decode: (stored) => (stored === undefined || stored === null ? null : Number(stored)) }
}

/** An object of any content. */
export function parameters(): Field {
  return { type: 'json', initial: {}, check: checkParameters, decode: decodeJson }
}

export function json(check: (field: string, given: unknown) => unknown, initial: Json): Field {
  return { type: 'json', initial, check: (field, given) => checkJson(field, check(field, given)) as Json, decode: decodeJson }
}

export function optionalJson(check: (field: string, given: unknown) => unknown): Field {
  return {
    type: 'json',
    initial: null,
    check: (field, given) => (given === null ? null : (checkJson(field, check(field, given)) as Json)),
    decode: (stored) => decodeJson(stored ?? null),
  }
}

export function columnOf(name: string, field: Field): string {
  return field.column ?? name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

const MAX_INTEGER = 2_147_483_647
