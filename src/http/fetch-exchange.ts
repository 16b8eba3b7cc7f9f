import { parseBody, tooLarge } from './body.js'
import type { Exchange } from './exchange.js'

/** A standard `Request` as an exchange. It does not tell where its client is, so the client counts as remote. */
export function fetchExchange(request: Request, search: string, path: string, root: string): Exchange {
  return {
    method: request.method,
    path,
    search,
    root,
    locality: 'elsewhere',
    signal: () => request.signal,
    header: (name) => request.headers.get(name) ?? (name === 'host' ? new URL(request.url).host : undefined),
    json: async (limitBytes) => parseBody(await readStream(request.body, limitBytes)),
    request: () => request,
  }
}

async function readStream(stream: ReadableStream<Uint8Array> | null, limitBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  if (stream === null) return new Uint8Array()
  const reader = stream.getReader()
  for (;;) {
    const { value, done } = await reader.read()
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
