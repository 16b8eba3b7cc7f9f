import type { Validated } from '../schema/validate.js'
import { itemsOf } from '../tree/items.js'
import { leavesOf, type Node } from '../tree/tree.js'
import { isSecretByItself } from './redact.js'
import type { SecretPaths } from './secret-paths.js'

/** Every secret value, also inside lists and tables, to be taken out of texts of other libraries. */
export function secretValuesOf(root: Node, { plain, resolver }: Validated, secrets: SecretPaths): readonly unknown[] {
  const found: unknown[] = []
  const collect = (value: unknown, path: readonly string[], isInside: boolean): void => {
    const isSecret = isInside || (path.length > 0 && secrets.has(path)) || isSecretByItself(value)
    if (isSecret && (typeof value === 'string' || typeof value === 'number')) found.push(value)
    for (const [key, item] of itemsOf(value)) collect(item, [...path, key], isSecret)
  }
  collect(plain, [], false)
  for (const leaf of leavesOf(root)) {
    if (leaf.raw === undefined || !(secrets.has(leaf.path) || secrets.mayHold(leaf.path))) continue
    found.push(leaf.raw, resolver.evaluated(leaf).raw ?? leaf.raw)
  }
  return found
}
