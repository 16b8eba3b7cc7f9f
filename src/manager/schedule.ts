/** Expiry is measured with a clock that moves this often, in milliseconds, and at least ten times in `ttlMs`. */
const TICK_MS = 1_000
/** Between two looks at the log while nothing is announced to this process, in milliseconds: this and up to as much again. */
const UNSUBSCRIBED_POLL_MS = 1_000
const POLL_JITTER = 0.1

export interface ScheduleParts {
  readonly pollIntervalMs: number
  readonly ttlMs: number
  /** Whether changes are announced to this process, so that it need not poll often. */
  readonly isListening: () => boolean
  /** Looks at the log. Never rejects. */
  readonly poll: () => Promise<void>
  /** Moves the clock that expiry is measured with. */
  readonly tick: () => void
}

/** The manager's timers. They are unref'ed, so they keep no process alive. */
export class Schedule {
  readonly #parts: ScheduleParts
  #pollTimer: NodeJS.Timeout | undefined
  #tickTimer: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(parts: ScheduleParts) {
    this.#parts = parts
  }

  /** Starts the timers; further calls do nothing. */
  start(): void {
    if (this.#pollTimer || this.#isClosed) return
    const { tick, ttlMs } = this.#parts
    this.#planPoll()
    this.#tickTimer = setInterval(tick, Math.min(TICK_MS, ttlMs / 10))
    this.#tickTimer.unref()
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#pollTimer)
    clearInterval(this.#tickTimer)
  }

  #planPoll(): void {
    const { pollIntervalMs, isListening } = this.#parts
    const delay = isListening()
      ? pollIntervalMs * (1 - POLL_JITTER + Math.random() * 2 * POLL_JITTER)
      : Math.min(pollIntervalMs, UNSUBSCRIBED_POLL_MS * (1 + Math.random()))
    this.#pollTimer = setTimeout(() => void this.#poll(), delay)
    this.#pollTimer.unref()
  }

  async #poll(): Promise<void> {
    await this.#parts.poll()
    if (!this.#isClosed) this.#planPoll()
  }
}
