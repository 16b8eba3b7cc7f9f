import { readStructure } from '../language/structure.js'
import { mapItems } from '../tree/items.js'
import { display, isSecretByItself, maskCredentials, REDACTED, redact } from './redact.js'
import type { SecretPaths } from './secret-paths.js'

/** Which paths lead to secrets, and which to texts that may hold one. */
export type Secrecy = Pick<SecretPaths, 'has' | 'mayHold'>

/** Plain data to print: `***` for secrets, and for credentials inside of other texts. */
export function redactedCopy(value: unknown, path: readonly string[], secrets: Secrecy): unknown {
  if (path.length > 0 && (secrets.has(path) || isSecretByItself(value))) return redact(value)
  if (typeof value === 'string') return maskText(value, path, secrets)
  if (value instanceof URL) return maskCredentials(value.href)
  // JSON has no such number.
  if (typeof value === 'bigint') return String(value)
  if (value instanceof Set) return redactedCopy([...value], path, secrets)
  if (value instanceof Map) return redactedCopy(Object.fromEntries(value), path, secrets)
  return mapItems(value, (item, key) => redactedCopy(item, [...path, key], secrets))
}

/** A text that is a structure may hold secrets by their names inside of it; nothing is shown of one in which they cannot be told apart. */
function maskText(text: string, path: readonly string[], secrets: Secrecy): string {
  const structure = /^\s*[[{]/.test(text) ? readStructure(text.trim()) : undefined
  if (typeof structure !== 'object' || structure === null) return secrets.mayHold(path) ? REDACTED : maskCredentials(text)
  const shown = JSON.stringify(redactedCopy(structure, path, secrets))
  return shown === JSON.stringify(structure) ? maskCredentials(text) : shown
}

/** The text of a variable as it is printed: a structure with its secrets redacted, nothing of one that cannot be read. */
export function displayText(text: string, path: readonly string[], secrets: Secrecy): string {
  if (secrets.has(path) || isSecretByItself(text)) return redact(text)
  if (/^\s*[[{]/.test(text)) {
    const structure = readStructure(text.trim())
    if (structure !== undefined) return display(maskText(text, path, secrets), false)
    return `a text of ${text.length} characters`
  }
  return secrets.mayHold(path) ? REDACTED : display(text, false)
}
