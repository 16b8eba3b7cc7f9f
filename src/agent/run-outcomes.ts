import type { GuardMetric } from '../entities/guard.js'
import type { RunEvent } from './run-event.js'

/** One outcome of a run, of the subject that the run was for. */
export interface RunOutcome {
  readonly metric: string
  readonly bad?: boolean
  readonly value?: number
}

/** What a run was, besides its event. */
export interface RunFacts {
  /** Its caller ended it: that says nothing of the version, but for the time it had taken. */
  readonly isAborted: boolean
  /** No answer of a model fitted what was asked for, even when it was asked again. */
  readonly isInvalid: boolean
}

/**
 * What a guarded rollout is told of a run: `error`, `degraded` and `invalid_output`, of which good ones only where the guard watches them;
 * each metric of the guard that has `overMs`; and the `cost`, where it is known.
 */
export function outcomesOf(
  { ok, degraded, durationMs, cost }: Pick<RunEvent, 'ok' | 'degraded' | 'durationMs' | 'cost'>,
  { isAborted, isInvalid }: RunFacts,
  metrics: readonly GuardMetric[],
): readonly RunOutcome[] {
  const timed = metrics.flatMap(({ name, overMs }) => (overMs === undefined ? [] : [{ metric: name, bad: durationMs > overMs }]))
  // A run that was ended early would have taken longer: only that it took too long already is known.
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
