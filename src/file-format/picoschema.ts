import { InvalidArgumentError } from '../shared/errors.js'

/** The declaration of one variable in a prompt's file. */
export interface VariableShape {
  readonly name: string
  readonly isOptional: boolean
  readonly description?: string
  readonly type: ShapeType
}

export type ShapeType =
  | { readonly form: 'string' | 'number' | 'integer' | 'boolean' | 'null' | 'any' }
  | { readonly form: 'enum'; readonly values: readonly (string | number | boolean | null)[] }
  | { readonly form: 'array'; readonly items: ShapeType }
  | { readonly form: 'object'; readonly properties: readonly VariableShape[]; readonly isOpen: boolean }

const SCALARS = ['string', 'number', 'integer', 'boolean', 'null', 'any'] as const
const KEY = /^([^()?*]+)(\?)?(?:\((array|object|enum)(?:,\s*([^)]*))?\))?$/

/**
 * Reads `variables`, or dotprompt's `input.schema`: the short form (`product: string, what is sold`, `tags?(array): string`), or a JSON Schema
 * with `type: object`.
 *
 * @throws {InvalidArgumentError} naming the key, as a path
 * @see https://google.github.io/dotprompt/reference/picoschema/
 */
export function readVariables(schema: unknown, field: string): readonly VariableShape[] {
  if (!isObject(schema)) throw new InvalidArgumentError(field, 'must be a mapping of variables, such as { product: string }')
  const type = isJsonSchema(schema) ? fromJsonSchema(schema) : shortObject(schema, field)
  return type.form === 'object' ? type.properties : []
}

function isJsonSchema(schema: Readonly<Record<string, unknown>>): boolean {
  return schema.type === 'object' && (schema.properties === undefined || isObject(schema.properties))
}

function shortObject(schema: Readonly<Record<string, unknown>>, field: string): ShapeType {
  const named = Object.entries(schema).filter(([key]) => key !== '(*)')
  return { form: 'object', properties: named.map(([key, value]) => property(key, value, `${field}.${key}`)), isOpen: '(*)' in schema }
}

function property(key: string, value: unknown, field: string): VariableShape {
  const match = KEY.exec(key.trim())
  if (!match) throw new InvalidArgumentError(field, 'must be a name, with "?" when it may be left out, and (array), (object) or (enum)')
  const [, name = '', optional, container, description] = match
  const about = description?.trim()
  return {
    name: name.trim(),
    isOptional: optional !== undefined,
    ...(about ? { description: about } : describedBy(value)),
    type: container === undefined ? shortType(value, field) : contained(container, value, field),
  }
}

function contained(container: string, value: unknown, field: string): ShapeType {
  if (container === 'array') return { form: 'array', items: shortType(value, field) }
  if (container === 'object' && isObject(value)) return shortObject(value, field)
  if (container === 'enum' && Array.isArray(value)) return { form: 'enum', values: value }
  throw new InvalidArgumentError(field, container === 'enum' ? 'must be a list of values' : 'must be a mapping')
}

function shortType(value: unknown, field: string): ShapeType {
  if (isObject(value)) return shortObject(value, field)
  if (value === null) return { form: 'null' }
  const word = typeof value === 'string' ? value.split(',')[0]?.trim() : undefined
  const form = SCALARS.find((known) => known === word)
  if (form) return { form }
  throw new InvalidArgumentError(field, `must be one of ${SCALARS.join(', ')}, then a comma and a description if you like`)
}

function describedBy(value: unknown): { readonly description?: string } {
  const comma = typeof value === 'string' ? value.indexOf(',') : -1
  return comma < 0 ? {} : { description: (value as string).slice(comma + 1).trim() }
}

function fromJsonSchema(schema: unknown): ShapeType {
  if (!isObject(schema)) return { form: 'any' }
  if (Array.isArray(schema.enum)) return { form: 'enum', values: schema.enum as never }
  if (schema.type === 'array') return { form: 'array', items: fromJsonSchema(schema.items) }
  if (schema.type !== 'object') return { form: SCALARS.find((known) => known === schema.type) ?? 'any' }
  const required = Array.isArray(schema.required) ? schema.required : []
  const properties = Object.entries(isObject(schema.properties) ? schema.properties : {}).map(([name, of]) => ({
    name,
    isOptional: !required.includes(name),
    ...(isObject(of) && typeof of.description === 'string' && { description: of.description }),
    type: fromJsonSchema(of),
  }))
  return { form: 'object', properties, isOpen: schema.additionalProperties !== false }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
