/**
 * The keys an object schema always gives: required ones, and those with a default. Schemas are known by shape: valibot's, those that
 * describe themselves as JSON Schema (zod from 4.2, arktype), and those that are JSON Schema (typebox).
 *
 * @returns `undefined` when the schema cannot be looked into, or lets any key through
 */
export function schemaKeys(schema: object): ReadonlySet<string> | undefined {
  return keysOf(schema, { output: true })
}

/**
 * The keys that callers have to give: required ones without a default.
 *
 * @returns `undefined` when the schema cannot be looked into, or lets any key through
 */
export function requiredKeys(schema: object): ReadonlySet<string> | undefined {
  return keysOf(schema, { output: false })
}

function keysOf(schema: object, side: { readonly output: boolean }): ReadonlySet<string> | undefined {
  try {
    return valibotKeys(schema, side) ?? jsonSchemaKeys(describedAsJsonSchema(schema, side) ?? schema, side)
  } catch {
    // A schema that throws while it is inspected counts as one that cannot be inspected.
    return undefined
  }
}

type Shape = Readonly<Record<string, unknown>>

function valibotKeys(schema: object, { output }: { readonly output: boolean }): ReadonlySet<string> | undefined {
  const { type, entries, pipe } = schema as { type?: unknown; entries?: unknown; pipe?: unknown }
  if ((type !== 'object' && type !== 'strict_object') || !isShape(entries)) return undefined
  // A later step of a pipe may give other keys.
  if (Array.isArray(pipe) && pipe.slice(1).some((step: Shape) => step.kind !== 'validation' && step.kind !== 'metadata')) return undefined
  return keysWhere(entries, (entry) => !VALIBOT_OPTIONAL.has(entry.type as string) || (output && entry.default !== undefined))
}

const VALIBOT_OPTIONAL: ReadonlySet<string> = new Set(['optional', 'exact_optional', 'nullish', 'undefinedable'])

/** @see https://standardschema.dev/json-schema */
function describedAsJsonSchema(schema: object, { output }: { readonly output: boolean }): object | undefined {
  const standard = (
    schema as { '~standard'?: { jsonSchema?: Record<'input' | 'output', ((options: { target: string }) => object) | undefined> } }
  )['~standard']
  return standard?.jsonSchema?.[output ? 'output' : 'input']?.({ target: 'draft-2020-12' })
}

function jsonSchemaKeys(schema: object, { output }: { readonly output: boolean }): ReadonlySet<string> | undefined {
  const { type, properties, required = [], additionalProperties } = schema as Shape
  if (type !== 'object' || !isShape(properties) || !Array.isArray(required)) return undefined
  if (additionalProperties === true || isShape(additionalProperties)) return undefined
  return keysWhere(
    properties,
    (property, key) => (required.includes(key) && (output || property.default === undefined)) || (output && property.default !== undefined),
  )
}

function keysWhere(shape: Shape, isGiven: (entry: Shape, key: string) => boolean): ReadonlySet<string> {
  return new Set(Object.keys(shape).filter((key) => isGiven(shape[key] as Shape, key)))
}

function isShape(value: unknown): value is Shape {
  return typeof value === 'object' && value !== null
}
