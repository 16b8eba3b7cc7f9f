import type { Json } from '../entities/json.js'

/** The one text of a JSON value: keys in order, no blanks. Two values that mean the same have the same. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(sorted(value as Json))
}

export function isSame(one: unknown, other: unknown): boolean {
  return one === other || canonicalJson(one) === canonicalJson(other)
}

function sorted(value: Json | undefined): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const object = value as Readonly<Record<string, Json>>
  // Entries, so that a key such as __proto__ stays a key.
  return Object.fromEntries(
    Object.keys(object)
      .sort()
      .map((key) => [key, sorted(object[key])]),
  )
}
