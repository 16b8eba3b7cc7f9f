import type { OpenFeatureEmitter, OpenFeatureEventContext, OpenFeatureHandler, OpenFeatureLogger } from './openfeature-types.js'

/** The events of one provider. What a handler throws or rejects with goes to the SDK's logger and no further. */
export class ProviderEvents implements OpenFeatureEmitter {
  readonly #handlers = new Map<string, OpenFeatureHandler[]>()
  #logger: OpenFeatureLogger | undefined

  emit(event: string, context: OpenFeatureEventContext = {}): void {
    for (const handler of this.getHandlers(event)) void this.#call(handler, context)
  }

  addHandler(event: string, handler: OpenFeatureHandler): void {
    this.#handlers.set(event, [...this.getHandlers(event), handler])
  }

  /** Removes a handler once: one that was added twice stays until it is removed twice. */
  removeHandler(event: string, handler: OpenFeatureHandler): void {
    const handlers = this.getHandlers(event)
    const index = handlers.lastIndexOf(handler)
    if (index >= 0) this.#handlers.set(event, handlers.toSpliced(index, 1))
  }

  removeAllHandlers(event?: string): void {
    if (event === undefined) this.#handlers.clear()
    else this.#handlers.delete(event)
  }

  getHandlers(event: string): OpenFeatureHandler[] {
    return [...(this.#handlers.get(event) ?? [])]
  }

  setLogger(logger: OpenFeatureLogger): this {
    this.#logger = logger
    return this
  }

  async #call(handler: OpenFeatureHandler, context: OpenFeatureEventContext): Promise<void> {
    try {
      await handler(context)
    } catch (error) {
      this.#logger?.error('A handler of an OpenFeature event failed:', error)
    }
  }
}
