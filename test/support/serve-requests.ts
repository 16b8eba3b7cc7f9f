/** What a worker process can do, by name. Inputs and results travel by structured clone: data, not functions. */
// biome-ignore lint/suspicious/noExplicitAny: a parameter type of `unknown` would refuse every handler that names its own.
export type Handlers = Readonly<Record<string, (...input: any[]) => unknown>>

/** What the parent sends. */
export interface Request {
  readonly id: number
  readonly name: string
  readonly input: readonly unknown[]
}

/** What the worker process sends back. */
export type Answer = { readonly id: number; readonly value: unknown } | { readonly id: number; readonly error: Error }

/**
 * Answers the parent's requests in a worker process, started by `spawnWorker`.
 *
 * Call it once, when everything is ready. It keeps the process alive until the parent ends the conversation.
 */
export function serveRequests(handlers: Handlers): void {
  process.on('message', async ({ id, name, input }: Request) => {
    let answer: Answer
    try {
      const handler = handlers[name]
      if (!handler) throw new Error(`This worker process has no handler "${name}".`)
      answer = { id, value: await handler(...input) }
    } catch (error) {
      answer = { id, error: cloneable(error) }
    }
    process.send?.(answer)
  })
  process.send?.({ id: 0, value: 'ready' } satisfies Answer)
}

/** An error that survives structured clone with its name and code; classes and extra fields do not. */
function cloneable(error: unknown): Error {
  const message = error instanceof Error ? error.message : String(error)
  const copy = new Error(message, {
    cause: error instanceof Error ? { name: error.name, code: (error as { code?: unknown }).code } : undefined,
  })
  if (error instanceof Error && error.stack) copy.stack = error.stack
  return copy
}
