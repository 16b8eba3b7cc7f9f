import { isPlainTable, ownKey } from './path.js'

/** Overrides over overrides: tables deeply, everything else replaces. */
export function mergeOverrides(below: unknown, above: unknown): Record<string, unknown> {
  const merged: Record<string, unknown> = isPlainTable(below) ? { ...below } : {}
  for (const [name, value] of Object.entries(above ?? {})) {
    const key = ownKey(merged, name) ?? name
    const here = merged[key]
    const next: unknown = isPlainTable(here) && isPlainTable(value) ? mergeOverrides(here, value) : value
    Object.defineProperty(merged, key, { value: next, enumerable: true, writable: true, configurable: true })
  }
  return merged
}
