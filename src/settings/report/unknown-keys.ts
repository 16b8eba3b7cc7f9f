import { nearest } from '../../shared/nearest.js'
import { childShape, type Shape } from '../schema/shape.js'
import type { Setup } from '../setup.js'
import { originText } from '../sources/origin.js'
import { type Complaint, leavesOf, type Node, type Table } from '../tree/tree.js'

/** A key that a source sets and the schema drops. */
export interface UnknownKey {
  readonly text: string
  readonly complaint: Complaint
}

/** Keys no table of the schema names. Tables that keep other keys on purpose are not looked at. */
export function unknownKeys(root: Table, setup: Setup): readonly UnknownKey[] {
  const found: UnknownKey[] = []
  const visit = (table: Table, shape: Shape | undefined): void => {
    if (!shape) return
    for (const node of table.entries.values()) {
      const key = node.path.at(-1) ?? ''
      const known = childShape(shape, key)
      if (known || shape.unknownKeys === 'keep' || !shape.entries) {
        if (node.kind === 'table') visit(node, known)
      } else if (!(table === root && key.toLowerCase() === 'fresh_vars')) {
        // Finding a similar name is slow, so thousands of keys get no suggestion.
        found.push(unknownKey(node, shape, { setup, isHinted: found.length < MOST_HINTS }))
      }
    }
  }
  visit(root, setup.shape)
  return found
}

const MOST_HINTS = 20

function unknownKey(node: Node, shape: Shape, how: { readonly setup: Setup; readonly isHinted: boolean }): UnknownKey {
  const said = node.kind === 'leaf' ? node : ([...leavesOf(node)][0] ?? node)
  const { origin } = said
  const names = how.isHinted ? [...(shape.entries?.values() ?? [])].map(({ name }) => name) : []
  const near = nearest(node.path.at(-1) ?? '', names)
  const isVariable = origin.layer === 'env' || origin.layer === 'dotenv'
  const spell = (path: readonly string[]) => (isVariable ? how.setup.names.prefixed(path) : path.join('.'))
  const hint = near === undefined ? '' : `, did you mean ${spell([...node.path.slice(0, -1), near])}?`
  const place = origin.layer === 'env' ? '' : `${originText(origin, said.path)}: `
  return {
    text: `${place}${spell(node.path)} is not a known setting${hint}`,
    complaint: { path: node.path, message: `is not a known setting${hint}`, origin },
  }
}
