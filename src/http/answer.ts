import { createHash } from 'node:crypto'

/** Headers by their names in lower case. */
export type Headers = Readonly<Record<string, string>>

/** What the handler answers with, before it becomes a `Response` or goes out through Node. */
export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body?: Uint8Array | ReadableStream<Uint8Array> | undefined
  /** The compressed body of an answer that is kept and sent often. */
  readonly compressed?: KeptCompression | undefined
}

/** Where the compressed form of a body is kept, once a client asked for it. */
export interface KeptCompression {
  gzip?: Promise<Uint8Array>
}

/** Smaller bodies gain nothing by compression. */
export const LEAST_COMPRESSED_BYTES = 1_024

/** Headers of every answer of the API. They are part of an answer from the beginning: adding them to one that is kept costs as much as a read. */
export const API_HEADERS: Headers = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'cache-control': 'private, no-cache',
}
const JSON_HEADERS: Headers = { ...API_HEADERS, 'content-type': 'application/json; charset=utf-8' }
const encoder = new TextEncoder()

/** A value as JSON. */
export function jsonAnswer(status: number, value: unknown, headers: Headers = {}): Answer {
  const body = encoder.encode(JSON.stringify(value))
  const vary: Headers = body.byteLength < LEAST_COMPRESSED_BYTES ? {} : { vary: 'accept-encoding' }
  return { status, headers: { ...JSON_HEADERS, ...vary, ...headers }, body }
}

/**
 * A value as JSON, with an entity tag.
 *
 * @param identity what the tag is made of, where that is less than the whole value: two answers with the same one are the same to a client
 */
export function taggedAnswer(value: unknown, identity: unknown = value): Answer {
  return { ...jsonAnswer(200, value, { etag: etagOf(JSON.stringify(identity)) }), compressed: {} }
}

export function etagOf(text: string | Uint8Array): string {
  return `"${createHash('sha256').update(text).digest('base64url').slice(0, 27)}"`
}

export function isAnswer(value: object): value is Answer {
  return 'status' in value && 'headers' in value
}
