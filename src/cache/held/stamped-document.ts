import type { Scope } from '../../entities/scope.js'
import type { DocumentSigner } from './document-signer.js'

/** A document as text, with its stamp. */
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

/** What Redis has under a key. */
export interface StoredValue {
  /** The beginning of its first line, as far as the script that stores documents compares it: this names a value that was refused. */
  readonly stamp: string
  /** `undefined` when the value is not a document, or lacks a valid signature. */
  readonly document: StampedDocument | undefined
}

/** Most bytes that the first line of a value may take. The script reads as many. */
export const MAX_STAMP_BYTES = 200

const STAMP = /^(\d{1,16}) (\d{1,16}) ([\w-]{0,64})(?: ([\w-]{43}))?$/

/** How old a document is: what the first line of a value begins with. */
export function stampOf(document: StampedDocument): string {
  return `${document.asOf} ${document.revision} ${document.token}`
}

/** The value that is stored under a key: a line with the stamp and, where there is a secret, its signature, then the text. */
export function encodeDocument(document: StampedDocument, key: string, signer: DocumentSigner): string {
  const stamp = stampOf(document)
  const signature = signer.sign(key, stamp, document.text)
  return `${stamp}${signature === undefined ? '' : ` ${signature}`}\n${document.text}`
}

/** Makes a copy: a substring of a longer text would keep all of that text in memory. */
function copyOf(text: string): string {
  return ` ${text}`.slice(1)
}

/** Reads what `encodeDocument` wrote, and refuses anything else. */
export function decodeDocument(scope: Scope, value: string, key: string, signer: DocumentSigner): StoredValue {
  const end = value.indexOf('\n')
  const line = end < 0 ? value.slice(0, MAX_STAMP_BYTES) : value.slice(0, Math.min(end, MAX_STAMP_BYTES))
  const match = end < 0 ? null : STAMP.exec(line)
  // A line that does not match may have characters of several bytes, and the script compares bytes.
  if (!match) return { stamp: Buffer.from(line).subarray(0, MAX_STAMP_BYTES).toString(), document: undefined }
  const [, asOf, revision, token, signature] = match as unknown as [string, string, string, string, string | undefined]
  const text = value.slice(end + 1)
  if (!signer.accepts(key, `${asOf} ${revision} ${token}`, text, signature)) return { stamp: line, document: undefined }
  return { stamp: line, document: { scope, asOf: Number(asOf), revision: Number(revision), token: copyOf(token), text } }
}
