/** A frame that takes longer than this is not waited for. */
const MOST_MS = 200

/** Runs something once the browser has painted what it has; at once in a tab that nobody sees, which is not painted. */
export function afterFirstPaint(work: () => void): void {
  let isDue = true
  const run = (): void => {
    if (isDue) work()
    isDue = false
  }
  if (document.hidden) run()
  // A frame is painted after its callbacks, and before the next task.
  requestAnimationFrame(() => setTimeout(run))
  setTimeout(run, MOST_MS)
}
