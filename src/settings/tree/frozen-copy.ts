import { maskCredentials, redact } from '../secrets/redact.js'
import { isPlainTable } from './path.js'

const INSPECT = Symbol.for('nodejs.util.inspect.custom')

/**
 * A frozen copy of tables and lists. Reading gives the values; `JSON.stringify` and `util.inspect` give them with
 * secrets redacted. Instances of classes are shared, not copied: they belong to the schema that made them.
 */
export function frozenCopy(value: unknown, path: readonly string[], isSecret: (path: readonly string[]) => boolean): unknown {
  const isList = Array.isArray(value)
  if (!isList && !isPlainTable(value)) return value
  const copy: Record<string, unknown> | unknown[] = isList ? [] : {}
  for (const [key, item] of Object.entries(value)) {
    const part = frozenCopy(item, [...path, key], isSecret)
    Object.defineProperty(copy, key, { value: part, enumerable: true, writable: true, configurable: true })
  }
  const redacted = (): unknown => redactedCopy(copy, path, isSecret)
  const inspected = (_depth: number, options: object, inspect: (value: unknown, options: object) => string): string =>
    inspect(redacted(), options)
  Object.defineProperty(copy, 'toJSON', { value: redacted, configurable: false })
  Object.defineProperty(copy, INSPECT, { value: inspected, configurable: false })
  return Object.freeze(copy)
}

/** Plain data to print: `***` for secrets, and for credentials inside of other texts. */
export function redactedCopy(value: unknown, path: readonly string[], isSecret: (path: readonly string[]) => boolean): unknown {
  if (path.length > 0 && isSecret(path)) return redact(value)
  if (typeof value === 'string' || value instanceof URL) return maskCredentials(String(value))
  if (Array.isArray(value)) return value.map((item: unknown, index) => redactedCopy(item, [...path, String(index)], isSecret))
  if (!isPlainTable(value)) return value
  const copy: Record<string, unknown> = {}
  for (const [key, item] of Object.entries(value)) {
    const part = redactedCopy(item, [...path, key], isSecret)
    Object.defineProperty(copy, key, { value: part, enumerable: true, writable: true, configurable: true })
  }
  return copy
}

/** Whether two values of settings are the same. */
export function isSame(left: unknown, right: unknown): boolean {
  if (Object.is(left, right)) return true
  if (left instanceof Date && right instanceof Date) return left.getTime() === right.getTime() && left.toISOString() === right.toISOString()
  if (Array.isArray(left) && Array.isArray(right))
    return left.length === right.length && left.every((item, index) => isSame(item, right[index]))
  if (!isPlainTable(left) || !isPlainTable(right)) return false
  const keys = Object.keys(left)
  return keys.length === Object.keys(right).length && keys.every((key) => Object.hasOwn(right, key) && isSame(left[key], right[key]))
}
