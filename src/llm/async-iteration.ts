/**
 * Values one by one out of a generator of batches, with a `return()` (leaving a loop) that takes effect at once.
 *
 * A generator's own `return()` queues behind a step that still waits for the server; `onLeave` ends that wait first.
 * Values of one batch are given out without going through the generator again, which costs three times as much.
 *
 * @param generate begins at the first step; it hands over what to do when the reader leaves
 */
export function leavable<Value>(
  generate: (onLeave: (leave: () => void) => void) => AsyncGenerator<readonly Value[], void, undefined>,
): AsyncIterableIterator<Value> {
  let leave = (): void => {}
  const batches = generate((how) => {
    leave = how
  })
  const queue: Value[] = []
  let at = 0
  return {
    [Symbol.asyncIterator]() {
      return this
    },
    async next() {
      while (at === queue.length) {
        queue.length = at = 0
        const step = await batches.next()
        if (step.done) return step
        queue.push(...step.value)
      }
      return { done: false, value: queue[at++] as Value }
    },
    async return() {
      leave()
      queue.length = at = 0
      await batches.return()
      return { done: true, value: undefined }
    },
  }
}
