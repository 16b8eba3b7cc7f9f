import type { Guard } from '../../entities/guard.js'
import type { JsonObject } from '../../entities/json.js'
import type { Rollout } from '../../entities/rollout.js'
import type { GuardCounts, GuardStart, JudgedMetric } from '../../rollout/guard.js'
import type { RolloutRamp } from '../../rollout/validate-rollout.js'
import { InvalidArgumentError } from '../../shared/errors.js'
import type { EntityState } from '../write/entity-state.js'
import type { Write } from '../write/write.js'
import { rolloutStep } from './rollout-step.js'

/** A guard as a column. When its evidence begins, the database says. */
export function guardColumn(guard: GuardStart | undefined): JsonObject {
  return guard === undefined ? {} : { guard: guard as unknown as JsonObject }
}

/** Whether a rollout's guard still has what it compares with: it has ended once the label is on another version than the control's. */
export function isGuarding({ guard, arms, label }: Rollout, { labels }: Pick<EntityState, 'labels'>): boolean {
  return guard !== undefined && labels.get(label) === arms[guard.control]?.version
}

/** Refuses new weights: subjects were exposed under the old ones, and by new ones equal arms would look unequal. */
export function refuseNewWeights({ weights, arms }: RolloutRamp): void {
  const option = weights !== undefined ? 'weights' : arms !== undefined ? 'arms' : undefined
  if (option === undefined) return
  throw new InvalidArgumentError(option, 'must not change while the rollout is guarded: ramp the coverage, or conclude and start anew')
}

export function checkAcknowledge(acknowledge: unknown): void {
  if (acknowledge !== undefined && typeof acknowledge !== 'boolean') throw new InvalidArgumentError('acknowledge', 'must be true or false')
}

/** The guard of a rollout that is resumed, as a column. Earlier conclusions stay stored; new evidence begins. */
export function resumedGuard({ id, guard }: Rollout, acknowledge = false): JsonObject {
  if (!guard) return {}
  if (guard.acted && !acknowledge) {
    throw new InvalidArgumentError(
      'acknowledge',
      `must be true to resume rollout ${id}: its guard found the candidate worse. Look at report(), then resume with acknowledge, or conclude.`,
    )
  }
  if (!acknowledge) return {}
  const { acted: _acted, alphaSpent: _derived, ...rest } = guard
  return guardColumn({ ...rest, acknowledged: guard.acknowledged + 1 })
}

/** The pause by a guard, with its evidence in the same transaction. Nothing is written when the rollout was changed since its numbers were read. */
export function guardPause(
  judged: Rollout & { readonly guard: Guard },
  worse: readonly JudgedMetric[],
  counts: GuardCounts,
): Write<boolean> {
  const { id, kind, project, name, guard } = judged
  const [first] = worse as readonly [JudgedMetric]
  return {
    asks: [{ kind, project, name }],
    decide: ([state]) => {
      const now = state?.rollouts.find((rollout) => rollout.id === id)
      const isSame = now?.status === 'running' && now.guard?.since === guard.since && state !== undefined && isGuarding(now, state)
      if (!isSame) return { steps: [], answer: () => false }
      const verdict = {
        since: guard.since,
        metric: first.metric,
        log_evidence: first.logEvidence,
        log_threshold: first.logThreshold,
        counts: counts as unknown as JsonObject,
      }
      const step = rolloutStep('pause', now, { status: 'paused' }, { changedBy: 'guard', summary: summaryOf(judged, worse, counts) })
      return { steps: [{ ...step, verdict } as typeof step], answer: () => true }
    },
  }
}

function summaryOf({ arms, guard }: Rollout & { readonly guard: Guard }, worse: readonly JudgedMetric[], counts: GuardCounts): string {
  const parts = worse.map(({ metric, evidence, threshold }) => {
    const bad = (arm: number) => counts.bad[metric]?.[arm] ?? 0
    return (
      `${metric}: ${bad(1 - guard.control)} bad subjects of version ${arms[1 - guard.control]?.version}, ` +
      `${bad(guard.control)} of version ${arms[guard.control]?.version}, evidence ${evidence.toPrecision(3)} of ${threshold.toPrecision(3)}`
    )
  })
  return `Paused by its guard. ${parts.join('; ')}`
}
