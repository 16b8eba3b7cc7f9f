import { createHash } from 'node:crypto'
import { canonicalJson } from '../file-format/canonical.js'

/**
 * SHA-256 of a content. Two contents that mean the same have the same, whatever the order of their keys.
 *
 * @param encoding base64url in locks, hex in bundles
 */
export function hashOf(content: unknown, encoding: 'base64url' | 'hex' = 'base64url'): string {
  return createHash('sha256').update(canonicalJson(content)).digest(encoding)
}
