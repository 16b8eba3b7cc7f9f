import type { JsonObject } from '../../entities/json.js'
import type { Rollout } from '../../entities/rollout.js'
import type { WriteMeta } from '../../entities/written.js'
import type { RolloutSplit } from '../../rollout/validate-rollout.js'
import type { RolloutTarget } from '../read/rollout-rows.js'
import type { WriteStep } from '../write/write.js'

export type RolloutStepName = 'start' | 'ramp' | 'pause' | 'resume' | 'conclude'

const DONE: Record<RolloutStepName, string> = {
  start: 'Started',
  ramp: 'Ramped',
  pause: 'Paused',
  resume: 'Resumed',
  conclude: 'Concluded',
}

/** A step of a rollout, as a part of a write. */
export function rolloutStep(
  step: RolloutStepName,
  { id, label, coverageBasisPoints }: Pick<Rollout, 'id' | 'label' | 'coverageBasisPoints'>,
  columns: JsonObject,
  meta: WriteMeta & { readonly force?: boolean | undefined },
): WriteStep {
  return {
    do: 'rollout',
    id,
    columns,
    change: `rollout_${step}`,
    summary: meta.summary,
    defaultSummary: `${DONE[step]} rollout ${id} on ${label} (${coverageBasisPoints / 100} %)`,
    by: meta.changedBy,
    ...(meta.force && { force: true }),
  }
}

/** A split as columns. */
export function splitColumns(split: RolloutSplit): JsonObject {
  return {
    arms: split.arms,
    coverage_basis_points: split.coverageBasisPoints,
    sticky: split.sticky,
    forced: split.forced ?? null,
    conditions: split.when ?? null,
    schedule: split.schedule ?? null,
    record_exposures: split.recordExposures,
    enrol: split.enrol ?? null,
  } as unknown as JsonObject
}

/** A rollout that begins, as columns. */
export function startColumns(target: RolloutTarget & { readonly label: string }, split: RolloutSplit): JsonObject {
  const { kind, project, name, label } = target
  return { kind, project, name, label, status: 'running', ...splitColumns(split) }
}
