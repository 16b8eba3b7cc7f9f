/** Characters that file systems refuse or treat specially, and `%`, which begins their encoding. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const REFUSED = /[\x00-\x1f\x7f-\x9f<>:"\\|?*%]|^[. ]|[. ]$/gu

/** Names of devices on Windows, with any ending. */
const DEVICE = /^(?:con|prn|aux|nul|com\d|lpt\d)(?=\.|$)/i

/** Bytes of one part of a path: file systems take 255, and an ending comes after it. */
const MAX_PART_BYTES = 200

/** The last character of a part that is continued by the next part. */
const GOES_ON = '%'

/**
 * Where the file of an entity is, with `/` between folders: a `/` in the name is a folder, a character that file systems refuse is
 * %-encoded, a part that is too long for them goes on in a folder whose name ends with `%`. Every name has one path, and no two share one.
 */
export function pathOf(plural: string, name: string, extension: string): string {
  const parts = name.split('/').flatMap((part) => cut(encodePart(part)))
  return `${plural}/${parts.join('/')}${extension}`
}

/** The name of the entity whose file is at this path below its folder; `undefined` when it belongs to no entity. */
export function nameAt(path: string, extension: string): string | undefined {
  if (!path.endsWith(extension)) return undefined
  const joined = path.slice(0, path.length - extension.length).replaceAll(`${GOES_ON}/`, '')
  try {
    return decodeURIComponent(joined).replaceAll('\0', '')
  } catch {
    return undefined
  }
}

/** Stands for an empty part, which no folder can be called. No name holds the character that it would decode to. */
const EMPTY = '%00'

function encodePart(part: string): string {
  if (part === '') return EMPTY
  const encoded = part.replaceAll(REFUSED, encodeCharacter)
  return DEVICE.test(encoded) ? encodeCharacter(encoded.charAt(0)) + encoded.slice(1) : encoded
}

function encodeCharacter(character: string): string {
  const bytes = new TextEncoder().encode(character)
  return Array.from(bytes, (byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('')
}

/** Between characters, and not within one that is encoded. */
function cut(part: string): readonly string[] {
  const encoder = new TextEncoder()
  const parts: string[] = []
  let current = ''
  let bytes = 0
  for (const [character] of part.matchAll(/%[0-9A-F]{2}|[\s\S]/gu)) {
    const size = encoder.encode(character).length
    if (bytes + size > MAX_PART_BYTES) {
      parts.push(`${current}${GOES_ON}`)
      current = ''
      bytes = 0
    }
    current += character
    bytes += size
  }
  return [...parts, current]
}
