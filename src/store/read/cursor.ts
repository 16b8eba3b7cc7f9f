import { InvalidArgumentError } from '../../shared/errors.js'

/** A part of a longer list. */
export interface Page<Item> {
  readonly items: readonly Item[]
  /** Pass it back to get the next part; absent on the last one. */
  readonly cursor?: string
}

export type CursorKey = readonly (string | number)[]

/** Where the next page begins, as an opaque text. */
export function encodeCursor(key: CursorKey): string {
  return Buffer.from(JSON.stringify(key)).toString('base64url')
}

/** @throws {InvalidArgumentError} when the text is not a cursor of a list with such keys */
export function decodeCursor<Key extends CursorKey>(cursor: string, shape: { readonly [Place in keyof Key]: 'string' | 'number' }): Key {
  const refused = new InvalidArgumentError('cursor', 'must be the `cursor` of an earlier page of the same list')
  let key: unknown
  try {
    key = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
  } catch {
    throw refused
  }
  if (!Array.isArray(key) || key.length !== shape.length || key.some((part, place) => !isKeyPart(part, shape[place]))) throw refused
  return key as unknown as Key
}

/** Any other value would make PostgreSQL fail when it compares the key. */
function isKeyPart(part: unknown, type: 'string' | 'number' | undefined): boolean {
  return type === 'number' ? Number.isSafeInteger(part) : typeof part === 'string' && !part.includes('\0') && part.isWellFormed()
}

/** Cuts a list that was read one item too long. */
export function pageOf<Item>(items: readonly Item[], limit: number, keyOf: (item: Item) => CursorKey): Page<Item> {
  if (items.length <= limit) return { items }
  const kept = items.slice(0, limit)
  return { items: kept, cursor: encodeCursor(keyOf(kept[limit - 1] as Item)) }
}
