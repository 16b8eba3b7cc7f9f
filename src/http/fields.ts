import * as v from 'valibot'
import type { ResourceField } from './resources.js'
import { AnyJson, Fallbacks, Format, integer, JsonObject, Prices, pick, Template, text } from './schemas.js'
import { fromWire, toSnake } from './wire.js'

/** The name of a field in requests and answers. */
export function wireNameOf(field: ResourceField): string {
  return field.wire ?? toSnake(field.name)
}

/** The schema of a kind's fields in a request. */
export function draftEntries(fields: readonly ResourceField[]): v.ObjectEntries {
  return Object.fromEntries(
    fields.map((field) => {
      const schema = field.nullable ? v.nullable(schemaOf(field, 'request')) : schemaOf(field, 'request')
      return [wireNameOf(field), field.required ? schema : v.optional(schema)]
    }),
  )
}

/** The schema of these fields in an answer. In lists, long ones are there only when they were asked for. */
export function answerEntries(fields: readonly ResourceField[], where: 'alone' | 'in a list'): v.ObjectEntries {
  return Object.fromEntries(
    fields.map((field) => {
      const schema = field.nullable ? v.nullable(schemaOf(field, 'answer')) : schemaOf(field, 'answer')
      return [wireNameOf(field), field.isBody && where === 'in a list' ? v.optional(schema) : schema]
    }),
  )
}

/** From the request's names to the library's, where they differ by more than their case. */
export function draftOf(fields: readonly ResourceField[], body: Record<string, unknown>): Record<string, unknown> {
  const draft = { ...body }
  for (const { name, wire } of fields) {
    if (wire === undefined || !Object.hasOwn(draft, wire)) continue
    draft[name] = draft[wire]
    delete draft[wire]
  }
  for (const field of fields) {
    const name = wireNameOf(field)
    if (field.type === 'prices' && draft[name]) draft[name] = fromWire(draft[name])
    if (field.type === 'fallbacks' && Array.isArray(draft[name])) draft[name] = draft[name].map(fallbackOf)
  }
  return draft
}

function fallbackOf(fallback: { readonly prices?: object }): object {
  return fallback.prices ? { ...fallback, prices: fromWire(fallback.prices) } : fallback
}

function schemaOf({ type, maxLength }: ResourceField, place: 'request' | 'answer'): v.GenericSchema {
  switch (type) {
    case 'text':
      return place === 'answer' ? v.string() : text(maxLength)
    case 'integer':
      return integer()
    case 'template':
      return Template
    case 'template-type':
      return pick(['text', 'chat'])
    case 'template-format':
      return Format
    case 'fallbacks':
      return place === 'answer' ? v.array(JsonObject) : Fallbacks
    case 'prices':
      return Prices
    case 'object':
      return JsonObject
    default:
      return AnyJson
  }
}
