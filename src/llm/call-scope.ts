import { LLMError, type LLMErrorFacts, type LLMTimeoutPhase } from '../shared/errors.js'
import type { CallOptions, CallTimeouts } from './llm-client.js'
import { present } from './present.js'
import { onAbort } from './shared-abort.js'

/**
 * The default limits of a client. The first part may take two minutes, since a large model may have to be loaded; a pause within an answer
 * may not.
 */
export const CALL_DEFAULTS = { timeouts: { firstChunkMs: 120_000, chunkMs: 60_000, totalMs: 600_000 }, maxRetries: 2 } as const

/** Longer than a timer can hold: from here on there is none, because it would fire at once. */
const OFF_MS = 2 ** 31

/** The timers and retries of a call. */
export interface CallLimits {
  readonly timeouts: Required<CallTimeouts>
  readonly maxRetries: number
}

/** Lays one set of options over limits. @throws {LLMError} with reason `bad_request` for limits that are no numbers above 0 */
export function limitsOf(options: Pick<CallOptions, 'timeout' | 'maxRetries'>, base: CallLimits): CallLimits {
  const { timeout = {}, maxRetries = base.maxRetries } = options
  const given = typeof timeout === 'number' ? { firstChunkMs: OFF_MS, chunkMs: OFF_MS, totalMs: timeout } : timeout
  const timeouts = { ...base.timeouts, ...present(given) }
  if (!Object.values({ ...timeouts, retries: maxRetries + 1 }).every((value) => value > 0)) {
    throw new LLMError('timeout must be above 0, and maxRetries not below.', { reason: 'bad_request' })
  }
  return { timeouts, maxRetries }
}

/**
 * The life of one call: its abort signal, its three timers, its count of attempts.
 *
 * The caller's signal is watched until `end()`; what is handed to `fetch` is a signal of our own, so a signal that
 * outlives thousands of calls collects nothing.
 */
export class CallScope {
  readonly limits: CallLimits
  /** When the call began, on the clock of `performance.now()`. */
  readonly startedAt = performance.now()
  attempts = 0
  firstChunkMs: number | undefined
  /** Ends other work of the call when the call ends early. */
  release: (() => void) | undefined
  readonly #controller = new AbortController()
  readonly #ended: Promise<never>
  #reject!: () => void
  readonly #stopWatching: (() => void) | undefined
  readonly #timers: { [timer in 'total' | 'phase']?: ReturnType<typeof setTimeout> } = {}
  /** What ended the call on this side: an abort, or a timer. */
  #ending: 'aborted' | LLMTimeoutPhase | undefined
  /** Why: the signal's reason, or the milliseconds that have passed. */
  #cause: unknown
  /** Since when the call waits for the server; `undefined` while the reader handles a part. */
  #waitingSince: number | undefined
  #hasFirstChunk = false

  constructor(limits: CallLimits, signal: AbortSignal | undefined) {
    this.limits = limits
    this.#ended = new Promise((_, reject) => {
      this.#reject = reject
    })
    this.#ended.catch(() => {})
    this.#wind('total', 'total', limits.timeouts.totalMs)
    this.#stopWatching = signal && onAbort(signal, () => this.#stop('aborted', signal.reason))
  }

  /** For `fetch`, and for whatever has to end with the call. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** Whether an abort or a timer ended the call. */
  get isEnded(): boolean {
    return this.#ending !== undefined
  }

  /**
   * Counts an attempt and starts the timer for its first chunk. An answer that is not streamed has no first chunk: only the timer for the
   * call applies.
   */
  beginAttempt(isWhole = false): void {
    this.attempts += 1
    this.#hasFirstChunk = false
    this.#wind('phase', 'first-chunk', isWhole ? OFF_MS : this.limits.timeouts.firstChunkMs)
  }

  /** Waits for the server's next chunk under the timers for it. @throws whatever ended the call meanwhile */
  async chunk<Value>(work: Promise<Value>): Promise<Value> {
    this.#waitingSince = performance.now()
    const value = await work
    if (this.isEnded) throw this.#cause
    this.#waitingSince = undefined
    if (!this.#hasFirstChunk) {
      this.#hasFirstChunk = true
      this.firstChunkMs ??= performance.now() - this.startedAt
      this.#wind('phase', 'chunk', this.limits.timeouts.chunkMs)
    }
    return value
  }

  /** Sleeps, or less when the call ends meanwhile. */
  async sleep(ms: number): Promise<void> {
    clearTimeout(this.#timers.phase)
    const slept = new Promise<void>((resolve) => {
      this.#timers.phase = setTimeout(resolve, ms)
    })
    await this.race(slept).catch(() => {})
  }

  /** Settles as the work does, or rejects as soon as the call ends: a `fetch` that ignores its signal cannot keep the call waiting. */
  async race<Value>(work: Promise<Value>): Promise<Value> {
    const value = await Promise.race([work, this.#ended])
    // The signal may have aborted before an answer that was ready at once: the abort wins.
    if (this.isEnded) throw this.#cause
    return value
  }

  /** Ends the call because the caller left. */
  abandon(): void {
    this.#stop('aborted')
  }

  /** Removes every timer and listener; the request is cancelled too, unless its answer was read to the end. */
  end(isComplete: boolean): void {
    clearTimeout(this.#timers.total)
    clearTimeout(this.#timers.phase)
    this.#stopWatching?.()
    if (isComplete) return
    this.#controller.abort()
    this.#reject()
    this.release?.()
  }

  /** The message and the facts for the error, when an abort or a timer ended the call. */
  get ending(): readonly [string, LLMErrorFacts] | undefined {
    const phase = this.#ending
    if (phase === undefined) return undefined
    return phase === 'aborted'
      ? ['was aborted', { reason: phase, cause: this.#cause }]
      : [`took longer than ${this.#cause} ms (timeout: ${phase})`, { reason: 'timeout', phase }]
  }

  #stop(ending: 'aborted' | LLMTimeoutPhase, cause?: unknown): void {
    if (this.isEnded) return
    this.#ending = ending
    this.#cause = cause
    this.end(false)
  }

  /** For silence one timer looks at the clock when it fires, instead of a new timer for each chunk. */
  #wind(timer: 'total' | 'phase', phase: LLMTimeoutPhase, limitMs: number, inMs = limitMs): void {
    clearTimeout(this.#timers[timer])
    if (limitMs >= OFF_MS) return
    this.#timers[timer] = setTimeout(() => {
      const silentMs = this.#waitingSince === undefined ? 0 : performance.now() - this.#waitingSince
      if (phase !== 'chunk' || silentMs >= limitMs) this.#stop(phase, limitMs)
      else this.#wind(timer, phase, limitMs, Math.ceil(limitMs - silentMs))
    }, inMs)
  }
}
