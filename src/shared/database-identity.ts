/**
 * Which database this process works with. Every part that names it, in a key, a message or a file, asks here.
 *
 * | from | by | to |
 * | --- | --- | --- |
 * | unknown | `assume()`: a snapshot file or Redis names one | assumed |
 * | unknown, assumed, confirmed | `confirm()`: the database has said so itself, at every read of its log | confirmed |
 *
 * What was assumed first stays until the database is asked. A database that is copied has another name, so a confirmed one may change.
 */
export class DatabaseIdentity {
  #name: string | undefined
  #isConfirmed = false
  readonly #listeners: ((name: string) => void)[] = []

  /** What the database calls itself, assumed or confirmed; `undefined` while that is unknown. */
  get name(): string | undefined {
    return this.#name
  }

  /** The same, once the database has said so itself. */
  get confirmedName(): string | undefined {
    return this.#isConfirmed ? this.#name : undefined
  }

  get isConfirmed(): boolean {
    return this.#isConfirmed
  }

  /** A snapshot file or Redis says what the database calls itself. Ignored once a name is assumed or confirmed. */
  assume(name: string): void {
    if (this.#name !== undefined) return
    this.#name = name
    this.#tell(name)
  }

  /** The database itself says it. */
  confirm(name: string): void {
    this.#name = name
    this.#isConfirmed = true
    this.#tell(name)
  }

  /** Told in the tick in which the database is named, each time; the state is the new one by then. */
  onNamed(listener: (name: string) => void): void {
    this.#listeners.push(listener)
  }

  #tell(name: string): void {
    for (const listener of this.#listeners) listener(name)
  }
}
