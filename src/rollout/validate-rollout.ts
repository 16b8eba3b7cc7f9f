import type { Rollout, RolloutArm, RolloutConditions, RolloutStep } from '../entities/rollout.js'
import { conditionProblem } from './condition-problem.js'

/** Ends a check by throwing; handed in by the room that owns the errors. `field` is a path such as `arms[0].weight`. */
export type Refuse = (field: string, expectation: string) => never

/** The split as a caller of `rollouts.start` gives it. */
export interface RolloutSettings {
  /** The versions to split over, and their shares of the subjects that are covered; the weights need not sum to 100. */
  readonly arms: readonly RolloutArm[]
  /** Percent of subjects in the rollout, at most two decimals. @default 100, or 0 when there is a schedule */
  readonly coverage?: number
  /** Remembers each subject's arm, so that new weights move nobody. @default false */
  readonly sticky?: boolean
  /** Subjects that always get the version of one arm, by subject. */
  readonly forced?: { readonly [subject: string]: number }
  /** Conditions on the `attributes` of a read, in the form flag systems share. */
  readonly when?: RolloutConditions
  /** Coverage that changes by itself, earliest step first. `at` is a date, or ISO 8601 with `Z` or an offset. */
  readonly schedule?: readonly { readonly at: Date | string; readonly coverage: number }[]
  /** Writes exposures to a table too. @default false */
  readonly recordExposures?: boolean
}

/** What a ramp changes: at least one of the four. */
export interface RolloutRamp {
  /** Percent of subjects in the rollout, at most two decimals. */
  readonly coverage?: number
  /** The same versions in the same order, with new weights. */
  readonly arms?: readonly RolloutArm[]
  /** New weights alone, in the order of the arms. */
  readonly weights?: readonly number[]
  /** `false`: takes no new subjects, and those with a stored arm keep it; `true` takes new ones again. Only for sticky rollouts. */
  readonly enrol?: boolean
}

/** The split of a rollout as it is stored. */
export type RolloutSplit = Pick<
  Rollout,
  'arms' | 'coverageBasisPoints' | 'sticky' | 'forced' | 'when' | 'schedule' | 'recordExposures' | 'enrol'
>

/** Checks a split before it starts, and gives it in the form that is stored. */
export function validateStart(settings: RolloutSettings, refuse: Refuse): RolloutSplit {
  const { coverage = settings.schedule === undefined ? 100 : 0, sticky = false, recordExposures = false } = settings
  const arms = checkArms(settings.arms, refuse)
  checkBoolean('sticky', sticky, refuse)
  checkBoolean('recordExposures', recordExposures, refuse)
  checkConditions(settings.when, refuse)
  return {
    arms,
    coverageBasisPoints: checkCoverage('coverage', coverage, refuse),
    sticky,
    recordExposures,
    ...(settings.forced !== undefined && { forced: checkForced(settings.forced, arms, refuse) }),
    ...(settings.when !== undefined && { when: settings.when }),
    ...(settings.schedule !== undefined && { schedule: checkSchedule(settings.schedule, refuse) }),
  }
}

/** Checks a ramp of a rollout, and gives the split after it; a ramp ends the schedule, and stays at the coverage it had reached. */
export function validateRamp(rollout: RolloutSplit, ramp: RolloutRamp, reachedBasisPoints: number, refuse: Refuse): RolloutSplit {
  if (ramp.coverage === undefined && ramp.arms === undefined && ramp.weights === undefined && ramp.enrol === undefined)
    refuse('coverage', 'or arms must be given: a ramp changes one of them')
  checkEnrolment(rollout, ramp.enrol, refuse)
  if (ramp.arms !== undefined && ramp.weights !== undefined) refuse('weights', 'must not be given together with arms')
  const isEnrolmentAlone = ramp.coverage === undefined && ramp.arms === undefined && ramp.weights === undefined
  if (isEnrolmentAlone) return withEnrolment(rollout, ramp.enrol)
  const { schedule: _ended, ...split } = rollout
  return {
    ...withEnrolment(split, ramp.enrol),
    arms: rampedArms(rollout.arms, ramp, refuse),
    coverageBasisPoints: ramp.coverage === undefined ? reachedBasisPoints : checkCoverage('coverage', ramp.coverage, refuse),
  }
}

function withEnrolment({ enrol: before, ...split }: RolloutSplit, enrol: boolean | undefined): RolloutSplit {
  return (enrol ?? before ?? true) ? split : { ...split, enrol: false }
}

/** A rollout that is not sticky stores no subjects, so it cannot keep those it has. */
function checkEnrolment({ sticky }: RolloutSplit, enrol: unknown, refuse: Refuse): void {
  if (enrol === undefined) return
  checkBoolean('enrol', enrol, refuse)
  if (!sticky && !enrol) refuse('enrol', 'can be false for a sticky rollout only: others remember nobody whom they could keep')
}

/** Checks a stored split before it goes on: it may have been changed in the database. */
export function validateResume(rollout: RolloutSplit, refuse: Refuse): void {
  const arms = checkArms(rollout.arms, refuse)
  const inRange = (points: unknown) => Number.isInteger(points) && (points as number) >= 0 && (points as number) <= 10_000
  if (!inRange(rollout.coverageBasisPoints)) refuse('coverage', COVERAGE)
  checkConditions(rollout.when, refuse)
  if (rollout.forced !== undefined) checkForced(rollout.forced, arms, refuse)
  for (const [index, step] of (rollout.schedule ?? []).entries()) {
    if (!inRange(step.coverageBasisPoints)) refuse(`schedule[${index}].coverage`, COVERAGE)
  }
}

const COVERAGE = 'must be a percentage from 0 to 100 with at most two decimals'
const HAS_TIME_ZONE = /^\d{4}-\d\d-\d\d(?:T.*(?:Z|[+-]\d\d:?\d\d))?$/

function checkArms(arms: unknown, refuse: Refuse): readonly RolloutArm[] {
  if (!Array.isArray(arms) || arms.length === 0) refuse('arms', 'must list at least one { version, weight }')
  let total = 0
  const seen = new Set<number>()
  const checked = (arms as readonly unknown[]).map((arm, index): RolloutArm => {
    const { version, weight } = (arm ?? {}) as { version?: unknown; weight?: unknown }
    if (!isVersion(version)) refuse(`arms[${index}].version`, 'must be a positive whole number')
    if (seen.has(version)) refuse(`arms[${index}].version`, `names version ${version} a second time`)
    if (typeof weight !== 'number' || !(weight >= 0 && weight <= HEAVIEST))
      refuse(`arms[${index}].weight`, `must be a number from 0 to ${HEAVIEST}`)
    seen.add(version)
    total += weight
    return { version, weight }
  })
  if (!(total > 0)) refuse('arms', 'must have weights that sum to more than 0')
  return checked
}

/** Keeps sums and products of weights exact enough to split by. */
const HEAVIEST = 1_000_000

function rampedArms(current: readonly RolloutArm[], ramp: RolloutRamp, refuse: Refuse): readonly RolloutArm[] {
  if (ramp.weights !== undefined) {
    const { weights } = ramp
    if (!Array.isArray(weights) || weights.length !== current.length)
      refuse('weights', `must have one number for each of the ${current.length} arms`)
    return checkArms(
      current.map((arm, index) => ({ version: arm.version, weight: weights[index] })),
      (field, expectation) => refuse(field.replace(/^arms(\[\d+\])?.*/, 'weights$1'), expectation),
    )
  }
  if (ramp.arms === undefined) return checkArms(current, refuse)
  const arms = checkArms(ramp.arms, refuse)
  const isSame = arms.length === current.length && arms.every((arm, index) => arm.version === current[index]!.version)
  if (!isSame) {
    refuse(
      'arms',
      `must name versions ${current.map((arm) => arm.version).join(', ')} in this order; conclude and start anew for other versions`,
    )
  }
  return arms
}

/** A percentage in hundredths of a percent. */
function checkCoverage(field: string, coverage: unknown, refuse: Refuse): number {
  const isFine = typeof coverage === 'number' && coverage >= 0 && coverage <= 100 && Number(coverage.toFixed(2)) === coverage
  if (!isFine) refuse(field, COVERAGE)
  // 8.2 * 100 is 819.9999999999999.
  return Math.round(coverage * 100)
}

function checkForced(forced: unknown, arms: readonly RolloutArm[], refuse: Refuse): { readonly [subject: string]: number } {
  if (typeof forced !== 'object' || forced === null || Array.isArray(forced)) refuse('forced', "must be an object such as { 'user-7': 4 }")
  const entries = Object.entries(forced as Record<string, unknown>)
  for (const [subject, version] of entries) {
    if (subject === '') refuse('forced', 'must not name an empty subject')
    const isArm = arms.some((arm) => arm.version === version)
    if (!isArm) refuse(`forced.${subject}`, `must be the version of an arm: ${arms.map((arm) => arm.version).join(', ')}`)
  }
  return Object.fromEntries(entries) as { [subject: string]: number }
}

/** Conditions are evaluated at each read: this bounds the time that takes. */
const LONGEST_CONDITIONS = 65_536

function checkConditions(when: unknown, refuse: Refuse): void {
  if (when === undefined) return
  const problem = conditionProblem(when)
  if (problem !== undefined) refuse(`when${problem.path}`, problem.expectation)
  if (JSON.stringify(when).length > LONGEST_CONDITIONS) refuse('when', `must have at most ${LONGEST_CONDITIONS} characters as JSON`)
}

function checkSchedule(schedule: unknown, refuse: Refuse): readonly RolloutStep[] {
  if (!Array.isArray(schedule) || schedule.length === 0) refuse('schedule', 'must list at least one { at, coverage }')
  let previous = Number.NEGATIVE_INFINITY
  return (schedule as readonly unknown[]).map((step, index) => {
    const { at, coverage } = (step ?? {}) as { at?: unknown; coverage?: unknown }
    const atMs = momentOf(at)
    if (atMs === undefined) refuse(`schedule[${index}].at`, 'must be a Date, or ISO 8601 with a time zone, such as "2026-03-01T09:00:00Z"')
    if (atMs <= previous) refuse(`schedule[${index}].at`, 'must be later than the step before')
    previous = atMs
    return { atMs, coverageBasisPoints: checkCoverage(`schedule[${index}].coverage`, coverage, refuse) }
  })
}

/** Text without a time zone is refused: it would mean another moment on each machine. */
function momentOf(at: unknown): number | undefined {
  const isText = typeof at === 'string' && HAS_TIME_ZONE.test(at)
  const atMs = at instanceof Date ? at.getTime() : isText ? Date.parse(at) : Number.NaN
  return Number.isNaN(atMs) ? undefined : atMs
}

function checkBoolean(field: string, value: unknown, refuse: Refuse): void {
  if (typeof value !== 'boolean') refuse(field, 'must be true or false')
}

function isVersion(version: unknown): version is number {
  return Number.isSafeInteger(version) && (version as number) > 0
}
