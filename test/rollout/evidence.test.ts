import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { meanDifference, meanInterval, type SampleSums, shareInterval } from '../../src/rollout/confidence-sequence.js'
import { type BadEvents, evidenceThreshold, logEvidence } from '../../src/rollout/evidence.js'
import { logSampleRatioFactor, sampleRatioP } from '../../src/rollout/sample-ratio.js'

const cases = JSON.parse(readFileSync(new URL('./statistics.json', import.meta.url), 'utf8')) as {
  readonly guard: { readonly tolerance: number; readonly cases: readonly (BadEvents & { readonly k: number; readonly logE: number })[] }
  readonly sampleRatio: { readonly tolerance: number; readonly cases: readonly (Ratio & { readonly p: number })[] }
  readonly sampleRatioSequential: {
    readonly tolerance: number
    readonly cases: readonly (Ratio & { readonly k: number; readonly logBayesFactor: number })[]
  }
  readonly means: {
    readonly A: SampleSums
    readonly B: SampleSums
    readonly relativeTwoSided: Published
    readonly proportions: Published & { readonly a: readonly [number, number]; readonly b: readonly [number, number] }
    readonly relativeOneSided: PublishedBounds
    readonly absoluteOneSided: PublishedBounds
  }
}

interface Ratio {
  readonly counts: readonly number[]
  readonly weights: readonly number[]
}

interface Settings {
  readonly alpha: number
  readonly tunedFor: number
  readonly tolerance: number
}

interface Published extends Settings {
  readonly estimate: number
  readonly standardError: number
  readonly low: number
  readonly high: number
}

interface PublishedBounds extends Settings {
  readonly greaterLow: number
  readonly lesserHigh: number
}

describe('the evidence against a candidate', () => {
  it.each(cases.guard.cases)('has the reference value at $bad of $total, theta $theta', ({ k, logE, ...events }) => {
    expect(Math.abs(logEvidence(events, k) - logE)).toBeLessThan(cases.guard.tolerance)
  })

  it('is expected to be 1 when the candidate is no worse, after any number of events', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 400 }), fc.double({ min: 0.02, max: 0.98, noNaN: true }), (total, theta) => {
        let sum = 0
        for (let bad = 0; bad <= total; bad++) {
          sum += Math.exp(logBinomial(total, bad, theta) + logEvidence({ bad, total, theta }))
        }
        expect(Math.abs(sum - 1)).toBeLessThan(1e-7)
      }),
      { numRuns: 100 },
    )
  })

  it('agrees with numerical integration over its prior, at 2,000 random points', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2_000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0.02, max: 0.98, noNaN: true }),
        fc.double({ min: 1, max: 50, noNaN: true }),
        (total, share, theta, k) => {
          const bad = Math.round(share * total)
          const expected = integratedEvidence(bad, total, theta, k)
          expect(Math.abs(logEvidence({ bad, total, theta }, k) - expected)).toBeLessThan(1e-6 * Math.max(1, Math.abs(expected)))
        },
      ),
      { numRuns: 2_000 },
    )
  })

  it('stays a number far out: a million events, all or none of them bad for the candidate', () => {
    expect(logEvidence({ bad: 1_000_000, total: 1_000_000, theta: 0.5 })).toBeGreaterThan(600_000)
    expect(logEvidence({ bad: 0, total: 1_000_000, theta: 0.5 })).toBeLessThan(0)
    expect(Number.isFinite(logEvidence({ bad: 0, total: 1_000_000, theta: 0.999 }))).toBe(true)
  })

  it('is asked for more of when several metrics are watched', () => {
    expect(evidenceThreshold(0.05, 1)).toBeCloseTo(20)
    expect(evidenceThreshold(0.05, 3)).toBeCloseTo(60)
  })
})

describe('the sample ratio', () => {
  it.each(cases.sampleRatio.cases)("has Pearson's p at $counts", ({ counts, weights, p }) => {
    expect(Math.abs(sampleRatioP(counts, weights) - p)).toBeLessThan(cases.sampleRatio.tolerance)
  })

  it.each(cases.sampleRatioSequential.cases)('has the reference Bayes factor at $counts', ({ counts, weights, k, logBayesFactor }) => {
    expect(Math.abs(logSampleRatioFactor(counts, weights, k) - logBayesFactor)).toBeLessThan(cases.sampleRatioSequential.tolerance)
  })

  it("has Pearson's p for many arms and far out: 4 degrees of freedom have a closed form", () => {
    const counts = [100, 120, 90, 110, 80]
    const statistic = counts.reduce((sum, count) => sum + (count - 100) ** 2 / 100, 0)
    expect(sampleRatioP(counts, [1, 1, 1, 1, 1])).toBeCloseTo(Math.exp(-statistic / 2) * (1 + statistic / 2), 12)
    expect(sampleRatioP([1_000, 2_000], [1, 1])).toBeLessThan(1e-70)
  })
})

describe('confidence sequences', () => {
  const { A, B, relativeTwoSided, proportions, relativeOneSided, absoluteOneSided } = cases.means

  it('has the published relative difference of means', () => {
    expectDifference(meanDifference(A, B, { scale: 'relative', ...settingsOf(relativeTwoSided) }), relativeTwoSided)
  })

  it('has the published relative difference of proportions', () => {
    const [a, b] = [ofShare(proportions.a), ofShare(proportions.b)]
    expectDifference(meanDifference(a, b, { scale: 'relative', ...settingsOf(proportions) }), proportions)
  })

  it('has the published one-sided bounds', () => {
    const relative = meanDifference(A, B, { scale: 'relative', sides: 'one-sided', ...settingsOf(relativeOneSided) })
    const absolute = meanDifference(A, B, { scale: 'absolute', sides: 'one-sided', ...settingsOf(absoluteOneSided) })

    expectDifference(relative, { ...relativeOneSided, low: relativeOneSided.greaterLow, high: relativeOneSided.lesserHigh })
    expectDifference(absolute, { ...absoluteOneSided, low: absoluteOneSided.greaterLow, high: absoluteOneSided.lesserHigh })
  })

  it('gives no interval of a mean below 100 subjects', () => {
    expect(meanInterval({ n: 99, sum: 99, sumOfSquares: 200 })).toBeUndefined()
    expect(meanInterval({ n: 100, sum: 100, sumOfSquares: 200 })?.[0]).toBeLessThan(1)
  })

  it('holds the share itself, and narrows', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_000 }), fc.double({ min: 0, max: 1, noNaN: true }), (subjects, part) => {
        const bad = Math.round(part * subjects)
        const [low, high] = shareInterval(bad, subjects)
        expect(low).toBeLessThanOrEqual(bad / subjects)
        expect(high).toBeGreaterThanOrEqual(bad / subjects)
        const [wideLow, wideHigh] = shareInterval(bad, subjects, 0.01)
        expect(wideHigh - wideLow).toBeGreaterThanOrEqual(high - low)
      }),
    )
    expect(shareInterval(0, 0)).toEqual([0, 1])
  })

  it('misses the true share in at most 5 % of runs, looked at after every subject', () => {
    const random = seeded(7)
    let missed = 0
    for (let run = 0; run < 400; run++) {
      let bad = 0
      for (let subjects = 1; subjects <= 300; subjects++) {
        bad += random() < 0.1 ? 1 : 0
        const [low, high] = shareInterval(bad, subjects)
        if (low > 0.1 || high < 0.1) {
          missed++
          break
        }
      }
    }
    expect(missed).toBeLessThanOrEqual(20)
  })
})

/** ln E, as Simpson's rule has it: the mean likelihood ratio over the prior's part above theta. Knows nothing of incomplete beta functions. */
function integratedEvidence(bad: number, total: number, theta: number, k: number): number {
  const [a, c] = [k * theta, k * (1 - theta)]
  const prior = (logP: number, logRest: number) => a * logP + c * logRest
  const ratio = (logP: number, logRest: number) => bad * (logP - Math.log(theta)) + (total - bad) * (logRest - Math.log(1 - theta))
  const start = Math.log(theta / (1 - theta))
  return logIntegral(start, c, (p, rest) => prior(p, rest) + ratio(p, rest)) - logIntegral(start, c, prior)
}

/**
 * ln of the integral over t = ln(p / (1 − p)) from a point on, where dp = p (1 − p) dt has taken the singularities of a Beta density away
 * and left a decay by e^(−ct). The steps lie where the integrand is more than e^-45 of its peak, finer ones where it may bend.
 */
function logIntegral(start: number, c: number, logDensity: (logP: number, logRest: number) => number): number {
  const at = (t: number) => {
    const logRest = -Math.max(t, 0) - Math.log1p(Math.exp(-Math.abs(t)))
    return logDensity(logRest + t, logRest)
  }
  const end = start + 100 + 60 / c
  let [left, right] = [start, end]
  while (right - left > 1e-9) {
    const [first, second] = [left + 0.382 * (right - left), left + 0.618 * (right - left)]
    if (at(first) < at(second)) left = first
    else right = second
  }
  const peak = (left + right) / 2
  const top = Math.max(at(peak), at(start))
  const fallen = (towards: number) => {
    let [near, far] = [peak, towards]
    while (Math.abs(far - near) > 1e-9) {
      const middle = (near + far) / 2
      if (at(middle) > top - 45) near = middle
      else far = middle
    }
    return far
  }
  const [low, high] = [fallen(start), fallen(end)]
  const bend = Math.min(low + 40, high)
  const simpson = (from: number, to: number, steps: number) => {
    const size = (to - from) / steps
    let sum = 0
    for (let step = 0; step <= steps; step++) {
      sum += (step === 0 || step === steps ? 1 : step % 2 === 1 ? 4 : 2) * Math.exp(at(from + step * size) - top)
    }
    return (sum * size) / 3
  }
  return top + Math.log(simpson(low, bend, 2_000) + (bend < high ? simpson(bend, high, 2_000) : 0))
}

function logBinomial(total: number, chosen: number, probability: number): number {
  let ways = 0
  for (let step = 1; step <= chosen; step++) ways += Math.log((total - chosen + step) / step)
  return ways + chosen * Math.log(probability) + (total - chosen) * Math.log1p(-probability)
}

function settingsOf({ alpha, tunedFor }: { alpha: number; tunedFor: number }) {
  return { alpha, tunedFor }
}

function ofShare([bad, n]: readonly [number, number]): SampleSums {
  // The published figures divide a share's variance by n, not by n − 1.
  const variance = ((bad / n) * (1 - bad / n) * (n - 1)) as number
  return { n, sum: bad, sumOfSquares: variance + (bad * bad) / n }
}

function expectDifference(
  difference: ReturnType<typeof meanDifference>,
  expected: { estimate?: number; standardError?: number; low: number; high: number; tolerance: number },
): void {
  for (const field of ['estimate', 'standardError', 'low', 'high'] as const) {
    const value = expected[field]
    if (value !== undefined) expect(Math.abs(difference[field] - value), field).toBeLessThan(expected.tolerance)
  }
}

function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}
