import type { StandardSchema } from '../../shared/standard-schema.js'
import { isPlainTable } from '../tree/path.js'
import { ANY, laterShape, listedEntries, literalShape, metadataFacts, shapeWith, unionShape } from './build-shape.js'
import { jsonConstraints } from './constraint.js'
import type { Entry, Shape, ShapeKind } from './shape.js'

type JsonSchema = Readonly<Record<string, unknown>>

/** The part of the Standard JSON Schema interface that is used here. @see https://standardschema.dev/json-schema */
interface JsonSchemaSource {
  readonly jsonSchema?: { readonly input?: (options: object) => unknown }
}

/** The shape of a schema, from the JSON Schema that it offers (zod 4, arktype, effect and others); `undefined` when it offers none. */
export function jsonSchemaShape(schema: StandardSchema): Shape | undefined {
  const document = jsonSchemaOf(schema)
  return document && new JsonSchemaReader(document, schema['~standard'].vendor === 'effect').read(document)
}

function jsonSchemaOf(schema: StandardSchema): JsonSchema | undefined {
  const source = (schema['~standard'] as JsonSchemaSource).jsonSchema
  for (const libraryOptions of [BEYOND_JSON, undefined]) {
    try {
      const document = source?.input?.({ target: 'draft-2020-12', libraryOptions })
      if (isPlainTable(document)) return document
    } catch {
      // The schema cannot be described: it still validates.
    }
  }
  return undefined
}

/**
 * JSON Schema has no date and no bigint: zod throws for one anywhere in a schema, and arktype leaves it open. Both let a caller name
 * what stands there.
 */
const BEYOND_JSON = {
  unrepresentable: 'any',
  override: nameForZod,
  fallback: {
    date: () => ({ type: 'date' }),
    domain: ({ domain }: { readonly domain: string }) => (domain === 'bigint' ? { type: 'bigint' } : {}),
  },
}

interface ZodSchema {
  readonly _zod: { readonly def: { readonly type: string; readonly in?: ZodSchema; readonly values?: readonly unknown[] } }
}

/** zod also says of `z.preprocess` what its function gives, not what it takes: that is the text. */
function nameForZod({ zodSchema, jsonSchema }: { readonly zodSchema: ZodSchema; readonly jsonSchema: Record<string, unknown> }): void {
  const { type, in: input, values } = zodSchema._zod.def
  if (type === 'date' || type === 'bigint') jsonSchema.type = type
  if (values?.some((value) => typeof value === 'bigint')) jsonSchema.enum = values
  if (type === 'pipe' && input?._zod.def.type === 'transform' && jsonSchema.type !== 'object') jsonSchema.preprocessed = true
}

const KINDS: Readonly<Record<string, ShapeKind>> = {
  string: 'string',
  number: 'number',
  integer: 'number',
  boolean: 'boolean',
  object: 'table',
  array: 'list',
  // Not of JSON Schema: see above.
  date: 'date',
  bigint: 'bigint',
}

class JsonSchemaReader {
  readonly #root: JsonSchema
  /** effect writes `additionalProperties: true` for every table, and drops such keys all the same. */
  readonly #isOpenByHabit: boolean
  /** A schema may refer to itself: inside of what is being read, the reference is followed later. */
  readonly #references = new Map<string, Shape>()

  constructor(root: JsonSchema, isOpenByHabit: boolean) {
    this.#root = root
    this.#isOpenByHabit = isOpenByHabit
  }

  read(schema: unknown): Shape {
    if (!isPlainTable(schema)) return ANY
    const shape = this.#readType(schema)
    const { default: fallback, description, format, writeOnly } = schema
    return {
      ...shape,
      fallback,
      constraints: [...shape.constraints, ...jsonConstraints(schema)],
      description: typeof description === 'string' ? description : shape.description,
      takesText: shape.takesText || schema.preprocessed === true,
      ...(writeOnly === true || format === 'password' ? { isSecret: true } : {}),
      ...metadataFacts(schema),
    }
  }

  #readType(schema: JsonSchema): Shape {
    const { $ref, allOf, anyOf, const: literal, enum: literals, oneOf, type } = schema
    if (typeof $ref === 'string') return this.#readReference($ref)
    if (Array.isArray(literals)) return literalShape(literals)
    if ('const' in schema) return literalShape([literal])
    const options = anyOf ?? oneOf
    if (Array.isArray(options)) return this.#readUnion(options)
    if (Array.isArray(allOf) && type === undefined) return this.#readAll(allOf)
    if (Array.isArray(type)) return this.#readUnion(type.map((one: unknown) => ({ ...schema, type: one })))
    const kind = KINDS[String(type)] ?? 'any'
    const parts = kind === 'table' ? this.#readTable(schema) : kind === 'list' ? this.#readList(schema) : {}
    return shapeWith({ kind, type: type === 'integer' ? type : kind, ...parts })
  }

  #readUnion(options: readonly unknown[]): Shape {
    const isNull = (option: unknown) => isPlainTable(option) && (option.type === 'null' || option.const === null)
    // effect allows the words for numbers that JSON lacks beside every number.
    const isNumberWord = (option: unknown) =>
      isPlainTable(option) && Array.isArray(option.enum) && option.enum.join() === 'Infinity,-Infinity,NaN'
    const shapes = options.filter((option) => !isNull(option) && !isNumberWord(option)).map((option) => this.read(option))
    return shapes.length === 0 ? ANY : unionShape(shapes)
  }

  #readAll(parts: readonly unknown[]): Shape {
    const shapes = parts.map((part) => this.read(part))
    const entries = new Map(shapes.flatMap((shape) => [...(shape.entries ?? [])]))
    return entries.size > 0 ? shapeWith({ kind: 'table', entries, unknownKeys: 'drop' }) : (shapes[0] ?? ANY)
  }

  #readTable(schema: JsonSchema): Partial<Shape> {
    const { additionalProperties: others, patternProperties, propertyNames } = schema
    const properties = isPlainTable(schema.properties) ? schema.properties : undefined
    const required = Array.isArray(schema.required) ? (schema.required as unknown[]) : []
    const entries = Object.entries(properties ?? {}).map(([name, part]): [string, Entry] => {
      const shape = this.read(part)
      return [name.toLowerCase(), { name, shape: { ...shape, isRequired: required.includes(name) && shape.fallback === undefined } }]
    })
    const pattern = isPlainTable(patternProperties) ? Object.values(patternProperties)[0] : undefined
    const rest = pattern ?? (isPlainTable(others) ? others : undefined)
    const keys = isPlainTable(propertyNames)
      ? (propertyNames.enum ?? ('const' in propertyNames ? [propertyNames.const] : undefined))
      : undefined
    if (Array.isArray(keys) && !properties && rest) return { entries: listedEntries(keys, this.read(rest), required), unknownKeys: 'keep' }
    const isOpen = rest !== undefined || (others === true && !this.#isOpenByHabit)
    return {
      entries: properties ? new Map(entries) : undefined,
      rest: rest === undefined ? undefined : this.read(rest),
      unknownKeys: others === false ? 'refuse' : isOpen || !properties ? 'keep' : 'drop',
    }
  }

  #readList(schema: JsonSchema): Partial<Shape> {
    const items = Array.isArray(schema.prefixItems) ? schema.prefixItems.map((item: unknown) => this.read(item)) : []
    return { items, rest: isPlainTable(schema.items) ? this.read(schema.items) : undefined }
  }

  #readReference(reference: string): Shape {
    const known = this.#references.get(reference)
    if (known) return known
    this.#references.set(
      reference,
      laterShape(() => this.#references.get(reference)),
    )
    let target: unknown = this.#root
    for (const part of reference.split('/').slice(1)) {
      const key = decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~')
      target = isPlainTable(target) ? target[key] : undefined
    }
    const shape = this.read(target)
    this.#references.set(reference, shape)
    return shape
  }
}
