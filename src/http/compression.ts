import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { Answer } from './answer.js'

/** Smaller bodies gain nothing. */
const LEAST_BYTES = 1_024
const compress = promisify(gzip)

/** The answer with a gzipped body, for clients that take one. */
export async function compressed(answer: Answer, acceptEncoding: string | undefined): Promise<Answer> {
  const { body, headers } = answer
  if (!(body instanceof Uint8Array) || body.byteLength < LEAST_BYTES) return answer
  if (!takesGzip(acceptEncoding)) return { ...answer, headers: { ...headers, vary: 'accept-encoding' } }
  const kept = answer.compressed ?? {}
  kept.gzip ??= compress(body)
  const { etag } = headers
  // Other bytes than those the strong tag stands for.
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
