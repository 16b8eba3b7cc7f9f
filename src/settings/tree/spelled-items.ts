import { childShape, type Shape } from '../schema/shape.js'
import { isPlainTable } from './path.js'

/** The tables of a list with their keys as the schema spells them; the tree does so for tables outside of lists. */
export function spelledItems(value: unknown, shape: Shape | undefined): unknown {
  if (!Array.isArray(value) || !shape) return value
  return value.map((item: unknown, index) => spelled(item, childShape(shape, String(index))))
}

function spelled(value: unknown, shape: Shape | undefined): unknown {
  if (!isPlainTable(value) || !shape) return spelledItems(value, shape)
  const entries = Object.entries(value).map(([key, item]) => {
    const name = shape.entries?.get(key.toLowerCase())?.name ?? key
    // A key that is there in the schema's own spelling stays itself.
    return [name !== key && Object.hasOwn(value, name) ? key : name, spelled(item, childShape(shape, key))] as const
  })
  return Object.fromEntries(entries)
}
