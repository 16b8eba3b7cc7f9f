import type { Loss, Truth, Write } from './history.js'

/** A value that was committed, and the histories whose log has it: a history is what a database says between two losses. */
export interface Committed extends Write {
  /** The first history that has it: how many losses came before. */
  readonly since: number
  /** The last history that has it; `Infinity` when it was never lost. */
  readonly until: number
}

/** Everything that was ever committed, lost or not. */
export class CommittedValues {
  /** Values of a name that were written more than once. */
  readonly twice: string[] = []
  readonly #losses: readonly Loss[]
  readonly #all: Committed[] = []
  readonly #byKey = new Map<string, Committed>()
  /** By value, the last history that has it. */
  readonly #until = new Map<string, number>()
  readonly #orders = new Map<number, Order>()

  constructor({ writes, losses }: Truth) {
    this.#losses = losses
    losses.forEach(({ lost }, until) => {
      for (const write of lost) this.#add(write, until)
    })
    for (const write of writes) this.#add(write, Number.POSITIVE_INFINITY)
  }

  find(name: string, v: string): Committed | undefined {
    return this.#byKey.get(`${name} ${v}`)
  }

  /** Whether the log of a history has it, or that of a later one. */
  isWritten(v: string, history: number): boolean {
    return (this.#until.get(v) ?? -1) >= history
  }

  /** The history that a database which answers at this time has. */
  historyAt(t: number): number {
    return this.#losses.filter(({ to }) => to <= t).length
  }

  /** The newest revision that two histories and all between them have; `Infinity` for one and the same. */
  keptBetween(history: number, later: number): number {
    return Math.min(...this.#losses.slice(history, later).map(({ kept }) => kept))
  }

  /** The order of what was committed in one history. */
  order(history: number): Order {
    let order = this.#orders.get(history)
    if (!order) {
      order = new Order(this.#all.filter(({ since, until }) => since <= history && history <= until))
      this.#orders.set(history, order)
    }
    return order
  }

  #add(write: Write, until: number): void {
    // What stands above the newest revision that a loss kept was written after it.
    const since = this.#losses.findLastIndex(({ kept }, place) => place < until && kept < write.revision) + 1
    const committed = { ...write, since, until }
    const key = `${write.name} ${write.v}`
    if (this.#byKey.has(key)) this.twice.push(key)
    this.#byKey.set(key, committed)
    this.#all.push(committed)
    this.#until.set(write.v, Math.max(until, this.#until.get(write.v) ?? 0))
  }
}

/** The changes of one history. */
export class Order {
  readonly #byName = new Map<string, number[]>()
  readonly #names = new Map<number, string[]>()

  constructor(writes: readonly Write[]) {
    for (const { revision, name } of [...writes].sort((one, other) => one.revision - other.revision)) {
      push(this.#byName, name, revision)
      push(this.#names, revision, name)
    }
  }

  /** The last change of a name up to a revision. */
  lastUpTo(name: string, revision: number): number {
    return this.#byName.get(name)?.findLast((own) => own <= revision) ?? 0
  }

  /** For each name that was ever changed together with this one, the last time up to a revision. */
  togetherWith(name: string, revision: number): ReadonlyMap<string, number> {
    const found = new Map<string, number>()
    const own = this.#byName.get(name) ?? []
    for (let place = own.findLastIndex((at) => at <= revision); place >= 0 && found.size === 0; place--)
      for (const other of this.#names.get(own[place]!) ?? []) if (other !== name) found.set(other, own[place]!)
    return found
  }
}

export function push<Key, Value>(groups: Map<Key, Value[]>, key: Key, value: Value): void {
  const group = groups.get(key)
  if (group) group.push(value)
  else groups.set(key, [value])
}
