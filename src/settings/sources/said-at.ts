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

/** What a source says at a path. `below` is what is missing from the path when only a part of it was said. */
export function saidAt(
  assignment: Assignment,
  path: readonly string[],
): { readonly value: unknown; readonly below: readonly string[] } | undefined {
  return find(assignment.path, assignment.value, path)
}

function find(said: readonly string[], value: unknown, path: readonly string[]): ReturnType<typeof saidAt> {
  const shared = Math.min(said.length, path.length)
  for (let at = 0; at < shared; at++) if (said[at]?.toLowerCase() !== path[at]?.toLowerCase()) return undefined
  if (said.length >= path.length) return { value, below: said.slice(path.length) }
  const rest = path.slice(said.length)
  if (Array.isArray(value)) {
    const item: unknown = /^\d+$/.test(rest[0] ?? '') ? value[Number(rest[0])] : undefined
    return item === undefined ? undefined : find([rest[0] ?? ''], item, rest)
  }
  if (!isPlainTable(value)) return undefined
  // The last of several spellings is the one that counts.
  let found: ReturnType<typeof saidAt>
  for (const [key, item] of Object.entries(value)) found = find(pathOfKey(key), item, rest) ?? found
  return found
}
