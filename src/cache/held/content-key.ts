import type { Scope } from '../../entities/scope.js'

const PREFIX = 'content:'

/** The scope-like key of the content of one version, by row. */
export function contentKey(kind: string, id: number, createdAtMicros: number): Scope {
  return `${PREFIX}${kind}:${id}:${createdAtMicros}`
}

export function isContent(key: Scope): boolean {
  return key.startsWith(PREFIX)
}
