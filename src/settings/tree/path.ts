/** How a path is compared: settings are case-insensitive at every level. */
export function pathKey(path: readonly string[]): string {
  return path.join('.').toLowerCase()
}

/** Splits what a caller asks for: `db.pool.max`, `DB__pool__max`. */
export function splitPath(path: string): string[] {
  return path.split(/\.|__/)
}

/**
 * Splits a key of a source at its double underscores: `DB__pool__max` is three levels.
 *
 * A key with an empty level (`A__`, `__A`) is one plain key, so that no part of a name is lost.
 */
export function splitKey(key: string): readonly string[] {
  if (!key.includes('__')) return [key]
  const parts = key.split('__')
  return parts.includes('') ? [key] : parts
}

/** Finds the own key that matches, exactly first, then in any case; hidden ones, such as a list's length, do not count. */
export function ownKey(container: object, wanted: string): string | undefined {
  if (Object.prototype.propertyIsEnumerable.call(container, wanted)) return wanted
  if (Array.isArray(container)) return undefined
  const lower = wanted.toLowerCase()
  return Object.keys(container).find((key) => key.toLowerCase() === lower)
}

/** Walks a plain value; `undefined` when the path leads nowhere. */
export function valueAt(value: unknown, path: readonly string[]): unknown {
  let here = value
  for (const part of path) {
    if (typeof here !== 'object' || here === null || here instanceof Date) return undefined
    const key = ownKey(here, part)
    if (key === undefined) return undefined
    here = (here as Record<string, unknown>)[key]
  }
  return here
}

/** A table as TOML and JSON know it: not a list, not a date, not an instance of some class. */
export function isPlainTable(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** The known name nearest to a mistyped one, or `undefined` when none is near. */
export function nearest(name: string, known: Iterable<string>): string | undefined {
  const wanted = fold(name)
  let best: string | undefined
  let bestDistance = Math.max(1, Math.floor(wanted.length / 3)) + 1
  for (const candidate of known) {
    const distance = editDistance(wanted, fold(candidate))
    if (distance < bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

const fold = (name: string): string => name.toLowerCase().replaceAll(/[_.-]/g, '')

/** Insertions, deletions, replacements and swaps of neighbours. */
function editDistance(left: string, right: string): number {
  let older: number[] = []
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index)
  for (let row = 1; row <= left.length; row++) {
    const current = [row]
    for (let column = 1; column <= right.length; column++) {
      const isEqual = left[row - 1] === right[column - 1]
      let least = Math.min((previous[column - 1] ?? 0) + (isEqual ? 0 : 1), (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1)
      const isSwap = row > 1 && column > 1 && left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1]
      if (isSwap) least = Math.min(least, (older[column - 2] ?? 0) + 1)
      current.push(least)
    }
    older = previous
    previous = current
  }
  return previous[right.length] ?? 0
}
