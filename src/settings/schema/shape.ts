import type { StandardSchema } from '../../shared/standard-schema.js'
import { constraintText } from './constraint.js'

/** What a schema says about one setting, as far as it can be read. Only valibot's schemas can. */
export interface Shape {
  /** A word for the type: `string`, `integer`, `boolean`, `list`, `table`, `one of "a", "b"`, `date`, `any`. */
  readonly type: string
  readonly isRequired: boolean
  /** The value that stands in for an absent one; functions are already called. */
  readonly fallback: unknown
  readonly constraints: readonly string[]
  readonly description: string | undefined
  /** `true` or `false` when the schema's metadata says so: `v.metadata({ secret: true })`. */
  readonly isSecret: boolean | undefined
  /** The known keys of a table, under their lower-case names. */
  readonly entries: ReadonlyMap<string, Entry> | undefined
  /** What every other key of a table, or every item of a list, looks like. */
  readonly rest: Shape | undefined
  /** What a table does with keys it does not name. */
  readonly unknownKeys: 'drop' | 'keep' | 'refuse'
}

export interface Entry {
  readonly name: string
  readonly shape: Shape
}

/** Reads a valibot schema without importing valibot; any other schema gives `undefined`. */
export function shapeOf(schema: StandardSchema | undefined): Shape | undefined {
  if (schema?.['~standard'].vendor !== 'valibot') return undefined
  return readShape(schema as Readable, 0)
}

/** The fields of valibot's schemas and pipe items that are read here; a schema has those of its type. */
export interface Readable {
  readonly kind?: string
  readonly type?: string
  readonly pipe?: readonly Readable[]
  readonly wrapped?: Readable
  readonly default?: unknown
  readonly entries?: Readonly<Record<string, Readable>>
  readonly item?: Readable
  readonly value?: Readable
  readonly rest?: Readable
  readonly options?: readonly unknown[]
  readonly literal?: unknown
  readonly expects?: string | null
  readonly requirement?: unknown
  readonly metadata?: Readonly<Record<string, unknown>>
  readonly description?: string
}

const OPTIONAL = new Set(['optional', 'exact_optional', 'nullish', 'undefinedable'])
const TYPES: Readonly<Record<string, string>> = {
  object: 'table',
  loose_object: 'table',
  strict_object: 'table',
  object_with_rest: 'table',
  record: 'table',
  array: 'list',
  tuple: 'list',
  loose_tuple: 'list',
  strict_tuple: 'list',
  set: 'list',
  unknown: 'any',
}

function readShape(schema: Readable, depth: number): Shape {
  const inner = schema.wrapped ? readShape(schema.wrapped, depth) : readOwn(schema, depth)
  const fallback = readFallback(schema) ?? inner.fallback
  const extra = readPipe(schema)
  return {
    ...inner,
    type: extra.type ?? inner.type,
    fallback,
    isRequired: inner.isRequired && !OPTIONAL.has(schema.type ?? '') && fallback === undefined,
    constraints: [...inner.constraints, ...extra.constraints],
    description: extra.description ?? inner.description,
    isSecret: extra.isSecret ?? inner.isSecret,
  }
}

function readOwn(schema: Readable, depth: number): Shape {
  const parts = schema.type === 'intersect' ? ((schema.options ?? []) as readonly Readable[]).map((part) => readShape(part, depth + 1)) : []
  const entries = schema.entries ? readEntries(schema.entries, depth) : new Map(parts.flatMap((part) => [...(part.entries ?? [])]))
  // A schema may contain itself through lazy(), which is not followed; the limit is for tables nested without end.
  const rest = depth < 20 ? (schema.item ?? (schema.type === 'record' ? schema.value : schema.rest)) : undefined
  return {
    type: typeWord(schema, parts.length > 0),
    isRequired: true,
    fallback: undefined,
    constraints: [],
    description: undefined,
    isSecret: undefined,
    entries: schema.entries || parts.length > 0 ? entries : undefined,
    rest: typeof rest === 'object' ? readShape(rest, depth + 1) : undefined,
    unknownKeys: schema.type === 'object' ? 'drop' : schema.type === 'strict_object' ? 'refuse' : 'keep',
  }
}

function readEntries(entries: Readonly<Record<string, Readable>>, depth: number): Map<string, Entry> {
  return new Map(Object.entries(entries).map(([name, part]) => [name.toLowerCase(), { name, shape: readShape(part, depth + 1) }]))
}

function typeWord(schema: Readable, isIntersection: boolean): string {
  if (isIntersection) return 'table'
  if (schema.type === 'picklist' || schema.type === 'enum')
    return `one of ${(schema.options ?? []).map((option) => JSON.stringify(option)).join(', ')}`
  if (schema.type === 'literal') return JSON.stringify(schema.literal) ?? 'any'
  if (schema.type === 'union' || schema.type === 'variant' || schema.type === 'lazy')
    return (schema.expects ?? 'any').replaceAll(/[()]/g, '')
  return TYPES[schema.type ?? ''] ?? schema.type ?? 'any'
}

function readFallback(schema: Readable): unknown {
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
  constraints: string[]
  description: string | undefined
  isSecret: boolean | undefined
}

function readPipe(schema: Readable): PipeFacts {
  const facts: PipeFacts = { type: undefined, constraints: [], description: undefined, isSecret: undefined }
  for (const item of schema.pipe ?? []) {
    if (item.pipe) Object.assign(facts, definedFacts(readPipe(item)))
    if (item.type === 'integer') facts.type = 'integer'
    else if (item.type === 'description') facts.description = item.description
    else if (item.type === 'metadata' && typeof item.metadata?.secret === 'boolean') facts.isSecret = item.metadata.secret
    else if (item.kind === 'validation')
      facts.constraints.push(constraintText(item.type ?? '', item.requirement, facts.type ?? schema.type))
  }
  facts.constraints = facts.constraints.filter((text) => text !== '')
  return facts
}

/** A pipe may begin with a schema that has a pipe of its own. */
function definedFacts(facts: PipeFacts): Partial<PipeFacts> {
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined))
}

/** The shape at a path, through tables, records and lists. */
export function shapeAt(shape: Shape | undefined, path: readonly string[]): Shape | undefined {
  let here = shape
  for (const part of path) here = here?.entries?.get(part.toLowerCase())?.shape ?? here?.rest
  return here
}
