import type { LLMError } from '../shared/errors.js'
import type { CallScope } from './call-scope.js'

/** Statuses after which the same request may succeed: 498 is Groq's, 520 to 524 are Cloudflare's. 500 is judged by its text. */
const RETRYABLE_STATUSES: readonly number[] = [408, 409, 425, 429, 498, 502, 503, 504, 520, 521, 522, 523, 524, 529]

const FIRST_PAUSE_MS = 500
const LONGEST_PAUSE_MS = 8_000
/** When a server asks for a longer pause than this, the call fails at once with `retryAfterMs`. */
const LONGEST_RETRY_AFTER_MS = 60_000

/** Whether a status alone says that the request may be sent again. */
export function isRetryableStatus(status: number): boolean {
  return RETRYABLE_STATUSES.includes(status)
}

/**
 * How long a server asks to wait, in milliseconds. `Retry-After` holds seconds or a date; OpenAI and Azure say it to the
 * millisecond in a header of their own.
 *
 * @see RFC 9110, section 10.2.3
 */
export function retryAfterOf(headers: { get(name: string): string | null }): number | undefined {
  const header = headers.get('retry-after')
  const ms = Number(headers.get('retry-after-ms')) || Number(header) * 1_000 || Date.parse(header ?? '') - Date.now()
  return Number.isNaN(ms) ? undefined : Math.max(0, Math.ceil(ms))
}

/**
 * Runs a request until it succeeds, fails for good, or was sent `maxRetries + 1` times.
 *
 * The pause before retry n is 0.5 s · 2^n up to 8 s, less up to a quarter so that workers do not come back all at
 * once; a server's own Retry-After goes first. The pause ends when the call does.
 *
 * @param attempt rejects with what `toError` makes an `LLMError` of, whose `retryable` decides
 */
export async function withRetries<Value>(
  scope: CallScope,
  attempt: () => Promise<Value>,
  toError: (error: unknown) => LLMError,
): Promise<Value> {
  for (let retry = 0; ; retry += 1) {
    if (scope.ending) throw toError(undefined)
    scope.beginAttempt()
    try {
      return await attempt()
    } catch (cause) {
      const error = toError(cause)
      const pauseMs = error.retryAfterMs ?? Math.min(FIRST_PAUSE_MS * 2 ** retry, LONGEST_PAUSE_MS) * (1 - Math.random() / 4)
      if (!error.retryable || scope.ending || retry >= scope.limits.maxRetries || pauseMs > LONGEST_RETRY_AFTER_MS) throw error
      await scope.sleep(pauseMs)
    }
  }
}
