import { type Answer, API_HEADERS } from './answer.js'
import type { HttpManager } from './manager.js'
import { missedChanges, type SentChange } from './missed-changes.js'
import { Problem } from './problem.js'

const HEARTBEAT_MS = 15_000
/** A client that does not read is disconnected; when it connects again it gets what it missed. */
const MOST_UNREAD_BYTES = 1_000_000
/** Open streams of this handler; each holds a listener and a timer. */
const MOST_STREAMS = 1_000
/** When clients come back after the end of a stream, in milliseconds. */
const RETRY_MS = 1_000

const HEADERS = {
  ...API_HEADERS,
  'content-type': 'text/event-stream; charset=utf-8',
  // No middleware may hold events back to compress them.
  'cache-control': 'no-store, no-transform',
  'x-accel-buffering': 'no',
}
const encoder = new TextEncoder()

/**
 * Server-sent events. To a client that names the last event it saw, a stream first sends what it missed; then it sends `ready`, then a `change`
 * for every change, wherever it was made. The id of an event is its revision, once every change up to it was told.
 */
export class EventStreams {
  readonly #manager: HttpManager
  readonly #open = new Set<Stream>()
  #isClosed = false

  constructor(manager: HttpManager) {
    this.#manager = manager
  }

  /** @param lastEventId the header of a client that was connected before */
  async open(lastEventId: string | undefined): Promise<Answer> {
    if (this.#isClosed || this.#open.size >= MOST_STREAMS) {
      throw new Problem(503, 'E_TOO_MANY_STREAMS', 'No more event streams are taken at the moment.', { headers: { 'retry-after': '5' } })
    }
    const stream = new Stream(this.#manager, () => this.#open.delete(stream))
    this.#open.add(stream)
    try {
      await stream.begin(lastEventId)
    } catch (error) {
      stream.end()
      throw error
    }
    return { status: 200, headers: HEADERS, body: stream.readable }
  }

  /** Ends every stream; its client reconnects after a second, to any server that answers then. */
  close(): void {
    this.#isClosed = true
    for (const stream of this.#open) stream.end()
  }
}

class Stream {
  readonly readable: ReadableStream<Uint8Array>
  readonly #manager: HttpManager
  readonly #forget: () => void
  readonly #waiting: SentChange[] = []
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined
  #stopListening: () => void
  #heartbeat: ReturnType<typeof setInterval> | undefined
  /** Changes up to this revision were sent; undefined while the log is being read. */
  #sent: number | undefined

  constructor(manager: HttpManager, forget: () => void) {
    this.#manager = manager
    this.#forget = forget
    this.readable = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller
        },
        cancel: () => this.#release(),
      },
      { highWaterMark: MOST_UNREAD_BYTES, size: (chunk) => chunk.byteLength },
    )
    this.#stopListening = manager.on('change', (change) => this.#hear(change))
  }

  async begin(lastEventId: string | undefined): Promise<void> {
    const seen = lastEventId === undefined || lastEventId === '' ? undefined : revisionOf(lastEventId)
    const { changes, revision } = await missedChanges(this.#manager, seen)
    this.#write(`retry: ${RETRY_MS}\n\n`)
    if (changes === undefined) this.#send('reset', { revision }, revision)
    else this.#sendChanges(changes)
    this.#sent = revision
    this.#send('ready', { revision: revision ?? null, worker: process.pid }, revision)
    this.#heartbeat = setInterval(() => this.#write(': still here\n\n'), HEARTBEAT_MS)
    // Node's timers would keep a process alive; those of other runtimes are numbers.
    ;(this.#heartbeat as { unref?: () => void }).unref?.()
    this.#flush()
  }

  end(): void {
    const controller = this.#controller
    this.#release()
    try {
      controller?.close()
    } catch {
      // The client cancelled it already.
    }
  }

  #hear(change: SentChange): void {
    // Changes of one transaction come in one turn: they wait for each other, so that only the last one gives the revision as an id.
    if (this.#waiting.push(change) === 1) queueMicrotask(() => this.#flush())
  }

  #flush(): void {
    const sent = this.#sent
    if (this.#heartbeat === undefined) return
    const changes = this.#waiting.splice(0).filter(({ revision }) => sent === undefined || revision > sent)
    this.#sendChanges(changes)
  }

  #sendChanges(changes: readonly SentChange[]): void {
    // Messages overtake each other: a client that names the id of one would not be told of one before it that is still on its way.
    const { revision: applied = 0 } = this.#manager.stats()
    const inOrder = changes.toSorted((left, right) => left.revision - right.revision)
    for (const [place, change] of inOrder.entries()) {
      const isLastOfRevision = inOrder[place + 1]?.revision !== change.revision
      this.#send('change', change, isLastOfRevision && change.revision <= applied ? change.revision : undefined)
    }
  }

  #send(event: string, data: object, id?: number): void {
    this.#write(`${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
  }

  #write(text: string): void {
    const controller = this.#controller
    if (!controller) return
    if ((controller.desiredSize ?? 0) > 0) controller.enqueue(encoder.encode(text))
    else this.end()
  }

  #release(): void {
    this.#stopListening()
    clearInterval(this.#heartbeat)
    this.#controller = undefined
    this.#forget()
  }
}

/** What is no revision was not given by this API: its client knows nothing for certain, as one that comes from the future. */
function revisionOf(eventId: string): number {
  return /^\d{1,15}$/.test(eventId) ? Number(eventId) : Number.MAX_SAFE_INTEGER
}
