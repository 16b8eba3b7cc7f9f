import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { type Answer, LEAST_COMPRESSED_BYTES } from './answer.js'

const compress = promisify(gzip)

/** The answer with a gzipped body, for clients that take one. */
export function compressed(answer: Answer, acceptEncoding: string | undefined): Answer | Promise<Answer> {
  const { body } = answer
  const isWorthIt = body instanceof Uint8Array && body.byteLength >= LEAST_COMPRESSED_BYTES && takesGzip(acceptEncoding)
  return isWorthIt ? gzipped(answer, body) : answer
}

async function gzipped(answer: Answer, body: Uint8Array): Promise<Answer> {
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
  return acceptEncoding.split(',').some((coding) => {
    const [name, ...parameters] = coding.trim().toLowerCase().split(';')
    return (name === 'gzip' || name === '*') && !parameters.some((parameter) => /^\s*q=0(\.0*)?\s*$/.test(parameter))
  })
}
