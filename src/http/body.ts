import { Problem } from './problem.js'

const decoder = new TextDecoder('utf-8', { fatal: true })

export function tooLarge(limitBytes: number): Problem {
  return new Problem(413, 'E_TOO_LARGE', `The body is larger than ${limitBytes.toLocaleString('en')} bytes.`)
}

/** Its sender left, or lost the connection. */
export function brokeOff(): Problem {
  return new Problem(400, 'E_MALFORMED', 'The body broke off.')
}

/** @throws {Problem} when the announced body is not JSON, or too large */
export function checkBodyHeaders(header: (name: string) => string | undefined, limitBytes: number): void {
  const type = header('content-type')?.split(';', 1)[0]?.trim().toLowerCase()
  if (type !== 'application/json' && !/^application\/[\w.-]+\+json$/.test(type ?? '')) {
    throw new Problem(415, 'E_NOT_JSON', 'Send the body as application/json.')
  }
  const charset = /;\s*charset\s*=\s*"?([^\s;"]*)/i.exec(header('content-type') ?? '')?.[1]
  if (charset !== undefined && !/^(utf-?8|us-ascii)$/i.test(charset)) throw new Problem(415, 'E_NOT_JSON', 'Send the body in UTF-8.')
  const encoding = header('content-encoding')?.trim().toLowerCase()
  if (encoding !== undefined && encoding !== '' && encoding !== 'identity') {
    throw new Problem(415, 'E_NOT_JSON', 'Send the body as it is, without Content-Encoding.')
  }
  if (Number(header('content-length') ?? 0) > limitBytes) throw tooLarge(limitBytes)
}

/** @throws {Problem} when the bytes are no JSON in UTF-8 */
export function parseBody(bytes: Uint8Array): unknown {
  if (bytes.byteLength === 0) return undefined
  try {
    return JSON.parse(decoder.decode(bytes))
  } catch {
    throw new Problem(400, 'E_MALFORMED', 'The body is not JSON.')
  }
}

/** More than any value that can be stored has, and far fewer than exhaust the stack of what walks through a body. */
const MOST_LEVELS = 500

/** @throws {Problem} when lists and objects are nested too deeply, in a body that was parsed here or by the host */
export function refuseDeep(body: unknown): void {
  let level: readonly unknown[] = [body]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MOST_LEVELS) throw new Problem(400, 'E_MALFORMED', `The body is nested more than ${MOST_LEVELS} levels deep.`)
    level = level.flatMap((value) => (typeof value === 'object' && value !== null ? Object.values(value) : []))
  }
}
