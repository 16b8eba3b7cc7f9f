/** Calls of a transaction's repositories that have not ended yet. */
export class UnfinishedCalls {
  readonly #open = new Map<Promise<unknown>, string>()

  /** What was called and has not ended: `prompts.create`. */
  get names(): readonly string[] {
    return [...this.#open.values()]
  }

  /**
   * The same repositories with their calls counted. A call that fails without being awaited causes no unhandled rejection; a caller that
   * awaits it still gets the error.
   */
  watch<Repositories extends object>(repositories: Repositories): Repositories {
    const watched = Object.entries(repositories).map(([name, part]) => [name, this.#watched(part, name)])
    return Object.fromEntries(watched) as Repositories
  }

  /** Resolves when all have ended, well or not, and those that they began as well. */
  async ended(): Promise<void> {
    while (this.#open.size > 0) await Promise.allSettled(this.#open.keys())
  }

  #watched(part: unknown, name: string): unknown {
    // Such as of(kind), which gives a repository.
    if (typeof part === 'function') return (...args: unknown[]) => this.#watched(part(...args), name)
    if (typeof part !== 'object' || part === null) return part
    return new Proxy(part, {
      get: (repository, key) => {
        const member: unknown = Reflect.get(repository, key, repository)
        if (typeof member !== 'function') return member
        return (...args: unknown[]) => this.#note(member.apply(repository, args), `${name}.${String(key)}`)
      },
    })
  }

  #note(result: unknown, name: string): unknown {
    if (!(result instanceof Promise)) return result
    this.#open.set(result, name)
    const end = () => void this.#open.delete(result)
    // Attached first, so that the call is removed here before the caller's own `await` goes on.
    result.then(end, end)
    return result
  }
}
