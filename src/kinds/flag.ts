import type { Flag, FlagContent, FlagValue } from '../entities/flag.js'
import { checkJson, describe, LIMITS } from '../shared/arguments.js'
import { InvalidArgumentError } from '../shared/errors.js'
import { columnKind } from './column-kind.js'
import { type Field, optionalText } from './columns.js'
import type { VersionDraft } from './kind.js'

export interface FlagDraft extends VersionDraft {
  /** At most 64 kB as JSON. Of the type that the versions before have. */
  readonly value: FlagValue
  readonly description?: string | null
}

/** A switch or a value that code asks for by name. */
export const FLAG_KIND = columnKind<FlagContent, Flag, FlagDraft>({
  kind: 'flag',
  plural: 'flags',
  noun: 'flag',
  maxNameLength: LIMITS.name,
  fields: { value: flagValue(), description: optionalText() },
  follows({ value }, others) {
    const type = flagType(value)
    if (type === undefined) throw new InvalidArgumentError('version', 'has no value that could be copied: it was purged')
    // Some versions have no valid value: plain SQL may write anything, and a purged version is empty.
    const first = others.find((other) => flagType(other.value) !== undefined)
    const was = first && flagType(first.value)
    if (first === undefined || type === was) return
    throw new InvalidArgumentError('value', `must be of type ${was}, as version ${first.version} is: the type of a flag never changes`)
  },
})

/** What type a value has as a flag; `undefined` when it cannot be one. */
export function flagType(value: unknown): 'boolean' | 'string' | 'number' | 'object' | undefined {
  if (typeof value === 'boolean' || typeof value === 'string') return typeof value as 'boolean' | 'string'
  if (typeof value === 'number') return Number.isFinite(value) ? 'number' : undefined
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? 'object' : undefined
}

const MAX_BYTES = 64 * 1024

function flagValue(): Field {
  return {
    type: 'json',
    check(field, given) {
      if (flagType(given) === undefined)
        throw new InvalidArgumentError(field, `must be a boolean, a string, a finite number or an object, got ${describe(given)}`)
      const value = checkJson(field, given as FlagValue)
      if (new TextEncoder().encode(JSON.stringify(value)).length > MAX_BYTES)
        throw new InvalidArgumentError(field, 'must have at most 64 kB (65,536 bytes) as JSON')
      return value
    },
    decode: (stored) => stored,
  }
}
