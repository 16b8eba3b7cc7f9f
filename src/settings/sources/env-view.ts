import type { Variable } from './variable.js'

/** The environment as it was last read: which variables matter, and whether one of them changed since. */
export class EnvView {
  readonly #env: Readonly<Record<string, string | undefined>>
  readonly #isRelevant: (name: string) => boolean
  readonly #relevant = new Map<string, boolean>()
  readonly #asked = new Map<string, string | undefined>()
  #read: readonly string[] = []

  constructor(env: Readonly<Record<string, string | undefined>>, isRelevant: (name: string) => boolean) {
    this.#env = env
    this.#isRelevant = isRelevant
  }

  /** One variable by name; remembered, because a change of it changes the settings. */
  get(name: string): string | undefined {
    const value = Object.hasOwn(this.#env, name) ? this.#env[name] : undefined
    this.#asked.set(name, value)
    return value
  }

  /** Every variable that says a setting. */
  variables(folder: string): readonly Variable[] {
    this.#asked.clear()
    this.#read = this.#pairs()
    const found: Variable[] = []
    for (let at = 0; at < this.#read.length; at += 2) {
      const name = this.#read[at] ?? ''
      found.push({ name, text: this.#read[at + 1] ?? '', shown: name, folder })
    }
    return found
  }

  hasChanged(): boolean {
    for (const [name, value] of this.#asked) if (value !== (Object.hasOwn(this.#env, name) ? this.#env[name] : undefined)) return true
    const now = this.#pairs()
    return now.length !== this.#read.length || now.some((text, index) => text !== this.#read[index])
  }

  /** Everything that was read, to tell one broken state from another. */
  get content(): string {
    return this.#read.join('\0')
  }

  /** Names and values in turn: one flat list is compared faster than a map. */
  #pairs(): string[] {
    const pairs: string[] = []
    for (const name of Object.keys(this.#env)) {
      let isRelevant = this.#relevant.get(name)
      if (isRelevant === undefined) {
        isRelevant = this.#isRelevant(name)
        this.#relevant.set(name, isRelevant)
      }
      const value = isRelevant ? this.#env[name] : undefined
      if (value !== undefined) pairs.push(name, value)
    }
    return pairs
  }
}
