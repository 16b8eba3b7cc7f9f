/**
 * Which database this process works with. Every part that writes the name into a key, a message or a file takes it from here.
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

  /** The database's name for itself, assumed or confirmed; `undefined` while it is unknown. */
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

  /** Takes the name that a snapshot file or Redis has. Ignored once a name is assumed or confirmed. */
  assume(name: string): void {
    if (this.#name !== undefined) return
    this.#name = name
    this.#tell(name)
  }

  /** Takes the name that the database itself gave. */
  confirm(name: string): void {
    this.#name = name
    this.#isConfirmed = true
    this.#tell(name)
  }

  /** Calls the listener each time a name is taken, in the same tick, after the state has changed. */
  onNamed(listener: (name: string) => void): void {
    this.#listeners.push(listener)
  }

  #tell(name: string): void {
    for (const listener of this.#listeners) listener(name)
  }
}
