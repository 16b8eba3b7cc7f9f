import type { OpenFeatureContext } from './openfeature-types.js'

/** How deep dates are looked for; what lies deeper is handed over as it is. */
const MAX_DEPTH = 8

/** The subject and attributes of a flag's read: `targetingKey` is the subject, all else are attributes. */
export function subjectOf(context: OpenFeatureContext | undefined): {
  readonly subject?: string
  readonly attributes: Readonly<Record<string, unknown>>
} {
  const { targetingKey, ...attributes } = context ?? {}
  return { ...(targetingKey !== undefined && { subject: targetingKey }), attributes: withoutDates(attributes, 0) as typeof attributes }
}

/** Conditions are JSON, so a date is compared as the text that JSON has for it: ISO 8601, UTC. An invalid one is null. */
function withoutDates(value: unknown, depth: number, copies = new Map<object, unknown>()): unknown {
  if (typeof value !== 'object' || value === null || depth > MAX_DEPTH) return value
  if (value instanceof Date) return value.toJSON()
  // An object that stands in many places, or in itself, is looked through once.
  if (copies.has(value)) return copies.get(value)
  const copy: object = Array.isArray(value) ? [] : {}
  copies.set(value, copy)
  for (const [key, part] of Object.entries(value)) {
    Object.defineProperty(copy, key, { value: withoutDates(part, depth + 1, copies), enumerable: true, configurable: true, writable: true })
  }
  return copy
}
