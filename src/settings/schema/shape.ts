import type { Constraint } from './constraint.js'

/** How the text of a variable is read for a setting; `any` where the schema does not say. */
export type ShapeKind = 'string' | 'number' | 'boolean' | 'bigint' | 'date' | 'list' | 'table' | 'literal' | 'union' | 'any'

/** The facts about one setting, as far as its schema describes itself. */
export interface Shape {
  readonly kind: ShapeKind
  /** A word for the type, as it is printed: `string`, `integer`, `list`, `table`, `one of "a", "b"`, `any`. */
  readonly type: string
  readonly isRequired: boolean
  /** The value that stands in for an absent one; functions are already called. */
  readonly fallback: unknown
  readonly constraints: readonly Constraint[]
  readonly description: string | undefined
  /** `true` or `false` when the schema's metadata says so: `v.metadata({ secret: true })`, `.meta({ secret: true })`. */
  readonly isSecret: boolean | undefined
  /** The variable that sets it besides the prefixed one, from the schema's metadata: `.meta({ variable: 'PORT' })`. */
  readonly variable: string | undefined
  /** The values of an enumeration. */
  readonly literals: readonly unknown[]
  /** The members of a union. */
  readonly options: readonly Shape[]
  /** The known keys of a table, under their lower-case names. For a union of tables, the keys of all of them. */
  readonly entries: ReadonlyMap<string, Entry> | undefined
  /** The first items of a list that have shapes of their own. */
  readonly items: readonly Shape[]
  /** The shape of every other key of a table, or of every other item of a list. */
  readonly rest: Shape | undefined
  /** The shape meant, where a schema contains itself. */
  readonly refersTo?: () => Shape
  /** What a table does with keys it does not name. */
  readonly unknownKeys: 'drop' | 'keep' | 'refuse'
  /** Whether a function of the schema reads the text of a variable, whatever it makes of it. */
  readonly takesText: boolean
}

export interface Entry {
  readonly name: string
  readonly shape: Shape
}

/** The shape at a path, through tables, records, lists and unions. */
export function shapeAt(shape: Shape | undefined, path: readonly string[]): Shape | undefined {
  let here = shape
  for (const part of path) here = childShape(here, part)
  return here
}

/** The shape of one key of a table or one item of a list. */
export function childShape(shape: Shape | undefined, key: string): Shape | undefined {
  if (!shape) return undefined
  const item = shape.items.length > 0 ? shape.items[Number(key)] : undefined
  const child = shape.entries?.get(key.toLowerCase())?.shape ?? item ?? shape.rest
  return child?.refersTo?.() ?? child
}

/** Whether a key is one of a record's: of any name, told apart by case too. */
export function isRecordKey(shape: Shape | undefined, key: string): boolean {
  return shape?.rest !== undefined && shape.entries?.has(key.toLowerCase()) !== true
}

/** Whether anything in it is marked as a secret, at any depth. */
export function holdsSecret(shape: Shape | undefined, isSecretName: (name: string) => boolean, seen = new Set<Shape>()): boolean {
  if (!shape || seen.has(shape)) return false
  seen.add(shape)
  const entries = [...(shape.entries?.values() ?? [])]
  return (
    shape.isSecret === true ||
    entries.some(({ name, shape: entry }) => (entry.isSecret ?? isSecretName(name)) || holdsSecret(entry, isSecretName, seen)) ||
    [...shape.items, ...shape.options, shape.rest].some((part) => holdsSecret(part, isSecretName, seen))
  )
}
