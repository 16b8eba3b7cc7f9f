import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { type Answer, LEAST_COMPRESSED_BYTES, lengthOf } from './answer.js'

const compress = promisify(gzip)

/** The answer with a gzipped body, for clients that take one. */
export function compressed(answer: Answer, acceptEncoding: string | undefined): Answer | Promise<Answer> {
  const { body } = answer
  if (body === undefined || body instanceof ReadableStream || lengthOf(body) < LEAST_COMPRESSED_BYTES) return answer
  return takesGzip(acceptEncoding) ? gzipped(answer, body) : answer
}

async function gzipped(answer: Answer, body: string | Uint8Array): Promise<Answer> {
  const { headers } = answer
  const kept = answer.compressed ?? {}
  kept.gzip ??= compress(body)
  const { etag } = headers
  // Gzip changes the bytes, and a strong tag names bytes: the tag becomes a weak one.
  const weak: Record<string, string> = etag === undefined ? {} : { etag: `W/${etag}` }
  return { ...answer, headers: { ...headers, ...weak, vary: 'accept-encoding', 'content-encoding': 'gzip' }, body: await kept.gzip }
}

function takesGzip(acceptEncoding: string | undefined): boolean {
  if (acceptEncoding === undefined) return false
  const codings = acceptEncoding.toLowerCase().split(',').map(codingOf)
  // What is said of gzip itself goes before what is said of all others.
  const said = codings.find(({ name }) => name === 'gzip') ?? codings.find(({ name }) => name === '*')
  return said?.isTaken ?? false
}

function codingOf(text: string): { readonly name: string | undefined; readonly isTaken: boolean } {
  const [name, ...parameters] = text.split(';').map((part) => part.trim())
  return { name, isTaken: !parameters.some((parameter) => /^q\s*=\s*0(\.0*)?$/.test(parameter)) }
}
