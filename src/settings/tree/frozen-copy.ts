import { redactedCopy, type Secrecy } from '../secrets/redacted-copy.js'
import { mapItems } from './items.js'
import { isPlainTable } from './path.js'

const INSPECT = Symbol.for('nodejs.util.inspect.custom')

/**
 * A frozen copy of tables, lists and dates. Reading gives the values; `JSON.stringify` and `util.inspect` give them with
 * secrets redacted. Instances of other classes are shared, not copied: they belong to the schema that made them.
 */
export function frozenCopy(value: unknown, path: readonly string[], secrets: Secrecy): unknown {
  if (value instanceof Date) return new FrozenDate(value)
  if (!Array.isArray(value) && !isPlainTable(value)) return value
  const copy = mapItems(value, (item, key) => frozenCopy(item, [...path, key], secrets)) as object
  const redacted = (): unknown => redactedCopy(copy, path, secrets)
  const inspected = (_depth: number, options: object, inspect: (value: unknown, options: object) => string): string =>
    inspect(redacted(), options)
  Object.defineProperty(copy, 'toJSON', { value: redacted, configurable: false })
  Object.defineProperty(copy, INSPECT, { value: inspected, configurable: false })
  return Object.freeze(copy)
}

/** A date whose setters throw: freezing an ordinary one does not keep it from being changed. */
class FrozenDate extends Date {
  readonly #text: string | undefined

  constructor(date: Date) {
    super(date.getTime())
    // A date without a time, as TOML has it, prints as one.
    this.#text = Number.isNaN(date.getTime()) ? undefined : date.toISOString()
    Object.freeze(this)
  }

  override toISOString(): string {
    return this.#text ?? super.toISOString()
  }
}

for (const name of Object.getOwnPropertyNames(Date.prototype).filter((own) => own.startsWith('set'))) {
  const refuse = (): never => {
    throw new TypeError(`Settings are read-only: ${name} would change a date of a snapshot`)
  }
  Object.defineProperty(FrozenDate.prototype, name, { value: refuse })
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
