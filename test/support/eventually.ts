import { setTimeout as sleep } from 'node:timers/promises'

/** How long and how often `eventually` looks. */
export interface EventuallyOptions {
  /** When to give up, in milliseconds. A limit for a broken run, never the promise under test. @default 30_000 */
  readonly timeoutMs?: number
  /** Pause between two looks, in milliseconds. @default 10 */
  readonly everyMs?: number
}

/**
 * Repeats a check until it neither throws nor gives `false`, and resolves with what it gave.
 *
 * For what another process or a server brings about in its own time.
 *
 * @throws what the check threw last, when the time is over
 */
export async function eventually<T>(check: () => T | Promise<T>, options: EventuallyOptions = {}): Promise<T> {
  const { timeoutMs = 30_000, everyMs = 10 } = options
  const deadline = Date.now() + timeoutMs
  for (;;) {
    let failure: unknown
    try {
      const value = await check()
      if (value !== false) return value
      failure = new Error(`The check was still false after ${timeoutMs} ms: ${check}`)
    } catch (error) {
      failure = error
    }
    if (Date.now() >= deadline) throw failure
    await sleep(everyMs)
  }
}
