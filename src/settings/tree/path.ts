/**
 * The path a person writes: `db.pool.max`, `DB__pool__max` and `servers[0].host` are three levels each. Every option, method, token and
 * command that takes a path reads it here.
 */
export function pathOf(text: string): readonly string[] {
  return text
    .replaceAll(/\[(?:["']([^\]"']*)["']|([^[\]"']*))\]/g, (_, quoted?: string, plain = '') => `.${quoted ?? plain}`)
    .replace(/^\./, '')
    .split('.')
    .flatMap(pathOfKey)
}

/**
 * The path that a key of a file or the name of a variable stands for: `DB__pool__max` is three levels, and a dot is a letter like any
 * other. A key with an empty level (`A__`, `__A`) is one plain key, so that no part of a name is lost.
 */
export function pathOfKey(key: string): readonly string[] {
  if (!key.includes('__')) return [key]
  const parts = key.split('__')
  return parts.includes('') || parts.length > MOST_PARTS ? [key] : parts
}

/** A name with more levels than any settings have is one key. */
const MOST_PARTS = 100

/** How paths are compared: settings are case-insensitive at every level. */
export function pathKey(path: readonly string[]): string {
  return path.join('.').toLowerCase()
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
