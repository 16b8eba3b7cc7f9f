import type { Rollout } from '../entities/rollout.js'
import type { Selection } from '../entities/selection.js'
import { BUCKETS, bucketOfBytes, bytesOf } from './bucket.js'
import { conditionsHold } from './conditions.js'

export interface VersionChoice {
  /** The rollout on the label, if one was started; a concluded one counts as none. */
  readonly rollout?: Rollout | undefined
  /** The version the label points at, `undefined` when there is none. */
  readonly labelVersion: number | undefined
  readonly label: string
  /** The subject of the read; an empty string counts as none. */
  readonly subject?: string | undefined
  readonly attributes?: Readonly<Record<string, unknown>> | undefined
  /** Milliseconds since 1970; schedules go by it. */
  readonly now: number
  /** The remembered arm of this subject, by its place in `arms`. An arm the rollout does not have is ignored. */
  readonly stickyArm?: number | undefined
}

/**
 * Which version a read gets, and why. The same input always gives the same answer.
 *
 * In order: a paused rollout and a read without a subject get the label's version; a subject named in `forced` its version; then the
 * conditions and the coverage have to let the subject in, and the weights, or the remembered arm, say which arm it gets.
 *
 * For a sticky rollout ask without `stickyArm` first: only an answer with the reason `split` has an arm to remember. Coverage is not
 * remembered, so lowering it takes subjects out.
 *
 * @returns `undefined` when the answer would be the label's own version and the label points at none
 */
export function chooseVersion(choice: VersionChoice): Selection | undefined {
  const { rollout, subject } = choice
  if (rollout === undefined || rollout.status === 'concluded') return ownVersion(choice, 'label')
  if (rollout.status === 'paused') return ownVersion(choice, 'paused')
  if (subject === undefined || subject === '') return ownVersion(choice, 'no-subject')
  const { forced, when } = rollout
  if (forced !== undefined && Object.hasOwn(forced, subject)) return forcedVersion(choice, rollout, forced[subject]!)
  if (when !== undefined && !conditionsHold(when, choice.attributes)) return ownVersion(choice, 'condition')
  const key = bytesOf(`${rollout.id}:${subject}`)
  if (bucketOfBytes(key, GATE_SEED) >= coverageAt(rollout, choice.now)) return ownVersion(choice, 'label')
  const { stickyArm } = choice
  if (stickyArm === NOT_ENROLLED) return ownVersion(choice, 'label')
  const isRemembered = stickyArm !== undefined && rollout.arms[stickyArm] !== undefined
  const arm = isRemembered ? stickyArm : armAt(rollout, bucketOfBytes(key, ARM_SEED))
  const version = rollout.arms[arm]?.version
  if (version === undefined) return ownVersion(choice, 'label')
  return { label: choice.label, version, rolloutId: rollout.id, arm, reason: 'split' }
}

/** In place of an arm's index: the rollout takes no new subjects, and this one has no remembered arm. */
export const NOT_ENROLLED = -1

/** How many subjects a rollout covers at a moment, in hundredths of a percent: its latest step that is due, or its own coverage. */
export function coverageAt(rollout: Pick<Rollout, 'coverageBasisPoints' | 'schedule'>, nowMs: number): number {
  let coverage = rollout.coverageBasisPoints
  for (const step of rollout.schedule ?? []) {
    if (step.atMs > nowMs) break
    coverage = step.coverageBasisPoints
  }
  return coverage
}

/**
 * Enrolment and arm are hashed separately. With one bucket for both, every subject enrolled at 50 % coverage would
 * stand in the first half of the line, and so get the same arm.
 */
const GATE_SEED = 1
const ARM_SEED = 2

function ownVersion(choice: VersionChoice, reason: Selection['reason']): Selection | undefined {
  const { rollout, labelVersion, label } = choice
  if (labelVersion === undefined) return undefined
  if (rollout === undefined || rollout.status === 'concluded') return { label, version: labelVersion, reason }
  return { label, version: labelVersion, rolloutId: rollout.id, reason }
}

function forcedVersion(choice: VersionChoice, rollout: Rollout, version: number): Selection {
  const arm = rollout.arms.findIndex((candidate) => candidate.version === version)
  const selection = { label: choice.label, version, rolloutId: rollout.id, reason: 'forced' } as const
  return arm === -1 ? selection : { ...selection, arm }
}

/** The arm at a place: each arm takes a stretch of the line in proportion to its weight, in the order of `arms`. */
function armAt({ arms }: Rollout, bucket: number): number {
  let total = 0
  for (const arm of arms) total += arm.weight
  let passed = 0
  for (let index = 0; index < arms.length; index++) {
    passed += arms[index]!.weight
    if (bucket * total < passed * BUCKETS) return index
  }
  return -1
}
