import { API, ApiError, authorization } from '../api/call.js'
import type { ChangeEvent } from '../api/wire.js'

/** The server sends a comment every 15 seconds; after three missed ones the connection is taken for dead. */
const SILENCE_MS = 50_000

export interface StreamHandlers {
  /** Connected; `revision` is the newest the worker knows. */
  ready(facts: { readonly revision: number | null }): void
  change(event: ChangeEvent): void
}

/**
 * Reads the event stream until it ends. By fetch, because EventSource cannot send a token.
 *
 * @param since the last revision seen: a server that can replays what came after it
 * @throws {ApiError} when the server refuses it
 */
export async function readEvents(since: number | undefined, handlers: StreamHandlers): Promise<void> {
  const silence = new AbortController()
  const headers = { ...authorization(), ...(since !== undefined && { 'last-event-id': String(since) }) }
  const response = await fetch(`${API}/events`, { headers, cache: 'no-store', signal: silence.signal })
  if (!response.ok || !response.body) throw new ApiError(response.status, {})
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  for (;;) {
    const timer = setTimeout(() => silence.abort(), SILENCE_MS)
    const { value, done } = await reader.read().finally(() => clearTimeout(timer))
    if (done) return
    const events = (text + value).split('\n\n')
    text = events.pop()!
    for (const event of events) hand(event, handlers)
  }
}

function hand(event: string, handlers: StreamHandlers): void {
  const lines = event.split('\n')
  const name = lines
    .find((line) => line.startsWith('event:'))
    ?.slice(6)
    .trim()
  const data = lines.filter((line) => line.startsWith('data:')).map((line) => line.slice(5))
  if (data.length === 0) return
  const facts = JSON.parse(data.join('\n'))
  if (name === 'ready') handlers.ready(facts)
  if (name === 'change') handlers.change(facts)
}
