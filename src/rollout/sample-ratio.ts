import { chiSquaredAbove, logGamma } from './log-functions.js'

/** From this Bayes factor on the split counts as broken: some subjects of one arm are not recorded. */
export const RATIO_ALARM = 1_000
/** Strength of the prior around the designed weights: alarms are for ratios that are off by about a percent or more. */
export const RATIO_PRIOR = 10_000

/**
 * Pearson's chi-squared p-value of the subjects each arm got, against the weights. For a single look: repeated looks at
 * a p-value raise false alarms. Arms of weight 0 are left out; with fewer than two arms, or without subjects, it is 1.
 */
export function sampleRatioP(counts: readonly number[], weights: readonly number[]): number {
  const arms = weighted(counts, weights)
  const total = arms.reduce((sum, arm) => sum + arm.count, 0)
  if (arms.length < 2 || total === 0) return 1
  const statistic = arms.reduce((sum, { count, share }) => sum + (count - total * share) ** 2 / (total * share), 0)
  return chiSquaredAbove(statistic, arms.length - 1)
}

/**
 * The same question in a form that may be looked at after every subject: the Bayes factor of a Dirichlet(k·weights) distribution over the
 * shares against the weights themselves, as a natural logarithm.
 *
 * @see Lindon and Malek, arXiv 2011.03567
 */
export function logSampleRatioFactor(counts: readonly number[], weights: readonly number[], k = RATIO_PRIOR): number {
  const arms = weighted(counts, weights)
  const total = arms.reduce((sum, arm) => sum + arm.count, 0)
  const whole = logGamma(k) - logGamma(k + total)
  return arms.reduce((sum, { count, share }) => sum + logGamma(k * share + count) - logGamma(k * share) - count * Math.log(share), whole)
}

function weighted(counts: readonly number[], weights: readonly number[]) {
  const arms = counts.map((count, arm) => ({ count, weight: weights[arm] ?? 0 })).filter((arm) => arm.weight > 0)
  const sum = arms.reduce((total, arm) => total + arm.weight, 0)
  return arms.map(({ count, weight }) => ({ count, share: weight / sum }))
}
