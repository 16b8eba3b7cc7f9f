/** Milliseconds by one clock for all processes of this machine. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6
}

/** One line of a worker's history. `q` counts the lines' events within the worker; `t` is in milliseconds, by one clock for all processes. */
export type HistoryLine =
  /** The manager said that this name changed at this revision: whoever reads from now on gets it. */
  | { readonly e: 'told'; readonly q: number; readonly t: number; readonly name: string; readonly revision: number }
  /** The process read the log for the first time, or said that the database has another history than the one it knew. */
  | { readonly e: 'met'; readonly q: number; readonly t: number }
  /** A read that began after event `b` gave the value `v`. Written when the value is another one than before, and once after whatever may change it. */
  | {
      readonly e: 'read'
      readonly q: number
      readonly t: number
      readonly b: number
      readonly name: string
      readonly v: string
      /** It was stale, and this process never had this name from anybody who knew. */
      readonly unconfirmed?: boolean
      readonly min?: number
      /** How many histories had been lost when `min` was the newest revision. */
      readonly minHistory?: number
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

/** A value that was committed, by the changelog. */
export interface Write {
  readonly revision: number
  readonly name: string
  readonly v: string
}

/** The end of a history: the database came back without its last commits. */
export interface Loss {
  /** From when on no worker reached the database, and until when. */
  readonly from: number
  readonly to: number
  /** The newest revision that both histories have. */
  readonly kept: number
  readonly lost: readonly Write[]
}

/** What the tables say at the end. */
export interface Truth {
  /** What was committed and is still there. */
  readonly writes: readonly Write[]
  /** In the order in which they happened. */
  readonly losses: readonly Loss[]
  /** By name, what the label points at. */
  readonly labelled: Readonly<Record<string, string>>
}

/** Times during which PostgreSQL was broken for a worker, or for all. */
export interface Outage {
  readonly from: number
  readonly to: number
  readonly worker: number | 'all'
}
