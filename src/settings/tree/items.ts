import { isPlainTable } from './path.js'

/** A list or a table with every item replaced; anything else as it is. Keys of lists are their indexes. */
export function mapItems(value: unknown, replace: (item: unknown, key: string) => unknown): unknown {
  if (Array.isArray(value)) return value.map((item, index) => replace(item, String(index)))
  // Not by assignment: a key `__proto__` stays a key.
  return isPlainTable(value) ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, replace(item, key)])) : value
}

/** The items of a list or a table with their keys; nothing else has any. */
export function itemsOf(value: unknown): readonly (readonly [key: string, item: unknown])[] {
  return Array.isArray(value) || isPlainTable(value) ? Object.entries(value) : []
}
