/** One line of a worker's history. `q` counts the lines' events within the worker; `t` is in milliseconds, by one clock for all processes. */
export type HistoryLine =
  /** The manager said that this name changed at this revision: whoever reads from now on gets it. */
  | { readonly e: 'told'; readonly q: number; readonly t: number; readonly name: string; readonly revision: number }
  /** A read that began after event `b` gave the value `v`. Written when the value is another one than before, and once after whatever may change it. */
  | {
      readonly e: 'read'
      readonly q: number
      readonly t: number
      readonly b: number
      readonly name: string
      readonly v: string
      readonly min?: number
    }
  /** A write was acknowledged. */
  | {
      readonly e: 'ack'
      readonly q: number
      readonly t: number
      readonly names: readonly string[]
      readonly v: string
      readonly revision: number
    }
  /** A write was rejected. */
  | { readonly e: 'refused'; readonly t: number; readonly v: string; readonly outcome: string; readonly error: string }
  /** A read took longer than `readMs`; `lag` is how late the event loop itself was meanwhile. */
  | { readonly e: 'slow'; readonly t: number; readonly ms: number; readonly lag: number }
  /** A read failed with something else than "the store is unavailable", or gave nothing where there is something. */
  | { readonly e: 'odd'; readonly t: number; readonly what: string }
  /** Counters since the process started, written now and then. */
  | { readonly e: 'count'; readonly t: number; readonly counts: Readonly<Record<string, number>> }
  /** What is shown at the end, when everything works again. */
  | { readonly e: 'last'; readonly t: number; readonly values: Readonly<Record<string, string>> }

/** What the tables say at the end: for each value that was ever committed, its revision and names. */
export interface Truth {
  readonly writes: readonly { readonly revision: number; readonly name: string; readonly v: string }[]
  /** By name, what the label points at. */
  readonly labelled: Readonly<Record<string, string>>
}

/** Times during which PostgreSQL was broken for a worker, or for all. */
export interface Outage {
  readonly from: number
  readonly to: number
  readonly worker: number | 'all'
}
