/** What to do when a caller's signal aborts. The set itself is the one listener of the signal. */
class AbortActions extends Set<() => void> {
  handleEvent(): void {
    for (const action of [...this]) action()
  }
}

const watched = new WeakMap<AbortSignal, AbortActions>()

/**
 * Does something when a signal aborts, at once if it has, with one listener for any number of calls that share the signal.
 *
 * Node prints a warning at the eleventh listener of one signal, and a server with one signal for its shutdown has
 * thousands of calls under way.
 *
 * @returns the function that stops watching; with the last watcher the listener goes
 */
export function onAbort(signal: AbortSignal, action: () => void): (() => void) | undefined {
  if (signal.aborted) {
    action()
    return undefined
  }
  const actions = watched.get(signal) ?? new AbortActions()
  if (actions.size === 0) {
    watched.set(signal, actions)
    // Once: it does not stay on a signal that has aborted, whatever its watchers do.
    signal.addEventListener('abort', actions, { once: true })
  }
  actions.add(action)
  return () => {
    actions.delete(action)
    if (actions.size === 0) signal.removeEventListener('abort', actions)
  }
}
