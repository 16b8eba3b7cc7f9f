import type { PlainMessage } from '../shared/bus-message.js'

/** Pause between two messages that are acted on, in milliseconds. */
const PAUSE_MS = 1_000
/** Most different messages kept during a pause; when more come, everything is reloaded instead. */
const MAX_WAITING = 100

/**
 * Takes legacy messages, `{ type, key }` without a revision, which any publisher may send. Each costs reads of PostgreSQL, so the first is
 * acted on at once and those of the next second are gathered.
 */
export class PlainMessages {
  readonly #act: (type: string, key: string | undefined) => void
  readonly #waiting = new Map<string, PlainMessage>()
  #timer: NodeJS.Timeout | undefined

  constructor(act: (type: string, key: string | undefined) => void) {
    this.#act = act
  }

  receive(message: PlainMessage): void {
    if (!this.#timer) {
      this.#act(message.type, message.key)
      this.#timer = setTimeout(() => this.#flush(), PAUSE_MS)
      this.#timer.unref()
      return
    }
    if (this.#waiting.size < MAX_WAITING) this.#waiting.set(`${message.type} ${message.key ?? ''}`, message)
    else this.#waiting.set('all', { form: 'plain', type: 'all', key: undefined })
  }

  close(): void {
    clearTimeout(this.#timer)
  }

  #flush(): void {
    this.#timer = undefined
    const waiting = [...this.#waiting.values()]
    this.#waiting.clear()
    for (const { type, key } of waiting) this.#act(type, key)
    if (waiting.length > 0) {
      this.#timer = setTimeout(() => this.#flush(), PAUSE_MS)
      this.#timer.unref()
    }
  }
}
