import { logBeta } from './log-functions.js'

/** The two ends of an interval. */
export type Interval = readonly [low: number, high: number]

/** What is kept of a sample of numbers. */
export interface SampleSums {
  readonly n: number
  readonly sum: number
  readonly sumOfSquares: number
}

/** The sample size at which the intervals of means are narrowest. */
export const TUNED_FOR = 5_000
/** Fewer subjects than this have no interval of a mean: it rests on the central limit theorem. */
export const FEWEST_FOR_MEANS = 100

/**
 * An interval for a share of subjects that holds at every look at once with probability 1 − α: all p against which the uniform mixture of
 * binomials is less than 1/α times as likely. Exact from the first subject on.
 *
 * @see Robbins, Statistical methods related to the law of the iterated logarithm, 1970
 */
export function shareInterval(bad: number, subjects: number, alpha = 0.05): Interval {
  if (subjects === 0) return [0, 1]
  const mixture = logBeta(1 + bad, 1 + subjects - bad)
  const isOutside = (p: number) => mixture - times(bad, Math.log(p)) - times(subjects - bad, Math.log1p(-p)) >= -Math.log(alpha)
  const share = bad / subjects
  return [bad === 0 ? 0 : border(share, 0, isOutside), bad === subjects ? 1 : border(share, 1, isOutside)]
}

/** An interval for a mean that holds at every look at once, asymptotically; `undefined` below 100 subjects. */
export function meanInterval(sums: SampleSums, alpha = 0.05, tunedFor = TUNED_FOR): Interval | undefined {
  if (sums.n < FEWEST_FOR_MEANS) return undefined
  const half = halfWidth(sums.n, Math.sqrt(varianceOf(sums) / sums.n), alpha, tunedFor, 'two-sided')
  return [meanOf(sums) - half, meanOf(sums) + half]
}

export type Sides = 'two-sided' | 'one-sided'

export interface Difference {
  readonly estimate: number
  readonly standardError: number
  readonly low: number
  readonly high: number
}

export interface DifferenceOptions {
  /** `relative`: divided by the control's mean; `absolute`: the plain difference. */
  readonly scale: 'relative' | 'absolute'
  /** For `one-sided`, `low` and `high` hold with 1 − α each, not together. @default 'two-sided' */
  readonly sides?: Sides
  /** @default 0.05 */
  readonly alpha?: number
  /** @default 5_000 */
  readonly tunedFor?: number
}

/**
 * By how much the candidate's mean differs from the control's, with an interval that holds at every look at once, asymptotically.
 *
 * @see Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas, Time-uniform central limit theory, arXiv 2103.06476, equations 9, 134 and 161
 */
export function meanDifference(control: SampleSums, candidate: SampleSums, options: DifferenceOptions): Difference {
  const { scale, sides = 'two-sided', alpha = 0.05, tunedFor = TUNED_FOR } = options
  const [a, b] = [meanOf(control), meanOf(candidate)]
  const [errorA, errorB] = [varianceOf(control) / control.n, varianceOf(candidate) / candidate.n]
  const estimate = scale === 'absolute' ? b - a : (b - a) / a
  // The delta method for a quotient of means.
  const standardError = Math.sqrt(scale === 'absolute' ? errorA + errorB : errorB / a ** 2 + (errorA * b ** 2) / a ** 4)
  const half = halfWidth(control.n + candidate.n, standardError, alpha, tunedFor, sides)
  return { estimate, standardError, low: estimate - half, high: estimate + half }
}

/** Equation 9 for both sides at once, 134 for one; 161 chooses rho. */
function halfWidth(n: number, standardError: number, alpha: number, tunedFor: number, sides: Sides): number {
  const chance = sides === 'two-sided' ? alpha : 2 * alpha
  const rhoSquared = (-2 * Math.log(chance) + Math.log(-2 * Math.log(chance) + 1)) / tunedFor
  const grown = n * rhoSquared + 1
  const bound = sides === 'two-sided' ? Math.log(Math.sqrt(grown) / alpha) : Math.log(1 + Math.sqrt(grown) / (2 * alpha))
  return standardError * Math.sqrt(n) * Math.sqrt((2 * grown * bound) / (n * n * rhoSquared))
}

function meanOf({ n, sum }: SampleSums): number {
  return sum / n
}

function varianceOf({ n, sum, sumOfSquares }: SampleSums): number {
  return n < 2 ? 0 : Math.max(0, (sumOfSquares - (sum * sum) / n) / (n - 1))
}

/** Finds by bisection where the interval ends, between the estimate (inside) and an end of the scale. */
function border(inside: number, end: number, isOutside: (p: number) => boolean): number {
  let [near, far] = [inside, end]
  for (let halving = 0; halving < 60; halving++) {
    const middle = (near + far) / 2
    if (isOutside(middle)) far = middle
    else near = middle
  }
  return far
}

/** p · ln q, with 0 · ln 0 taken as 0. */
function times(count: number, logarithm: number): number {
  return count === 0 ? 0 : count * logarithm
}
