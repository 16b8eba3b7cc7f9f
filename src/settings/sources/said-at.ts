import { isPlainTable, pathKey, pathOfKey } from '../tree/path.js'
import type { Assignment } from './origin.js'

/** Whether a source says anything at a path, below it, or with a table around it. */
export function says(assignment: Assignment, path: readonly string[]): boolean {
  return saidAt(assignment, path) !== undefined
}

/** Answers for many paths at once whether any source says something there or below it. */
export function saysIndex(assignments: readonly Assignment[]): (path: readonly string[]) => boolean {
  const said = new Set<string>()
  const note = (path: readonly string[], value: unknown): void => {
    for (let length = 1; length <= path.length; length++) said.add(pathKey(path.slice(0, length)))
    if (isPlainTable(value)) for (const [key, item] of Object.entries(value)) note([...path, ...pathOfKey(key)], item)
  }
  return (path) => {
    if (said.size === 0) for (const assignment of assignments) note(assignment.path, assignment.value)
    return said.has(pathKey(path))
  }
}

type Said = { readonly value: unknown; readonly below: readonly string[] } | undefined

/**
 * The value of a source at a path. `below` is the rest of the path, when the source has a value at its beginning only.
 *
 * @param exact the levels of the path at which a key in another case is another key
 */
export function saidAt(assignment: Assignment, path: readonly string[], exact: ReadonlySet<number> = NO_LEVEL): Said {
  const find = (said: readonly string[], value: unknown, from: number): Said => {
    const rest = path.slice(from)
    const isOther = (part: string, index: number) =>
      index < rest.length && (exact.has(from + index) ? part !== rest[index] : part.toLowerCase() !== rest[index]?.toLowerCase())
    if (said.some(isOther)) return undefined
    if (said.length >= rest.length) return { value, below: said.slice(rest.length) }
    const next = rest[said.length] ?? ''
    if (Array.isArray(value)) {
      const item: unknown = /^\d+$/.test(next) ? value[Number(next)] : undefined
      return item === undefined ? undefined : find([next], item, from + said.length)
    }
    if (!isPlainTable(value)) return undefined
    // The last of several spellings is the one that counts.
    let found: Said
    for (const [key, item] of Object.entries(value)) found = find(pathOfKey(key), item, from + said.length) ?? found
    return found
  }
  return find(assignment.path, assignment.value, 0)
}

const NO_LEVEL: ReadonlySet<number> = new Set()
