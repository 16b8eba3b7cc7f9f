import type { ConfigurationManager } from 'agent-config'
import type { Request, Response } from 'express'

const HEARTBEAT_MS = 15_000
/** A client that does not read is dropped; it connects again and loads what it shows. */
const MOST_UNREAD_BYTES = 1_000_000

/**
 * Server-sent events: `ready` with the revision at the start, then `change` for every change, wherever it was made.
 *
 * Whoever connects again loads anew what it shows: events of the time in between are not repeated.
 */
export function streamEvents(manager: ConfigurationManager) {
  return (request: Request, response: Response): void => {
    response.set({ 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store', 'X-Accel-Buffering': 'no' })
    response.flushHeaders()

    const write = (text: string): void => {
      if (response.writableLength > MOST_UNREAD_BYTES) response.destroy()
      else response.write(text)
    }
    const send = (event: string, data: object): void => write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`)

    const stop = manager.on('change', (change) => send('change', change))
    const heartbeat = setInterval(() => write(': still here\n\n'), HEARTBEAT_MS)
    request.on('close', () => {
      stop()
      clearInterval(heartbeat)
    })
    send('ready', { revision: manager.stats().revision ?? null, worker: process.pid })
  }
}
