/**
 * Waits for `work`, but no longer than `ms` milliseconds; then rejects with what `onTimeout` makes. The work itself goes on: a late
 * rejection of it is swallowed, so that it never counts as unhandled.
 */
export function withDeadline<Value>(work: Promise<Value>, ms: number, onTimeout: () => Error): Promise<Value> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(onTimeout()), ms)
    work.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
