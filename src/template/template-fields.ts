import type { CacheMark, ProviderRecord } from '../entities/message.js'
import { InvalidArgumentError } from '../shared/errors.js'

const CACHE_MARKS: readonly unknown[] = [true, '5m', '1h']

/** @throws {InvalidArgumentError} for anything but a cache mark or nothing */
export function readCacheMark(cache: unknown, field: string): { readonly cache?: CacheMark } {
  if (cache === undefined) return {}
  if (!CACHE_MARKS.includes(cache)) throw new InvalidArgumentError(field, "must be true, '5m' or '1h'")
  return { cache: cache as CacheMark }
}

/** @throws {InvalidArgumentError} for anything but an object by provider, or nothing */
export function readProviderOptions(options: unknown, field: string): { readonly providerOptions?: ProviderRecord } {
  if (options === undefined) return {}
  const isRecord = isObject(options) && Object.values(options).every(isObject)
  if (!isRecord) throw new InvalidArgumentError(field, 'must be an object by provider, such as { anthropic: { … } }')
  return { providerOptions: options as ProviderRecord }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
