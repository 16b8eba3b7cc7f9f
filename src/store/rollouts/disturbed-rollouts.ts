import type { Rollout } from '../../entities/rollout.js'
import type { WriteMeta } from '../../entities/written.js'
import { InUseError } from '../../shared/errors.js'
import type { WriteStep } from '../write/write.js'
import { rolloutStep } from './rollout-step.js'

/** A running rollout needs the label where it is, and the versions of its arms. */
export function disturbedRollouts(
  rollouts: readonly Rollout[],
  taken: { readonly labels: readonly string[]; readonly versions?: readonly number[] },
): readonly Rollout[] {
  return rollouts.filter(
    (rollout) =>
      rollout.status === 'running' &&
      (taken.labels.includes(rollout.label) || rollout.arms.some((arm) => taken.versions?.includes(arm.version))),
  )
}

/**
 * @param force what the caller said; `never` for writes that cannot be forced
 * @throws {InUseError} when a rollout would be disturbed and the caller did not say `force`
 */
export function refuseDisturbance(disturbed: readonly Rollout[], force: boolean | 'never' | undefined): void {
  const [rollout] = disturbed
  if (!rollout || force === true) return
  throw new InUseError(
    `Rollout ${rollout.id} runs on label "${rollout.label}" of ${rollout.kind} "${rollout.name}". ` +
      (force === 'never'
        ? 'Pause or conclude it first, or leave the label out.'
        : 'Pause or conclude it first, or pass force: true, which pauses it.'),
  )
}

/** Pauses the rollouts whose label or arms the write changes, so that no subject gets an arm of them; a caller has to resume them. */
export function pauseSteps(disturbed: readonly Rollout[], because: string, meta: WriteMeta & { readonly force?: boolean }): WriteStep[] {
  return disturbed.map((rollout) => rolloutStep('pause', rollout, { status: 'paused' }, { ...meta, summary: `Paused by ${because}` }))
}
