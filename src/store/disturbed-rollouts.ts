import type { Rollout } from '../entities/rollout.js'
import { InUseError } from '../shared/errors.js'
import { logRollout } from './rollout-log.js'
import { updateRollout } from './rollout-rows.js'
import type { WriteSession } from './write-session.js'
import type { WriteMeta } from './written.js'

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
 * @throws {InUseError} when a rollout would be disturbed and nobody said `force`
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

/** Nobody is given an arm by a rollout whose ground has shifted; resuming it is a decision of its own. */
export async function pauseDisturbed(
  session: WriteSession,
  schema: string,
  disturbed: readonly Rollout[],
  because: string,
  meta: WriteMeta,
): Promise<void> {
  for (const rollout of disturbed) {
    const paused = await updateRollout(session.transaction, schema, rollout.id, { status: 'paused' })
    logRollout(session, 'pause', rollout, paused, { ...meta, summary: `Paused by ${because}` })
  }
}
