/** In which order loads began: answers come in any order, and an older one must not take the place of a newer one. */
export class LoadOrder {
  #turn = 0
  readonly #begun = new Map<string, number>()
  readonly #landed = new Map<string, number>()

  /** @param name of the one row that is loaded; none for a page of them */
  begin(name?: string): number {
    this.#turn++
    if (name !== undefined) this.#begun.set(name, this.#turn)
    return this.#turn
  }

  /** Whether an answer may be shown: no load of the same that began later has been. */
  land(name: string, turn: number): boolean {
    if ((this.#landed.get(name) ?? 0) > turn) return false
    this.#landed.set(name, turn)
    return true
  }

  /** Rows whose load began after that turn: a page that was asked for before may have them as they were. */
  heardSince(turn: number): readonly string[] {
    return [...this.#begun].filter(([, begun]) => begun > turn).map(([name]) => name)
  }
}
