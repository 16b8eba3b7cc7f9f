import type { Outcome } from '../manager/outcomes.js'
import { isConfigError } from '../shared/errors.js'
import type { FlagManager } from './manager-watch.js'
import type { OpenFeatureContext, OpenFeatureTrackingDetails } from './openfeature-types.js'

/**
 * Records a tracking event as an outcome. Most events concern nothing that a guard watches: one that cannot be
 * an outcome is left out without an error.
 */
export function track(
  outcomes: FlagManager['outcomes'],
  eventName: string,
  context: OpenFeatureContext | undefined,
  details: OpenFeatureTrackingDetails | undefined,
): void {
  const subject = context?.targetingKey
  if (outcomes === undefined || subject === undefined) return
  try {
    outcomes.record({ subject, metric: eventName, ...measured(details) })
  } catch (error) {
    // The name is not valid for a metric, or the subject not valid for a rollout.
    if (!isConfigError(error, 'E_INVALID_ARGUMENT')) throw error
  }
}

/** An event without a value counts as an occurrence. */
function measured({ value, bad }: OpenFeatureTrackingDetails = {}): Pick<Outcome, 'bad' | 'value'> {
  const hasValue = typeof value === 'number' && Number.isFinite(value)
  return { bad: typeof bad === 'boolean' ? bad : !hasValue, ...(hasValue && { value }) }
}
