import type { Shape } from '../schema/shape.js'
import type { Setup } from '../setup.js'
import { originText } from '../sources/origin.js'
import { nearest } from '../tree/path.js'
import { type Complaint, leavesOf, type Node, type Table } from '../tree/tree.js'

/** A key that a source says and the schema drops. */
export interface UnknownKey {
  readonly text: string
  readonly complaint: Complaint
}

/** Keys no table of the schema names. Tables that keep other keys on purpose are not looked at. */
export function unknownKeys(root: Table, setup: Setup): readonly UnknownKey[] {
  const found: UnknownKey[] = []
  const visit = (table: Table, shape: Shape | undefined): void => {
    if (!shape) return
    for (const [lower, node] of table.entries) {
      const known = shape.entries?.get(lower)
      if (known || shape.rest || shape.unknownKeys === 'keep' || !shape.entries) {
        if (node.kind === 'table') visit(node, known?.shape ?? shape.rest)
      } else if (!(table === root && lower === 'fresh_vars')) found.push(unknownKey(node, shape, setup.prefix))
    }
  }
  visit(root, setup.shape)
  return found
}

function unknownKey(node: Node, shape: Shape, prefix: string | undefined): UnknownKey {
  const said = node.kind === 'leaf' ? node : ([...leavesOf(node)][0] ?? node)
  const { origin } = said
  const near = nearest(
    node.path.at(-1) ?? '',
    [...(shape.entries?.values() ?? [])].map(({ name }) => name),
  )
  const isVariable = origin.layer === 'env' || origin.layer === 'dotenv'
  const spell = (path: readonly string[]) => (isVariable ? `${prefix === undefined ? '' : `${prefix}_`}${path.join('__')}` : path.join('.'))
  const hint = near === undefined ? '' : `, did you mean ${spell([...node.path.slice(0, -1), near])}?`
  const place = origin.layer === 'env' ? '' : `${originText(origin, said.path)}: `
  return {
    text: `${place}${spell(node.path)} is not a known setting${hint}`,
    complaint: { path: node.path, message: `is not a known setting${hint}`, origin },
  }
}
