import type { Flag, FlagDetails, FlagValue } from '../entities/flag.js'
import { flagType } from '../kinds/flag.js'
import { describe } from '../shared/arguments.js'
import { InvalidArgumentError, isConfigError, NotFoundError } from '../shared/errors.js'
import type { ConfigQuery } from './config-query.js'
import { type EntityReads, NOT_HERE } from './entity-reads.js'

/** Widens a literal to its type: with the fallback `false` the flag is a `boolean`. */
export type FlagValueLike<Value extends FlagValue> = Value extends boolean
  ? boolean
  : Value extends string
    ? string
    : Value extends number
      ? number
      : Value

export interface FlagReadsParts {
  readonly reads: EntityReads<Flag>
  /** Called for each fallback that was served, except by `peek`. */
  readonly onFallback: (project: string | undefined, name: string, error: Error) => void
}

/** Reads of flags, which give the caller's fallback where the store has no value of its type. */
export class FlagReads {
  readonly #parts: FlagReadsParts

  constructor(parts: FlagReadsParts) {
    this.#parts = parts
  }

  /** @throws {InvalidArgumentError} when the name, the fallback or the query is not acceptable, and for nothing else */
  async details<Value extends FlagValue>(name: string, fallback: Value, query?: ConfigQuery): Promise<FlagDetails<Value>> {
    checkFallback(fallback)
    const { reads, onFallback } = this.#parts
    const found = await reads.get(name, query).catch((error: unknown) => {
      if (isConfigError(error, 'E_INVALID_ARGUMENT')) throw error
      return error instanceof Error ? error : new Error(String(error))
    })
    const label = query?.label ?? reads.label
    const details = detailsOf(name, found, fallback, label)
    if (details.error !== undefined) onFallback(query?.project, name, details.error)
    return details
  }

  /** @throws {InvalidArgumentError} when the fallback or the query is not acceptable */
  peek<Value extends FlagValue>(name: string, fallback: Value, query?: ConfigQuery): Value {
    checkFallback(fallback)
    const hit = this.#parts.reads.peek(name, query)
    return hit === NOT_HERE ? fallback : detailsOf(name, hit, fallback, '').value
  }
}

function detailsOf<Value extends FlagValue>(
  name: string,
  found: Flag | undefined | Error,
  fallback: Value,
  label: string,
): FlagDetails<Value> {
  const problem = found instanceof Error ? found : problemOf(name, found, fallback)
  if (problem !== undefined) return { value: fallback, reason: 'fallback', label, source: 'fallback', stale: false, error: problem }
  const { value, version, selection, source, stale } = found as Flag
  const { reason, rolloutId } = selection
  return { value: value as Value, version, reason, label, ...(rolloutId !== undefined && { rolloutId }), source, stale }
}

function problemOf(name: string, flag: Flag | undefined, fallback: FlagValue): Error | undefined {
  if (!flag) return new NotFoundError(`There is no flag "${name}" on that label.`)
  const [type, wanted] = [flagType(flag.value), flagType(fallback)]
  if (type === wanted) return undefined
  return new InvalidArgumentError('fallback', `must be of the type of flag "${name}", which is ${type ?? 'none'}; it is ${wanted}`)
}

function checkFallback(fallback: unknown): void {
  if (flagType(fallback) !== undefined) return
  throw new InvalidArgumentError('fallback', `must be a boolean, a string, a finite number or an object, got ${describe(fallback)}`)
}
