/** A map from event name to listener. */
export type EventMap<Map> = { [Name in keyof Map]: (event: never) => void }

type Payload<Listener> = Listener extends (event: infer Event) => void ? Event : never
type Listeners = Set<(event: unknown) => void>

/**
 * Typed events whose listeners cannot hurt the one who emits: what a listener throws, or rejects with, goes to
 * `onListenerError` and nowhere else.
 */
export class Events<Names extends EventMap<Names>> {
  readonly #listeners = new Map<string, Listeners>()
  readonly #onListenerError: (error: unknown, name: string) => void

  constructor(onListenerError: (error: unknown, name: string) => void) {
    this.#onListenerError = onListenerError
  }

  /** @returns the function that stops listening */
  on<Name extends keyof Names & string>(name: Name, listener: Names[Name]): () => void {
    const guarded = (event: unknown) => {
      try {
        const result: unknown = (listener as unknown as (event: unknown) => unknown)(event)
        if (result instanceof Promise) result.catch((error: unknown) => this.#onListenerError(error, name))
      } catch (error) {
        this.#onListenerError(error, name)
      }
    }
    const listeners = this.#listeners.get(name) ?? new Set()
    this.#listeners.set(name, listeners.add(guarded))
    return () => void listeners.delete(guarded)
  }

  emit<Name extends keyof Names & string>(name: Name, event: Payload<Names[Name]>): void {
    // A copy: who is added by a listener hears of the next event, and who is taken away still hears of this one.
    for (const listener of [...(this.#listeners.get(name) ?? [])]) listener(event)
  }

  has(name: keyof Names & string): boolean {
    return (this.#listeners.get(name)?.size ?? 0) > 0
  }

  removeAll(): void {
    this.#listeners.clear()
  }
}
