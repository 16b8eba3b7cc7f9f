import { nearest } from '../../shared/nearest.js'
import { childShape, type Shape } from '../schema/shape.js'
import type { Setup } from '../setup.js'
import { pathOf } from '../tree/path.js'
import { childOf, type Node, nodeAt, type Table } from '../tree/tree.js'

/** Warnings about paths in the options that lead to no setting: a misspelt one would silently protect nothing. */
export function unknownPaths(setup: Setup, root: Table): readonly string[] {
  const { fresh = [], secrets = [], variables = {} } = setup.options
  const listed = [
    ...secrets.map((path) => ['secrets', path] as const),
    // Without a schema these may come with a later version of a file.
    ...(setup.shape
      ? [...fresh.map((path) => ['fresh', path] as const), ...Object.values(variables).map((path) => ['variables', path] as const)]
      : []),
  ]
  return listed.flatMap(([option, path]) => {
    const parts = pathOf(path)
    if (nodeAt(root, [path]) || isKnown(setup.shape, root, parts)) return []
    const near = nearest(parts.at(-1) ?? '', siblings(setup.shape, root, parts.slice(0, -1)))
    const hint = near === undefined ? '' : `; did you mean ${[...parts.slice(0, -1), near].join('.')}?`
    return [`the option "${option}" names ${path}, which is no setting${hint}`]
  })
}

/** Whether the schema or a source has such a setting; a table that keeps other keys may get it later. */
function isKnown(shape: Shape | undefined, root: Table, path: readonly string[]): boolean {
  if (nodeAt(root, path)) return true
  let here = shape
  for (const part of path) {
    if (!here) return false
    if (!childShape(here, part) && (here.kind === 'any' || here.kind === 'list')) return true
    here = childShape(here, part)
  }
  return here !== undefined
}

function siblings(shape: Shape | undefined, root: Table, path: readonly string[]): readonly string[] {
  let table: Node | undefined = root
  let here = shape
  for (const part of path) {
    table = table?.kind === 'table' ? childOf(table, part) : undefined
    here = childShape(here, part)
  }
  const said = table?.kind === 'table' ? [...table.entries.values()].map((node) => node.path.at(-1) ?? '') : []
  return [...said, ...[...(here?.entries?.values() ?? [])].map(({ name }) => name)]
}
