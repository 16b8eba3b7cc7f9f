import type { JsonSchema } from '../llm/llm-client.js'

/**
 * The JSON Schema of a schema that describes itself (zod from 4.2, arktype), or that is one (typebox); `undefined` for any other.
 *
 * @see https://standardschema.dev/json-schema
 */
export function jsonSchemaOf(schema: object): JsonSchema | undefined {
  const { '~standard': standard } = schema as { '~standard'?: { jsonSchema?: { input?: (options: { target: string }) => object } } }
  try {
    const described = standard?.jsonSchema?.input?.({ target: 'draft-2020-12' })
    if (described !== undefined) return described as JsonSchema
  } catch {
    // A schema may hold what JSON Schema cannot say: a date, a transformation.
    return undefined
  }
  // valibot's have a `type` as well, and are no JSON Schema.
  const isJsonSchema =
    'type' in schema && typeof schema.type === 'string' && ('properties' in schema || '$schema' in schema || standard === undefined)
  return isJsonSchema ? (JSON.parse(JSON.stringify(schema)) as JsonSchema) : undefined
}
