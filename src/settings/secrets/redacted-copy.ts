import { readStructure } from '../language/structure.js'
import { mapItems } from '../tree/items.js'
import { display, isSecretByItself, maskCredentials, REDACTED, redact } from './redact.js'
import type { SecretPaths } from './secret-paths.js'

type IsSecret = (path: readonly string[]) => boolean

/** Plain data to print: `***` for secrets, and for credentials inside of other texts. */
export function redactedCopy(value: unknown, path: readonly string[], isSecret: IsSecret): unknown {
  if (path.length > 0 && (isSecret(path) || isSecretByItself(value))) return redact(value)
  if (typeof value === 'string') return maskText(value, path, isSecret)
  if (value instanceof URL) return maskCredentials(value.href)
  // JSON has no such number.
  if (typeof value === 'bigint') return String(value)
  if (value instanceof Set) return redactedCopy([...value], path, isSecret)
  if (value instanceof Map) return redactedCopy(Object.fromEntries(value), path, isSecret)
  return mapItems(value, (item, key) => redactedCopy(item, [...path, key], isSecret))
}

/** A text that is a structure may hold secrets by their names inside of it. */
function maskText(text: string, path: readonly string[], isSecret: IsSecret): string {
  const structure = /^\s*[[{]/.test(text) ? readStructure(text.trim()) : undefined
  if (typeof structure !== 'object' || structure === null) return maskCredentials(text)
  const shown = JSON.stringify(redactedCopy(structure, path, isSecret))
  return shown === JSON.stringify(structure) ? maskCredentials(text) : shown
}

/** The text of a variable as it is printed: a structure with its secrets redacted, nothing of one that cannot be read. */
export function displayText(text: string, path: readonly string[], secrets: SecretPaths): string {
  if (secrets.has(path) || isSecretByItself(text)) return redact(text)
  if (/^\s*[[{]/.test(text)) {
    const structure = readStructure(text.trim())
    if (structure !== undefined)
      return display(
        maskText(text, path, (at) => secrets.has(at)),
        false,
      )
    return `a text of ${text.length} characters`
  }
  return secrets.mayHold(path) ? REDACTED : display(text, false)
}
