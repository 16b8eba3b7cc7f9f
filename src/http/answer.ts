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

/** Where the compressed form of a body is kept, once somebody asked for it. */
export interface KeptCompression {
  gzip?: Promise<Uint8Array>
}

const JSON_TYPE = 'application/json; charset=utf-8'
const encoder = new TextEncoder()

/** A value as JSON. */
export function jsonAnswer(status: number, value: unknown, headers: Headers = {}): Answer {
  return { status, headers: { 'content-type': JSON_TYPE, ...headers }, body: encoder.encode(JSON.stringify(value)) }
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
