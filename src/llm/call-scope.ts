import { LLMError, type LLMErrorFacts, type LLMTimeoutPhase } from '../shared/errors.js'
import type { CallOptions, CallTimeouts } from './llm-client.js'
import { present } from './present.js'
import { onAbort } from './shared-abort.js'

/**
 * The default limits of a client. The first part may take two minutes, since a large model may have to be loaded; a pause within an answer
 * may not.
 */
export const CALL_DEFAULTS = { timeouts: { firstChunkMs: 120_000, chunkMs: 60_000, totalMs: 600_000 }, maxRetries: 2 } as const

/** As long as a timer can be. With more it would fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

/** The timers and retries of a call. */
export interface CallLimits {
  readonly timeouts: Required<CallTimeouts>
  readonly maxRetries: number
}

/** Lays one set of options over limits. @throws {LLMError} with reason `bad_request` for limits that are no numbers above 0 */
export function limitsOf(options: Pick<CallOptions, 'timeout' | 'maxRetries'>, base: CallLimits): CallLimits {
  const { timeout = {}, maxRetries = base.maxRetries } = options
  const given = typeof timeout === 'number' ? { firstChunkMs: Infinity, chunkMs: Infinity, totalMs: timeout } : present(timeout)
  const timeouts = { ...base.timeouts, ...given }
  if (![...Object.values(timeouts), maxRetries + 1].every((value) => value > 0)) {
    throw new LLMError('timeout must be above 0, and maxRetries not below.', { reason: 'bad_request' })
  }
  return { timeouts, maxRetries }
}

/** The life of one call: its abort signal, its three time limits, its count of attempts. */
export interface CallScope {
  readonly limits: CallLimits
  /** When the call began, on the clock of `performance.now()`. */
  readonly startedAt: number
  attempts: number
  firstChunkMs: number | undefined
  /** Ends other work of the call when the call ends early. */
  release: (() => void) | undefined
  /** For `fetch`, and for whatever has to end with the call. */
  readonly signal: AbortSignal
  /** The message and the facts for the error, once an abort or a time limit ended the call. */
  readonly ending: readonly [string, LLMErrorFacts] | undefined
  /** Counts an attempt and starts the limit for its first chunk. */
  beginAttempt(): void
  /** Starts the limit for the server's next chunk; that for the first starts with its attempt. */
  waitForChunk(): void
  /** Stops it, since the chunk is here. @throws when something ended the call meanwhile */
  chunkCame(): void
  /** Sleeps, or less when the call ends meanwhile. */
  sleep(ms: number): Promise<void>
  /** Settles as the work does, or rejects as soon as the call ends: a `fetch` that ignores its signal cannot keep the call waiting. */
  race<Value>(work: Promise<Value>): Promise<Value>
  /** Ends the call because the caller left. */
  abandon(): void
  /** Removes every timer and listener; the request is cancelled too, unless its answer was read to the end. */
  end(isComplete: boolean): void
}

/**
 * Opens the scope of a call. The caller's signal is watched until `end()`; what is handed to `fetch` is a signal of our own, so a signal
 * that outlives thousands of calls collects nothing.
 *
 * A function in place of a class: private names cannot be made shorter, and the size of clients in a browser counts.
 */
export function openScope(limits: CallLimits, signal: AbortSignal | undefined): CallScope {
  const { timeouts } = limits
  const { chunkMs, totalMs } = timeouts
  const controller = new AbortController()
  const startedAt = performance.now()
  let phase: LLMTimeoutPhase = 'first-chunk'
  let phaseMs = Infinity
  /** Since when the call waits for the server; `undefined` while the reader handles a chunk, and between attempts. */
  let waitingSince: number | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  let pause: typeof timer
  let ending: CallScope['ending']
  let stopWatching: ReturnType<typeof onAbort>
  let reject: (reason: unknown) => void
  const ended = new Promise<never>((_, end) => {
    reject = end
  })
  ended.catch(() => {})

  /** One timer for all limits looks at the clock when it fires, at the latest after `chunkMs`; a chunk costs no timer. */
  const watch = (): void => {
    const now = performance.now()
    const leftMs = startedAt + totalMs - now
    const phaseLeftMs = (waitingSince ?? now) + phaseMs - now
    if (leftMs <= 0) stopAt('total', totalMs)
    else if (phaseLeftMs <= 0) stopAt(phase, phaseMs)
    else timer = setTimeout(watch, Math.min(Math.ceil(Math.min(leftMs, phaseLeftMs, chunkMs)), LONGEST_TIMER_MS))
  }
  const stop = (...how: NonNullable<CallScope['ending']>): void => {
    if (ending) return
    ending = how
    scope.end(false)
  }
  const stopAt = (limit: LLMTimeoutPhase, ms: number): void =>
    stop(`took longer than ${ms} ms (timeout: ${limit})`, { reason: 'timeout', phase: limit })
  const scope: CallScope = {
    limits,
    startedAt,
    attempts: 0,
    firstChunkMs: undefined,
    release: undefined,
    signal: controller.signal,
    get ending() {
      return ending
    },
    beginAttempt() {
      scope.attempts += 1
      phase = 'first-chunk'
      phaseMs = timeouts.firstChunkMs
      waitingSince = performance.now()
      clearTimeout(timer)
      watch()
    },
    waitForChunk() {
      if (phase === 'chunk') waitingSince = performance.now()
    },
    chunkCame() {
      if (ending) throw ending
      if (phase !== 'chunk') {
        phase = 'chunk'
        phaseMs = chunkMs
        scope.firstChunkMs ??= performance.now() - startedAt
      }
      waitingSince = undefined
    },
    async sleep(ms) {
      waitingSince = undefined
      await scope
        .race(
          new Promise<void>((resolve) => {
            pause = setTimeout(resolve, ms)
          }),
        )
        .catch(() => {})
    },
    async race(work) {
      const value = await Promise.race([work, ended])
      // The signal may have aborted before an answer that was ready at once: the abort wins.
      if (ending) throw ending
      return value
    },
    abandon: () => stop('was aborted', { reason: 'aborted' }),
    end(isComplete) {
      clearTimeout(timer)
      clearTimeout(pause)
      stopWatching?.()
      if (isComplete) return
      controller.abort()
      reject(ending)
      scope.release?.()
    },
  }
  stopWatching = signal && onAbort(signal, () => stop('was aborted', { reason: 'aborted', cause: signal.reason }))
  return scope
}
