import { isConfigError, TemplateVariableError } from '../shared/errors.js'

/**
 * A value as it stands in a rendered template: strings as they are, `null` as `null`, numbers, booleans and bigints as JavaScript writes
 * them, dates as ISO 8601, objects and arrays as JSON (bigints in there as strings of digits). It is never read as a template again.
 *
 * @throws {TemplateVariableError} for functions, symbols, invalid dates, circular values, and objects that fail while they are read
 */
export function textOf(value: unknown, name: string): string {
  switch (typeof value) {
    case 'string':
      return value
    case 'number':
    case 'boolean':
    case 'bigint':
      return String(value)
    case 'object':
      return objectText(value, name)
    default:
      throw new TemplateVariableError(`The value of "${name}" is a ${typeof value}, which has no text. Pass a string instead.`, [name])
  }
}

/** The error for a value that failed while it was read; one of ours stays as it is. */
export function unreadable(error: unknown, name: string): Error {
  if (isConfigError(error)) return error
  return new TemplateVariableError(
    `The value of "${name}" cannot be written as text: it holds itself, is too long, or fails while it is read.`,
    [name],
    { cause: error },
  )
}

function objectText(value: object | null, name: string): string {
  let text: string | undefined
  try {
    text = value instanceof Date ? value.toISOString() : jsonText(value)
  } catch (error) {
    throw unreadable(error, name)
  }
  if (typeof text !== 'string') {
    throw new TemplateVariableError(`The value of "${name}" has no JSON form. Pass a string instead.`, [name])
  }
  return text
}

function jsonText(value: object | null): string | undefined {
  try {
    return JSON.stringify(value)
  } catch {
    // JSON.stringify refuses bigints; a replacer costs five times the time, so it is only the second try.
    return JSON.stringify(value, (_key, part: unknown) => (typeof part === 'bigint' ? String(part) : part))
  }
}
