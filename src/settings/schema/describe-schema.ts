import type { StandardSchema } from '../../shared/standard-schema.js'
import { jsonSchemaShape } from './json-schema-shape.js'
import type { Shape } from './shape.js'
import { valibotShape } from './valibot-shape.js'

/** A schema that describes itself. */
export interface DescribedSchema {
  readonly shape: Shape
  /**
   * Whether its defaults are inputs, as valibot's are. Elsewhere a default may be what a transformation would have given, so an
   * absent value stays absent and the schema fills it in.
   */
  readonly areDefaultsInputs: boolean
}

/** Reads valibot's schemas by their fields, every other one by the JSON Schema it offers; `undefined` for one that offers none. */
export function describeSchema(schema: StandardSchema | undefined): DescribedSchema | undefined {
  if (!schema) return undefined
  const isValibot = schema['~standard'].vendor === 'valibot'
  const shape = isValibot ? valibotShape(schema) : jsonSchemaShape(schema)
  return shape && { shape, areDefaultsInputs: isValibot }
}
