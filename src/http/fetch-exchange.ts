import { brokeOff, parseBody, tooLarge } from './body.js'
import type { Exchange } from './exchange.js'
import { Problem } from './problem.js'

/** A standard `Request` as an exchange. It does not tell where its client is, so the client counts as remote. */
export function fetchExchange(request: Request, search: string, path: string, root: string): Exchange {
  return {
    method: request.method,
    path,
    search,
    root,
    locality: () => 'elsewhere',
    signal: () => request.signal,
    header: (name) => request.headers.get(name) ?? (name === 'host' ? new URL(request.url).host : undefined),
    json: async (limitBytes) => parseBody(await readBody(request, limitBytes)),
    request: () => request,
  }
}

async function readBody(request: Request, limitBytes: number): Promise<Uint8Array> {
  const { body } = request
  if (body === null) return new Uint8Array()
  if (request.bodyUsed || body.locked) {
    throw new Problem(400, 'E_MALFORMED', 'The body was read before it came here. A host that reads it hands on request.clone().')
  }
  const chunks: Uint8Array[] = []
  let length = 0
  const reader = body.getReader()
  for (;;) {
    const { value, done } = await reader.read().catch(() => {
      throw brokeOff()
    })
    if (done) break
    length += value.byteLength
    if (length > limitBytes) {
      await reader.cancel()
      throw tooLarge(limitBytes)
    }
    chunks.push(value)
  }
  return Buffer.concat(chunks)
}
