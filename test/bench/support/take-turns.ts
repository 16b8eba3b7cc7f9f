export interface TurnsOptions {
  /** Rounds that count; each gives one figure for each contender, and the median of them is kept. */
  readonly rounds: number
  /** Rounds before those, for the compiler, the pools and the plan caches. */
  readonly warmUpRounds: number
  /** Least length of one turn, in milliseconds. @default 0: each turn is one call */
  readonly turnMs?: number
}

/** One turn's work; gives how many results it consumed. With `prepare`, what has to happen before each turn and does not count. */
export type Contender = Turn | { readonly prepare: () => Promise<unknown> | unknown; readonly run: Turn }

type Turn = () => number | Promise<number>

/**
 * Results per second of each contender, taking turns in one process, so that whatever slows the machine down slows all of them. The order
 * changes from round to round: nobody always runs after the same neighbour.
 */
export async function takeTurns<Name extends string>(
  contenders: Readonly<Record<Name, Contender>>,
  { rounds, warmUpRounds, turnMs = 0 }: TurnsOptions,
): Promise<Record<Name, number>> {
  const names = Object.keys(contenders) as Name[]
  const rates = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<Name, number[]>
  for (let round = -warmUpRounds; round < rounds; round++) {
    for (let place = 0; place < names.length; place++) {
      const name = names[(place + round + warmUpRounds) % names.length]!
      const contender = contenders[name]
      if (typeof contender !== 'function') await contender.prepare()
      const rate = await rateOf(typeof contender === 'function' ? contender : contender.run, turnMs)
      if (round >= 0) rates[name].push(rate)
    }
  }
  return Object.fromEntries(names.map((name) => [name, median(rates[name])])) as Record<Name, number>
}

async function rateOf(turn: Turn, turnMs: number): Promise<number> {
  const start = performance.now()
  let results = 0
  do {
    const done = turn()
    results += typeof done === 'number' ? done : await done
  } while (performance.now() - start < turnMs)
  return (results / (performance.now() - start)) * 1_000
}

export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((left, right) => left - right)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}
