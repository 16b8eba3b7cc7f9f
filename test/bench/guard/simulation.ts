import { meanDifference } from '../../../src/rollout/confidence-sequence.js'
import { evidenceThreshold, logEvidence } from '../../../src/rollout/evidence.js'

/** How often each row is simulated, and how many subjects a simulated rollout has. */
export const REPETITIONS = 1_000
export const SUBJECTS = 5_000
const ALPHA = 0.05
/** Tests that rest on the normal distribution begin here. */
const FEWEST_AN_ARM = 100
/** One side of the normal distribution, 5 %. */
const Z = 1.6448536269514722
const THRESHOLD = Math.log(evidenceThreshold(ALPHA, 1))

/** After how many subjects each test alarmed; Infinity: not at all. */
export interface Alarms {
  readonly guard: number[]
  readonly zTest: number[]
  readonly asymptotic: number[]
}

/** Subjects come one at a time, to either arm with the same probability; all three tests look after each. */
export function simulate(control: number, candidate: number, seed: number): Alarms {
  const random = seeded(seed)
  const alarms: Alarms = { guard: [], zTest: [], asymptotic: [] }
  for (let repetition = 0; repetition < REPETITIONS; repetition++) {
    const [guard, zTest, asymptotic] = oneRollout(random, control, candidate)
    alarms.guard.push(guard)
    alarms.zTest.push(zTest)
    alarms.asymptotic.push(asymptotic)
  }
  return alarms
}

function oneRollout(random: () => number, control: number, candidate: number): readonly [number, number, number] {
  const n = [0, 0] as [number, number]
  const bad = [0, 0] as [number, number]
  let [guard, zTest, asymptotic] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]
  for (let subject = 1; subject <= SUBJECTS; subject++) {
    const arm = random() < 0.5 ? 1 : 0
    const isBad = random() < (arm === 1 ? candidate : control)
    n[arm]++
    if (isBad) bad[arm]++
    // Without a bad event of the candidate the evidence does not rise.
    if (guard === Number.POSITIVE_INFINITY && isBad && arm === 1) {
      if (logEvidence({ bad: bad[1], total: bad[0] + bad[1], theta: 0.5 }) >= THRESHOLD) guard = subject
    }
    if (n[0] < FEWEST_AN_ARM || n[1] < FEWEST_AN_ARM || bad[0] + bad[1] === 0) continue
    if (zTest === Number.POSITIVE_INFINITY && zOf(n, bad) > Z) zTest = subject
    if (asymptotic === Number.POSITIVE_INFINITY && isWorseBySequence(n, bad)) asymptotic = subject
  }
  return [guard, zTest, asymptotic]
}

/** Two shares, pooled, one-sided. */
function zOf(n: readonly [number, number], bad: readonly [number, number]): number {
  const pooled = (bad[0] + bad[1]) / (n[0] + n[1])
  return (bad[1] / n[1] - bad[0] / n[0]) / Math.sqrt(pooled * (1 - pooled) * (1 / n[0] + 1 / n[1]))
}

function isWorseBySequence(n: readonly [number, number], bad: readonly [number, number]): boolean {
  const sums = (arm: 0 | 1) => ({ n: n[arm], sum: bad[arm], sumOfSquares: bad[arm] })
  return meanDifference(sums(0), sums(1), { scale: 'absolute', sides: 'one-sided', alpha: ALPHA }).low > 0
}

/**
 * Equal arms that report their failures after different times: how many of the rollouts alarm when outcomes count as soon as they are
 * reported, and when only subjects count that were exposed `settleMs` ago. Ten subjects a second, a look at every outcome.
 */
export function simulateSpeeds(
  controlMs: number,
  candidateMs: number,
  settleMs: number,
  share: number,
  seed: number,
): { readonly asReported: number; readonly settled: number } {
  const random = seeded(seed)
  let [asReported, settled] = [0, 0]
  for (let repetition = 0; repetition < REPETITIONS; repetition++) {
    const failures = failuresOf(random, share)
    asReported += Number(alarms(failures.map(({ at, arm }) => ({ arm, at: at + (arm === 1 ? candidateMs : controlMs) }))))
    settled += Number(alarms(failures.map(({ at, arm }) => ({ arm, at: at + Math.max(settleMs, arm === 1 ? candidateMs : controlMs) }))))
  }
  return { asReported: asReported / REPETITIONS, settled: settled / REPETITIONS }
}

interface Failure {
  readonly arm: 0 | 1
  /** Milliseconds since the start: of the exposure, or of when it counts. */
  readonly at: number
}

function failuresOf(random: () => number, share: number): readonly Failure[] {
  const failures: Failure[] = []
  for (let subject = 0; subject < SUBJECTS; subject++) {
    const arm = random() < 0.5 ? 1 : 0
    if (random() < share) failures.push({ arm, at: subject * 100 })
  }
  return failures
}

function alarms(failures: readonly Failure[]): boolean {
  let bad = 0
  return failures
    .toSorted((one, other) => one.at - other.at)
    .some(({ arm }, index) => {
      bad += arm
      return arm === 1 && logEvidence({ bad, total: index + 1, theta: 0.5 }) >= THRESHOLD
    })
}

export function shareOfAlarms(times: readonly number[]): number {
  return times.filter(Number.isFinite).length / times.length
}

/** mulberry32: the same numbers at every run. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
