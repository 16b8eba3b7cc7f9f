import { logBeta, logBetaAbove } from './log-functions.js'

/** How firmly the prior stands around the designed share: as if this many events had been seen. */
export const PRIOR_STRENGTH = 10

/** Of all subjects that had a first bad event, how many were the candidate's. */
export interface BadEvents {
  /** First bad events of the candidate's subjects. */
  readonly bad: number
  /** First bad events of both arms. */
  readonly total: number
  /** The candidate's designed share of the exposed subjects while these were exposed, between 0 and 1. */
  readonly theta: number
}

/**
 * How much more the events speak for "the candidate is worse" than for "no worse", as a natural logarithm.
 *
 * If the candidate is no worse, each bad event falls on it with probability at most θ. The alternative is a Beta(kθ, k(1−θ))
 * distribution over that probability, cut to (θ, 1):
 *
 *     E = B(a+b, c+N−b) / B(a, c) · [1 − I_θ(a+b, c+N−b)] / [1 − I_θ(a, c)] / (θ^b (1−θ)^(N−b)),   a = kθ, c = k(1−θ)
 *
 * Under "no worse" E is expected to be 1 at most after every event, so by Ville's inequality it ever reaches 1/α with probability α at
 * most, however often one looks. No event: 0.
 *
 * @param k the prior's strength. @default 10
 * @see Robbins, Statistical methods related to the law of the iterated logarithm, 1970
 * @see Lindon and Malek, Anytime-valid inference for multinomial count data, 2022, arXiv 2011.03567
 * @see docs/decisions/0071-guards-count-first-bad-events.md
 */
export function logEvidence({ bad, total, theta }: BadEvents, k = PRIOR_STRENGTH): number {
  const a = k * theta
  const c = k * (1 - theta)
  const [ofCandidate, ofControl] = [a + bad, c + total - bad]
  return (
    logBeta(ofCandidate, ofControl) -
    logBeta(a, c) +
    logBetaAbove(theta, ofCandidate, ofControl) -
    logBetaAbove(theta, a, c) -
    bad * Math.log(theta) -
    (total - bad) * Math.log1p(-theta)
  )
}

/** The evidence at which a guard acts: m/α, so that all m metrics together raise a false alarm with probability α at most. */
export function evidenceThreshold(alpha: number, metrics: number): number {
  return metrics / alpha
}
