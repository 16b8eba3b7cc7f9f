/** A map from event name to listener. */
export type EventMap<Listeners> = { [Name in keyof Listeners]: (event: never) => void }

type Payload<Listener> = Listener extends (event: infer Event) => void ? Event : never

/**
 * Typed events whose listeners cannot break the emitter: what a listener throws, or rejects with, goes to
 * `onListenerError` and nowhere else.
 */
export class Events<Listeners extends EventMap<Listeners>> {
  readonly #guarded = new Map<string, Set<(event: unknown) => void>>()
  readonly #onListenerError: (error: unknown, name: string) => void

  constructor(onListenerError: (error: unknown, name: string) => void) {
    this.#onListenerError = onListenerError
  }

  /** @returns the function that stops listening */
  on<Name extends keyof Listeners & string>(name: Name, listener: Listeners[Name]): () => void {
    const guarded = (event: unknown) => {
      try {
        const result: unknown = (listener as unknown as (event: unknown) => unknown)(event)
        if (result instanceof Promise) result.catch((error: unknown) => this.#onListenerError(error, name))
      } catch (error) {
        this.#onListenerError(error, name)
      }
    }
    const others = this.#guarded.get(name)
    if (others) others.add(guarded)
    else this.#guarded.set(name, new Set([guarded]))
    return () => void this.#guarded.get(name)?.delete(guarded)
  }

  emit<Name extends keyof Listeners & string>(name: Name, event: Payload<Listeners[Name]>): void {
    // A copy: who comes or goes while an event is told does not change who hears it.
    for (const tell of [...(this.#guarded.get(name) ?? [])]) tell(event)
  }

  has(name: keyof Listeners & string): boolean {
    return (this.#guarded.get(name)?.size ?? 0) > 0
  }

  removeAll(): void {
    this.#guarded.clear()
  }
}
