/**
 * ln Γ(x) for x > 0, to about 14 digits: Stirling's series, after a shift to where five terms suffice.
 *
 * @see NIST Digital Library of Mathematical Functions, 5.11.1
 */
export function logGamma(x: number): number {
  let shifted = x
  let product = 1
  for (; shifted < 12; shifted++) product *= shifted
  const square = 1 / (shifted * shifted)
  const series = (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square * (1 / 1680 - square / 1188)))) / shifted
  return (shifted - 0.5) * Math.log(shifted) - shifted + 0.5 * Math.log(2 * Math.PI) + series - Math.log(product)
}

/** ln B(a, b), the beta function. */
export function logBeta(a: number, b: number): number {
  return logGamma(a) + logGamma(b) - logGamma(a + b)
}

/**
 * ln of what the Beta(a, b) distribution has above x: ln(1 − I_x(a, b)), for 0 < x < 1. Exact far out in the tail too, where the
 * probability itself would be 0.
 */
export function logBetaAbove(x: number, a: number, b: number): number {
  // The continued fraction converges fast on one side of the mean only; the other side is the rest to 1, and not small.
  const isTail = x > (a + 1) / (a + b + 2)
  return isTail ? logBetaBelow(1 - x, b, a) : Math.log1p(-Math.exp(logBetaBelow(x, a, b)))
}

/**
 * ln I_x(a, b) by its continued fraction (NIST 8.17.22), evaluated with Lentz's algorithm.
 *
 * @see Press et al., Numerical Recipes, 6.4
 */
function logBetaBelow(x: number, a: number, b: number): number {
  const terms = (m: number): readonly [number, number] => [
    (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m)),
    (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1)),
  ]
  let c = 1
  let d = 1 / awayFromZero(1 - ((a + b) * x) / (a + 1))
  let fraction = d
  for (let m = 1; m < MOST_TERMS; m++) {
    let change = 1
    for (const term of terms(m)) {
      d = 1 / awayFromZero(1 + term * d)
      c = awayFromZero(1 + term / c)
      change = d * c
      fraction *= change
    }
    if (Math.abs(change - 1) < PRECISION) break
  }
  return a * Math.log(x) + b * Math.log1p(-x) - Math.log(a) - logBeta(a, b) + Math.log(fraction)
}

/**
 * The share of a chi-squared distribution above a value: the p-value of Pearson's test.
 *
 * By recursion over the degrees of freedom from the two that have closed forms (NIST 8.8.2).
 */
export function chiSquaredAbove(value: number, degrees: number): number {
  if (value <= 0) return 1
  const half = value / 2
  const isOdd = degrees % 2 === 1
  let above = isOdd ? normalBeyond(Math.sqrt(value)) : Math.exp(-half)
  for (let shape = isOdd ? 0.5 : 1; shape < degrees / 2; shape++) {
    above += Math.exp(shape * Math.log(half) - half - logGamma(shape + 1))
  }
  return Math.min(1, above)
}

/** The chance that a standard normal value is further from 0 than z, on either side: one degree of freedom. */
function normalBeyond(z: number): number {
  const x = (z * z) / 2
  // Below: the series of the lower incomplete gamma function. Above: the continued fraction of the upper one (NIST 8.7.1, 8.9.2).
  const scale = Math.exp(-x + 0.5 * Math.log(x) - logGamma(0.5))
  if (x < 1.5) {
    let term = 2
    let sum = term
    for (let shape = 1.5; Math.abs(term) > sum * PRECISION; shape++) {
      term *= x / shape
      sum += term
    }
    return 1 - scale * sum
  }
  let b = x + 0.5
  let c = 1 / TINY
  let d = 1 / b
  let fraction = d
  for (let n = 1; n < MOST_TERMS; n++) {
    const factor = -n * (n - 0.5)
    b += 2
    d = 1 / awayFromZero(factor * d + b)
    c = awayFromZero(b + factor / c)
    fraction *= d * c
    if (Math.abs(d * c - 1) < PRECISION) break
  }
  return scale * fraction
}

const PRECISION = 1e-15
/** Terms grow with the root of the counts: a thousand at a million. */
const MOST_TERMS = 100_000
const TINY = 1e-300

function awayFromZero(value: number): number {
  return Math.abs(value) < TINY ? TINY : value
}
