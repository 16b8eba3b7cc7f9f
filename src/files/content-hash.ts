import { createHash } from 'node:crypto'
import { canonicalJson } from '../file-format/canonical.js'
import type { EntityContent } from '../file-format/file-kind.js'

/** Two contents that mean the same have the same hash, whatever the order of their keys. */
export function hashOf(content: EntityContent): string {
  return createHash('sha256').update(canonicalJson(content)).digest('base64url')
}
