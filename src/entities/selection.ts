/**
 * Why a read got its version.
 *
 * - `label`: the label's own version; with a `rolloutId`, because the subject is not among those the rollout covers.
 * - `split`: the rollout covers the subject and gave it an arm.
 * - `forced`: the rollout names the subject.
 * - `version`: the read asked for a version by number.
 * - `no-subject`: a rollout runs, but the read names no subject.
 * - `paused`: the rollout is paused, everybody gets the label's own version.
 * - `condition`: the rollout's conditions do not hold for the read's attributes.
 */
export type SelectionReason = 'split' | 'label' | 'forced' | 'version' | 'no-subject' | 'paused' | 'condition'

/** Which version a read got, and why. */
export interface Selection {
  /** The label that was asked for. */
  readonly label: string
  readonly version: number
  /** The running or paused rollout on that label. */
  readonly rolloutId?: string
  /** The arm's place in the rollout's `arms`, counted from 0; there for `split` and `forced`. */
  readonly arm?: number
  readonly reason: SelectionReason
}
