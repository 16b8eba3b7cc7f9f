import { shownLiteral } from './constraint.js'
import type { Entry, Shape, ShapeKind } from './shape.js'

/** A shape with these fields; everything else about the schema is unknown. */
export function shapeWith(parts: Partial<Shape> & { readonly kind: ShapeKind }): Shape {
  return {
    type: parts.kind,
    isRequired: true,
    fallback: undefined,
    constraints: [],
    description: undefined,
    isSecret: undefined,
    variable: undefined,
    literals: [],
    options: [],
    entries: undefined,
    items: [],
    rest: undefined,
    unknownKeys: 'keep',
    takesText: false,
    ...parts,
  }
}

export const ANY: Shape = shapeWith({ kind: 'any' })

/** A schema that contains itself: its keys cannot all be listed, so it counts as open; a path through it is followed. */
export function laterShape(find: () => Shape | undefined): Shape {
  return { ...ANY, refersTo: () => find() ?? ANY }
}

/** One of several values; a single one is printed as it is. */
export function literalShape(literals: readonly unknown[]): Shape {
  const shown = literals.map(shownLiteral)
  return shapeWith({ kind: 'literal', literals, type: shown.length === 1 ? (shown[0] ?? 'any') : `one of ${shown.join(', ')}` })
}

/** A union. Keys of its tables are put together, so that a variable reaches a key of any of them. */
export function unionShape(options: readonly Shape[], type?: string): Shape {
  const flat = options.flatMap((option) => (option.kind === 'union' ? option.options : [option]))
  const [only] = flat
  if (only && flat.length === 1) return only
  if (flat.length > 0 && flat.every(({ kind }) => kind === 'literal')) return literalShape(flat.flatMap(({ literals }) => literals))
  const tables = flat.filter(({ kind }) => kind === 'table')
  const lists = flat.filter(({ kind }) => kind === 'list')
  const inside = tables.length > 0 ? tables : lists
  const rests = inside.flatMap(({ rest }) => rest ?? [])
  return shapeWith({
    kind: 'union',
    type: type ?? flat.map((option) => option.type).join(' | '),
    options: flat,
    entries: tables.length > 0 ? joinedEntries(tables) : undefined,
    rest: rests.length > 0 ? unionShape(rests) : undefined,
    isSecret: flat.some(({ isSecret }) => isSecret) || undefined,
    unknownKeys: tables.every(({ unknownKeys }) => unknownKeys !== 'keep') ? 'drop' : 'keep',
  })
}

function joinedEntries(tables: readonly Shape[]): ReadonlyMap<string, Entry> {
  const found = new Map<string, Entry[]>()
  for (const table of tables) {
    for (const [lower, entry] of table.entries ?? []) found.set(lower, [...(found.get(lower) ?? []), entry])
  }
  return new Map(
    [...found].map(([lower, entries]) => {
      const shapes = entries.map(({ shape }) => shape)
      // Which member applies is not known, so no key of it is required and no default of it is put in.
      const shape = { ...unionShape(shapes), isRequired: false, fallback: undefined }
      return [lower, { name: entries[0]?.name ?? lower, shape }] as const
    }),
  )
}

/** The keys of a record that has a list of them: variables reach them in any case, as they reach the keys of a table. */
export function listedEntries(keys: readonly unknown[], value: Shape, required: readonly unknown[] = []): ReadonlyMap<string, Entry> {
  return new Map(
    keys.map(String).map((name) => {
      const shape = { ...value, isRequired: required.includes(name) && value.fallback === undefined, fallback: undefined }
      return [name.toLowerCase(), { name, shape }]
    }),
  )
}

/** The metadata of a setting that is read here, whichever library holds it. */
export function metadataFacts(metadata: Readonly<Record<string, unknown>> = {}): { isSecret?: boolean; variable?: string } {
  const { secret, variable } = metadata
  return { ...(typeof secret === 'boolean' ? { isSecret: secret } : {}), ...(typeof variable === 'string' ? { variable } : {}) }
}
