import { ANY, laterShape, listedEntries, literalShape, metadataFacts, shapeWith, unionShape } from './build-shape.js'
import { type Constraint, constraintText } from './constraint.js'
import type { Entry, Shape, ShapeKind } from './shape.js'

/** The fields of valibot's schemas and pipe items that are read here; a schema has those of its type. */
interface ValibotPart {
  readonly kind?: string
  readonly type?: string
  readonly pipe?: readonly ValibotPart[]
  readonly wrapped?: ValibotPart
  readonly default?: unknown
  readonly entries?: Readonly<Record<string, ValibotPart>>
  readonly item?: ValibotPart
  readonly items?: readonly ValibotPart[]
  readonly key?: ValibotPart
  readonly value?: ValibotPart
  readonly rest?: ValibotPart
  readonly options?: readonly unknown[]
  readonly getter?: (input: unknown) => ValibotPart
  readonly literal?: unknown
  readonly expects?: string | null
  readonly requirement?: unknown
  readonly metadata?: Readonly<Record<string, unknown>>
  readonly description?: string
}

/** Reads a valibot schema without importing valibot. */
export function valibotShape(schema: object): Shape {
  return new ValibotReader().read(schema as ValibotPart)
}

const OPTIONAL = new Set(['optional', 'exact_optional', 'nullish', 'undefinedable'])
const KINDS: Readonly<Record<string, ShapeKind>> = {
  string: 'string',
  number: 'number',
  boolean: 'boolean',
  bigint: 'bigint',
  date: 'date',
  object: 'table',
  loose_object: 'table',
  strict_object: 'table',
  object_with_rest: 'table',
  record: 'table',
  array: 'list',
  tuple: 'list',
  loose_tuple: 'list',
  strict_tuple: 'list',
  tuple_with_rest: 'list',
}

class ValibotReader {
  /** A schema may contain itself through `lazy`: inside of what is being read, it is followed later. */
  readonly #lazy = new Map<unknown, Shape>()

  read(schema: ValibotPart): Shape {
    const inner = schema.wrapped ? this.read(schema.wrapped) : this.#readOwn(schema)
    const fallback = readFallback(schema) ?? inner.fallback
    const extra = readPipe(schema, inner.kind)
    const kind = extra.type === 'integer' && inner.kind === 'any' ? 'number' : inner.kind
    return {
      ...inner,
      kind,
      type: extra.type ?? inner.type,
      fallback,
      isRequired: inner.isRequired && !OPTIONAL.has(schema.type ?? '') && fallback === undefined,
      constraints: [...inner.constraints, ...extra.constraints],
      description: extra.description ?? inner.description,
      isSecret: extra.isSecret ?? inner.isSecret,
      variable: extra.variable ?? inner.variable,
    }
  }

  #readOwn(schema: ValibotPart): Shape {
    const { type = '' } = schema
    const parts = (schema.options ?? []) as readonly ValibotPart[]
    if (type === 'picklist' || type === 'enum') return literalShape(schema.options ?? [])
    if (type === 'literal') return literalShape([schema.literal])
    if (type === 'lazy') return this.#readLazy(schema)
    if (type === 'intersect') return joined(parts.map((part) => this.read(part)))
    if (type === 'union' || type === 'variant') {
      const shape = unionShape(parts.map((part) => this.read(part)))
      return shape.kind === 'union' ? { ...shape, type: (schema.expects ?? 'any').replaceAll(/[()]/g, '') } : shape
    }
    const kind = KINDS[type] ?? 'any'
    const rest = schema.item ?? (type === 'record' ? schema.value : schema.rest)
    const restShape = typeof rest === 'object' ? this.read(rest) : undefined
    const keys = type === 'record' && schema.key ? this.read(schema.key).literals : []
    const listed = restShape && keys.length > 0 ? listedEntries(keys, restShape) : undefined
    return shapeWith({
      kind,
      type: kind === 'any' && type !== 'unknown' && type !== '' ? type : kind,
      entries: schema.entries ? this.#readEntries(schema.entries) : listed,
      items: schema.items?.map((item) => this.read(item)) ?? [],
      rest: listed ? undefined : restShape,
      unknownKeys: type === 'object' ? 'drop' : type === 'strict_object' ? 'refuse' : 'keep',
    })
  }

  #readEntries(entries: Readonly<Record<string, ValibotPart>>): ReadonlyMap<string, Entry> {
    return new Map(Object.entries(entries).map(([name, part]) => [name.toLowerCase(), { name, shape: this.read(part) }]))
  }

  #readLazy(schema: ValibotPart): Shape {
    const known = this.#lazy.get(schema)
    if (known) return known
    this.#lazy.set(
      schema,
      laterShape(() => this.#lazy.get(schema)),
    )
    let shape = ANY
    try {
      const wrapped = schema.getter?.(undefined)
      if (wrapped) shape = this.read(wrapped)
    } catch {
      // A getter that needs the input cannot be read ahead of it.
    }
    this.#lazy.set(schema, shape)
    return shape
  }
}

function joined(parts: readonly Shape[]): Shape {
  const entries = new Map(parts.flatMap((part) => [...(part.entries ?? [])]))
  const unknownKeys = parts.every((part) => part.unknownKeys === 'drop') ? 'drop' : 'keep'
  return shapeWith({ kind: 'table', entries, rest: parts.find(({ rest }) => rest)?.rest, unknownKeys })
}

function readFallback(schema: ValibotPart): unknown {
  if (typeof schema.default !== 'function') return schema.default
  try {
    return (schema.default as () => unknown)()
  } catch {
    // A default that needs valibot's own arguments is left to valibot.
    return undefined
  }
}

interface PipeFacts {
  type: string | undefined
  constraints: Constraint[]
  description: string | undefined
  isSecret: boolean | undefined
  variable: string | undefined
}

function readPipe(schema: ValibotPart, kind: ShapeKind): PipeFacts {
  const facts: PipeFacts = { type: undefined, constraints: [], description: undefined, isSecret: undefined, variable: undefined }
  for (const item of schema.pipe ?? []) {
    // A pipe may begin with a schema that has a pipe of its own.
    if (item.pipe) Object.assign(facts, definedFacts(readPipe(item, kind)))
    if (item.type === 'integer') facts.type = 'integer'
    else if (item.type === 'description') facts.description = item.description
    else if (item.type === 'metadata') Object.assign(facts, metadataFacts(item.metadata))
    else if (item.kind === 'validation') {
      const text = constraintText(item.type ?? '', item.requirement, kind)
      if (text !== '') facts.constraints.push({ text })
    }
  }
  return facts
}

function definedFacts(facts: object): object {
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined))
}
