import type { JsonObject } from '../entities/json.js'
import type { Rollout } from '../entities/rollout.js'
import { type LabelMove, labelsData } from './labels.js'
import type { WriteSession } from './write-session.js'
import type { WriteMeta } from './written.js'

export type RolloutStepName = 'start' | 'ramp' | 'pause' | 'resume' | 'conclude'

const DONE: Record<RolloutStepName, string> = {
  start: 'Started',
  ramp: 'Ramped',
  pause: 'Paused',
  resume: 'Resumed',
  conclude: 'Concluded',
}

/** Notes a step of a rollout in the changelog: how it was and how it is, and the label's move if it concluded with a winner. */
export function logRollout(
  session: WriteSession,
  step: RolloutStepName,
  before: Rollout | undefined,
  after: Rollout,
  meta: WriteMeta & { readonly force?: boolean | undefined },
  moves: readonly LabelMove[] = [],
): void {
  session.log(
    {
      configType: after.kind,
      configId: null,
      configName: after.name,
      project: after.project,
      previousVersion: moves[0]?.from ?? null,
      newVersion: moves[0]?.to ?? null,
      changeType: `rollout_${step}`,
      changeSummary: `${DONE[step]} rollout ${after.id} on ${after.label} (${after.coverage} %)`,
      previousData: before ? { rollout: dataOf(before), ...labelsData(moves, 'from') } : null,
      newData: { rollout: dataOf(after), ...labelsData(moves, 'to'), ...(meta.force && { force: true }) },
    },
    meta,
  )
}

function dataOf({
  kind: _kind,
  project: _project,
  name: _name,
  createdAt: _createdAt,
  createdBy: _createdBy,
  ...rest
}: Rollout): JsonObject {
  return rest as unknown as JsonObject
}
