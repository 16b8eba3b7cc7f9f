/** A metric that a guard watches. */
export interface GuardMetric {
  readonly name: string
  /** For `slow`: a run that took longer than this many milliseconds is a bad one. */
  readonly overMs?: number
}

/** The metrics in which a rollout's candidate is watched, and what happens when it is worse. */
export interface Guard {
  readonly metrics: readonly GuardMetric[]
  /** The probability of a false alarm over the rollout's whole life, all metrics together. */
  readonly alpha: number
  /** `pause` gives everybody the label's own version again; `notify` only reports it. */
  readonly action: 'pause' | 'notify'
  /** How long a normal outcome may take, in milliseconds: subjects exposed later than this ago do not count yet. */
  readonly settleMs: number
  /** The control's place among the arms: the arm of the label's own version. */
  readonly control: number
  /** Whether it has paused the rollout on the evidence that is there; only `resume` with `acknowledge: true` goes on. */
  readonly acted?: true
  /** How often the rollout was resumed after the guard had acted. Each time the evidence began anew, at the price of another `alpha`. */
  readonly acknowledged: number
  /** `alpha` for the start and for each acknowledgement. */
  readonly alphaSpent: number
  /** When the evidence began, by the clock of the database. ISO 8601, UTC. */
  readonly since: string
}

/** `too-early`: with so few subjects not even the worst outcome of all of them would be enough, or the sample ratio is off. */
export type GuardVerdict = 'ok' | 'worse' | 'too-early'

/** The evidence and verdict of one guarded metric. */
export interface GuardFinding {
  readonly metric: string
  /** How much more the outcomes speak for "worse" than for "no worse"; `Infinity` beyond 1e308. */
  readonly evidence: number
  /** The evidence at which the guard acts: the number of metrics divided by alpha. */
  readonly threshold: number
  readonly verdict: GuardVerdict
}

/** One metric of one arm: `bad` with its share, or `mean` where outcomes had values. Intervals hold at every look, with 95 %. */
export interface MetricReport {
  readonly bad?: number
  readonly share?: number
  readonly mean?: number
  /** Of the share, or else of the mean; absent for a mean of fewer than 100 subjects. */
  readonly interval?: readonly [low: number, high: number]
  /** Milliseconds from the exposure to the outcome: half of them, and 95 % of them, came sooner. Absent where there is none. */
  readonly reportedAfterMs?: { readonly median: number; readonly p95: number }
}

export interface ArmReport {
  readonly version: number
  /** Subjects that count: settled, seen on this arm only, not forced, first exposed after `since`. */
  readonly subjects: number
  readonly metrics: Readonly<Record<string, MetricReport>>
}

/** What the outcomes of a rollout say, as of one moment. */
export interface RolloutReport {
  readonly rolloutId: string
  /** In the order of the rollout's arms. */
  readonly arms: readonly ArmReport[]
  /** Whether the arms get the subjects they should. `p` is Pearson's, for one look; `ok` is safe to look at again and again. */
  readonly ratio: { readonly expected: readonly number[]; readonly observed: readonly number[]; readonly p: number; readonly ok: boolean }
  /** Empty without a guard, and once the label has left the control. */
  readonly guard: readonly GuardFinding[]
  /** When the evidence began. ISO 8601, UTC. */
  readonly since: string
  /** When it was read, by the clock of the database. ISO 8601, UTC. */
  readonly until: string
}
