import { onAbort } from '../llm/shared-abort.js'

/** How long an aborted run waits for work that goes on. */
export interface Patience {
  /** How long the work may take to end by itself, in milliseconds. */
  readonly graceMs: number
  /** What is thrown when it does not. */
  readonly toError: (reason: unknown) => unknown
}

const NONE: Patience = { graceMs: 0, toError: (reason) => reason }

/**
 * Settles as the work does, or rejects when the run is aborted: a tool, a manager or a client of the host may never look at the signal.
 *
 * @param patience for work that mostly ends by itself, with a better error; without it, the signal's reason is thrown at once
 */
export function untilAborted<Value>(work: Promise<Value>, signal: AbortSignal | undefined, patience = NONE): Promise<Value> {
  if (signal === undefined) return work
  const { graceMs, toError } = patience
  return new Promise((resolve, reject) => {
    let timer: ReturnType<typeof setTimeout> | undefined
    const leave = (): void => reject(toError(signal.reason))
    const stopWatching = onAbort(signal, () => {
      if (graceMs === 0) leave()
      else timer = setTimeout(leave, graceMs)
    })
    void work.then(resolve, reject).finally(() => {
      clearTimeout(timer)
      stopWatching?.()
    })
  })
}
