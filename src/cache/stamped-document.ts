import type { Scope } from '../entities/scope.js'
import { intern } from '../shared/intern.js'

/** A document as text, with what is known of its age. */
export interface StampedDocument {
  readonly scope: Scope
  /** The last revision of this scope that the document contains; 0 when it was never written. */
  readonly revision: number
  /** The random token of that revision: it tells two histories apart that gave out the same number. */
  readonly token: string
  /** The document contains every change up to this revision, of any scope. */
  readonly asOf: number
  /** The document as JSON. */
  readonly text: string
}

/** The first line of a document in Redis. */
export function stampOf(document: StampedDocument): string {
  return `${document.asOf} ${document.revision} ${document.token}`
}

export function encodeDocument(document: StampedDocument): string {
  return `${stampOf(document)}\n${document.text}`
}

/** Reads what `encodeDocument` wrote; `undefined` for anything else. */
export function decodeDocument(scope: Scope, value: string): StampedDocument | undefined {
  const end = value.indexOf('\n')
  const match = /^(\d{1,16}) (\d{1,16}) ([\w-]{0,64})$/.exec(value.slice(0, Math.min(end, 100)))
  if (end < 0 || !match) return undefined
  return { scope, asOf: Number(match[1]), revision: Number(match[2]), token: intern(match[3] as string), text: value.slice(end + 1) }
}
