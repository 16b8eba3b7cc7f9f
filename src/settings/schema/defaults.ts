import type { Assignment } from '../sources/origin.js'
import type { Shape } from './shape.js'

/**
 * The schema's defaults as the lowest layer. Defaults inside an optional table count only when a layer says something
 * in that table: otherwise the table would come into being by itself.
 */
export function defaultAssignments(shape: Shape | undefined, isSaid: (path: readonly string[]) => boolean): readonly Assignment[] {
  const found: Assignment[] = []
  const visit = (table: Shape, path: readonly string[]): void => {
    for (const { name, shape: entry } of table.entries?.values() ?? []) {
      const here = [...path, name]
      if (entry.fallback !== undefined) {
        found.push({ path: here, value: entry.fallback, origin: { layer: 'default', name: 'schema', folder: '' }, isSecret: false })
      } else if (entry.kind === 'table' && entry.entries && entry.isRequired) {
        // A required table is there, even when empty, so that what is missing in it can be named.
        found.push({ path: here, value: {}, origin: { layer: 'default', name: 'schema', folder: '' }, isSecret: false })
      }
      if (entry.kind === 'table' && (entry.isRequired || entry.fallback !== undefined || isSaid(here))) visit(entry, here)
    }
  }
  if (shape) visit(shape, [])
  return found
}
