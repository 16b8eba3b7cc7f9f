import { EventEmitter } from 'eventemitter3'

/** A map from event name to listener. */
export type EventMap<Map> = { [Name in keyof Map]: (event: never) => void }

type Payload<Listener> = Listener extends (event: infer Event) => void ? Event : never

/**
 * Typed events whose listeners cannot break the emitter: what a listener throws, or rejects with, goes to
 * `onListenerError` and nowhere else.
 */
export class Events<Map extends EventMap<Map>> {
  readonly #emitter = new EventEmitter()
  readonly #onListenerError: (error: unknown, name: string) => void

  constructor(onListenerError: (error: unknown, name: string) => void) {
    this.#onListenerError = onListenerError
  }

  /** @returns the function that stops listening */
  on<Name extends keyof Map & string>(name: Name, listener: Map[Name]): () => void {
    const guarded = (event: unknown) => {
      try {
        const result: unknown = (listener as unknown as (event: unknown) => unknown)(event)
        if (result instanceof Promise) result.catch((error: unknown) => this.#onListenerError(error, name))
      } catch (error) {
        this.#onListenerError(error, name)
      }
    }
    this.#emitter.on(name, guarded)
    return () => void this.#emitter.off(name, guarded)
  }

  emit<Name extends keyof Map & string>(name: Name, event: Payload<Map[Name]>): void {
    this.#emitter.emit(name, event)
  }

  has(name: keyof Map & string): boolean {
    return this.#emitter.listenerCount(name) > 0
  }

  removeAll(): void {
    this.#emitter.removeAllListeners()
  }
}
