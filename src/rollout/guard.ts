import type { Guard, GuardFinding, GuardMetric } from '../entities/guard.js'
import type { RolloutArm } from '../entities/rollout.js'
import { BUCKETS } from './bucket.js'
import { evidenceThreshold, logEvidence } from './evidence.js'
import { logSampleRatioFactor, RATIO_ALARM } from './sample-ratio.js'
import type { Refuse } from './validate-rollout.js'

/** The guard as a caller of `rollouts.start` gives it. */
export interface GuardSettings {
  /** Names of metrics, of which the candidate must not have more bad ones; `{ name: 'slow', overMs }` for slow runs. */
  readonly metrics: readonly (string | GuardMetric)[]
  /** The probability of a false alarm, all metrics together. @default 0.05 */
  readonly alpha?: number
  /** @default 'pause' */
  readonly action?: 'pause' | 'notify'
  /** How long a normal outcome may take, in milliseconds. @default 30_000 */
  readonly settleMs?: number
}

export const GUARD_DEFAULTS = { alpha: 0.05, action: 'pause', settleMs: 30_000 } as const

/** Longest name of a metric. */
export const MAX_METRIC = 100
const MOST_METRICS = 20
const LONGEST_SETTLING_MS = 7 * 24 * 3_600_000

/** A guard as it is stored, without the columns that the database fills in. */
export type GuardStart = Omit<Guard, 'since' | 'alphaSpent'>

/** Checks the guard of a rollout that starts on a label, whose own version is the control. */
export function validateGuard(settings: unknown, arms: readonly RolloutArm[], ownVersion: number | undefined, refuse: Refuse): GuardStart {
  if (typeof settings !== 'object' || settings === null || Array.isArray(settings))
    refuse('guard', "must be an object with { metrics: ['error'] }")
  const unknown = Object.keys(settings).find((key) => !['metrics', 'alpha', 'action', 'settleMs'].includes(key))
  if (unknown !== undefined) refuse(`guard.${unknown}`, 'is not known: a guard has metrics, alpha, action and settleMs')
  const {
    metrics,
    alpha = GUARD_DEFAULTS.alpha,
    action = GUARD_DEFAULTS.action,
    settleMs = GUARD_DEFAULTS.settleMs,
  } = settings as GuardSettings
  if (typeof alpha !== 'number' || !(alpha > 0 && alpha < 1)) refuse('guard.alpha', 'must be a number between 0 and 1, such as 0.05')
  if (action !== 'pause' && action !== 'notify') refuse('guard.action', "must be 'pause' or 'notify'")
  const isSettling = typeof settleMs === 'number' && settleMs >= 0 && settleMs <= LONGEST_SETTLING_MS
  if (!isSettling) refuse('guard.settleMs', 'must be milliseconds, from 0 to those of a week')
  if (arms.length !== 2) refuse('arms', 'must be exactly two while guarded: the label’s own version and the candidate')
  const control = arms.findIndex((arm) => arm.version === ownVersion)
  if (control === -1)
    refuse(
      'arms',
      `must hold the label's own version${ownVersion === undefined ? '' : `, ${ownVersion},`} while guarded: it is what the candidate is compared with`,
    )
  const theta = shareOf(arms, 1 - control)
  if (!(theta > 0 && theta < 1)) refuse('arms', 'must both get subjects while guarded: give each a weight')
  return { metrics: checkMetrics(metrics, refuse), alpha, action, settleMs, control, acknowledged: 0 }
}

/** The share of the exposed subjects that an arm is designed to get: its places among those of the split. */
export function shareOf(arms: readonly RolloutArm[], arm: number): number {
  const total = arms.reduce((sum, { weight }) => sum + weight, 0)
  const endOf = (count: number) => Math.ceil((arms.slice(0, count).reduce((sum, { weight }) => sum + weight, 0) * BUCKETS) / total)
  return (endOf(arm + 1) - endOf(arm)) / BUCKETS
}

/** The counts that a guard's verdict is computed from. */
export interface GuardCounts {
  /** Subjects by arm, all that were exposed. */
  readonly exposed: readonly number[]
  /** Settled subjects by arm. When absent, a metric with too little evidence is `ok` rather than `too-early`. */
  readonly settled?: readonly number[]
  /** Bad subjects by metric, and by arm. */
  readonly bad: Readonly<Record<string, readonly number[]>>
}

/** One finding, with what it was computed from. */
export interface JudgedMetric extends GuardFinding {
  readonly logEvidence: number
  readonly logThreshold: number
}

/** Whether the arms get subjects in proportion to their weights; valid at every look. */
export function isRatioOk(arms: readonly RolloutArm[], exposed: readonly number[]): boolean {
  const factor = logSampleRatioFactor(
    arms.map((_arm, place) => exposed[place] ?? 0),
    arms.map((_arm, place) => shareOf(arms, place)),
  )
  return factor < Math.log(RATIO_ALARM)
}

/** What a guard finds in its counts. The same counts always give the same answer; a sample ratio that is off withholds every verdict. */
export function judge(
  guard: Pick<Guard, 'metrics' | 'alpha' | 'control'>,
  arms: readonly RolloutArm[],
  counts: GuardCounts,
): readonly JudgedMetric[] {
  const candidate = 1 - guard.control
  const theta = shareOf(arms, candidate)
  const threshold = evidenceThreshold(guard.alpha, guard.metrics.length)
  const logThreshold = Math.log(threshold)
  const isWithheld = !isRatioOk(arms, counts.exposed)
  const worst = counts.settled?.[candidate]
  const isEarly = worst !== undefined && logEvidence({ bad: worst, total: worst, theta }) < logThreshold
  return guard.metrics.map(({ name }) => {
    const ofMetric = counts.bad[name] ?? []
    const bad = ofMetric[candidate] ?? 0
    const found = logEvidence({ bad, total: bad + (ofMetric[guard.control] ?? 0), theta })
    const verdict = isWithheld ? 'too-early' : found >= logThreshold ? 'worse' : isEarly ? 'too-early' : 'ok'
    // Infinity is no JSON: a report would say null.
    const evidence = Math.min(Math.exp(found), Number.MAX_VALUE)
    return { metric: name, evidence, threshold, verdict, logEvidence: found, logThreshold }
  })
}

function checkMetrics(metrics: unknown, refuse: Refuse): readonly GuardMetric[] {
  if (!Array.isArray(metrics) || metrics.length === 0 || metrics.length > MOST_METRICS)
    refuse('guard.metrics', `must list 1 to ${MOST_METRICS} metrics, such as ['error']`)
  const names = new Set<string>()
  return (metrics as readonly unknown[]).map((metric, place) => {
    const field = `guard.metrics[${place}]`
    const { name, overMs } = typeof metric === 'string' ? { name: metric, overMs: undefined } : ((metric ?? {}) as Partial<GuardMetric>)
    if (typeof name !== 'string' || !isMetricName(name)) refuse(field, METRIC)
    if (names.has(name)) refuse(field, `names "${name}" a second time`)
    names.add(name)
    if (name === 'slow' && overMs === undefined) refuse(field, "needs overMs, in milliseconds: { name: 'slow', overMs: 8_000 }")
    if (overMs !== undefined && !(typeof overMs === 'number' && overMs > 0 && overMs < Number.POSITIVE_INFINITY))
      refuse(`${field}.overMs`, 'must be milliseconds, more than 0')
    return { name, ...(overMs !== undefined && { overMs }) }
  })
}

export const METRIC = 'must be the name of a metric: a letter, then letters, digits, "_", "." or "-", 100 characters at most'

export function isMetricName(name: unknown): name is string {
  return typeof name === 'string' && name.length <= MAX_METRIC && /^[A-Za-z][A-Za-z0-9_.-]*$/.test(name)
}
