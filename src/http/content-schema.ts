import { toJsonSchema } from '@valibot/to-json-schema'
import type { AnyHostKind } from '../kinds/define-kind.js'

type Describing = { readonly jsonSchema?: { readonly input?: (options: { target: string }) => unknown } }

/** The JSON Schema of a host's kind, for forms; `undefined` when its schema cannot describe itself. */
export function contentSchemaOf({ schema }: AnyHostKind): Readonly<Record<string, unknown>> | undefined {
  const standard = schema['~standard'] as (typeof schema)['~standard'] & Describing
  try {
    if (standard.jsonSchema?.input) return standard.jsonSchema.input({ target: 'draft-2020-12' }) as Readonly<Record<string, unknown>>
    if (standard.vendor === 'valibot') return { ...toJsonSchema(schema as never, { typeMode: 'input', errorMode: 'ignore' }) }
  } catch {
    // One that cannot describe itself is edited as JSON.
  }
  return undefined
}
