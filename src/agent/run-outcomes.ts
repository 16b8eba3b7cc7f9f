import type { GuardMetric } from '../entities/guard.js'
import type { RunEvent } from './run-event.js'

/** One outcome of a run, of the subject that the run was for. */
export interface RunOutcome {
  readonly metric: string
  readonly bad?: boolean
  readonly value?: number
}

/** Facts about a run that its event does not have. */
export interface RunFacts {
  /** Its caller ended it: of such a run only the time it had taken says something about the version. */
  readonly isAborted: boolean
  /** No answer of a model fitted the schema, even the second time. */
  readonly isInvalid: boolean
}

/**
 * The outcomes of a run for a guarded rollout: `error`, `degraded` and `invalid_output`, good ones only for metrics that the guard watches;
 * each metric of the guard that has `overMs`; and the `cost`, where it is known.
 */
export function outcomesOf(
  { ok, degraded, durationMs, cost }: Pick<RunEvent, 'ok' | 'degraded' | 'durationMs' | 'cost'>,
  { isAborted, isInvalid }: RunFacts,
  metrics: readonly GuardMetric[],
): readonly RunOutcome[] {
  const timed = metrics.flatMap(({ name, overMs }) => (overMs === undefined ? [] : [{ metric: name, bad: durationMs > overMs }]))
  // A run that was ended early would have taken longer, so it is recorded only if it had taken too long already.
  if (isAborted) return timed.filter(({ bad }) => bad)
  const judged = [
    { metric: 'error', bad: !ok },
    { metric: 'degraded', bad: degraded },
    { metric: 'invalid_output', bad: isInvalid },
  ].filter(({ metric }) => !timed.some((other) => other.metric === metric))
  return [
    ...judged.filter(({ metric, bad }) => bad || metrics.some(({ name }) => name === metric)),
    ...timed,
    ...(cost === undefined ? [] : [{ metric: 'cost', value: cost }]),
  ]
}
