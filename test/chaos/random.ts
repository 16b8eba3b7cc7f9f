/** Random numbers that a seed repeats (mulberry32). Good enough to shuffle faults; no statistics are drawn from it. */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** From 0 up to 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }

  between(low: number, high: number): number {
    return low + this.next() * (high - low)
  }

  /** A whole number from 0 up to `end`, without it. */
  below(end: number): number {
    return Math.floor(this.next() * end)
  }

  shuffled<Value>(values: readonly Value[]): Value[] {
    const copy = [...values]
    for (let place = copy.length - 1; place > 0; place--) {
      const other = this.below(place + 1)
      ;[copy[place], copy[other]] = [copy[other] as Value, copy[place] as Value]
    }
    return copy
  }
}
