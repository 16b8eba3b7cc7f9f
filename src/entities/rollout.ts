import type { LabelledKind } from './config-kind.js'
import type { Guard } from './guard.js'

export type RolloutStatus = 'running' | 'paused' | 'concluded'

/** One of the versions that subjects are split over. */
export interface RolloutArm {
  readonly version: number
  /** This arm's share, relative to the sum of all weights. 0 gives it to nobody. */
  readonly weight: number
}

/** From a moment on, how many subjects the rollout covers. */
export interface RolloutStep {
  /** Milliseconds since 1970, UTC. */
  readonly atMs: number
  /** Hundredths of a percent, 0…10000. */
  readonly coverageBasisPoints: number
}

/** Conditions on a read's `attributes`: `{ plan: 'pro', age: { $gte: 18 } }`. */
export type RolloutConditions = { readonly [key: string]: unknown }

/** Gives some readers of a label other versions, by their subject. */
export interface Rollout {
  /** Also the salt of every split, so that two rollouts split the same subjects independently. */
  readonly id: string
  readonly kind: LabelledKind
  readonly project: string
  readonly name: string
  readonly label: string
  /** In the order they were started with; a ramp changes weights, not versions. */
  readonly arms: readonly RolloutArm[]
  /** Subjects the rollout covers, in hundredths of a percent, 0…10000; the others get the label's own version. */
  readonly coverageBasisPoints: number
  /** The same in percent. */
  readonly coverage: number
  /** Whether arms are remembered per subject, so that new weights move nobody. */
  readonly sticky: boolean
  /** Subjects that always get one version, by subject. */
  readonly forced?: { readonly [subject: string]: number }
  /** Conditions on the attributes of subjects that may take part; absent: all may. */
  readonly when?: RolloutConditions
  /** Coverage that changes by itself, earliest step first; a manual ramp removes it. */
  readonly schedule?: readonly RolloutStep[]
  readonly status: RolloutStatus
  /** The version that a concluded rollout promoted, if it did. */
  readonly winner?: number
  /** Whether exposures are also written to a table. */
  readonly recordExposures: boolean
  /** The guard that watches it; absent: none. */
  readonly guard?: Guard
  /** `false`: a subject without a stored arm gets the label's own version. Only for sticky rollouts. */
  readonly enrol?: false
  readonly createdBy: string | null
  /** ISO 8601, UTC. */
  readonly createdAt: string
}
