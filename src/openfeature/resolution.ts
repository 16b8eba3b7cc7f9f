import type { FlagDetails, FlagValue } from '../entities/flag.js'
import type { SelectionReason } from '../entities/selection.js'
import { type InvalidArgumentError, isConfigError } from '../shared/errors.js'
import type { OpenFeatureErrorCode, OpenFeatureResolution } from './openfeature-types.js'

/** OpenFeature's word for each way to a version. @see https://openfeature.dev/specification/types#resolution-reason */
const REASONS: Readonly<Record<SelectionReason, OpenFeatureResolution<unknown>['reason']>> = {
  split: 'SPLIT',
  forced: 'TARGETING_MATCH',
  label: 'STATIC',
  version: 'STATIC',
  paused: 'STATIC',
  condition: 'DEFAULT',
  'no-subject': 'DEFAULT',
}

/** What the SDK is told of a read of a flag. */
export function resolutionOf<Value>(details: FlagDetails<FlagValue>, fallback: Value, project: string): OpenFeatureResolution<Value> {
  const { value, version, reason, rolloutId, stale, error } = details
  if (reason === 'fallback') return failureOf(error, fallback, project)
  return {
    value: value as Value,
    variant: `v${version}`,
    reason: stale ? 'STALE' : REASONS[reason],
    flagMetadata: {
      project,
      version: version as number,
      ...(rolloutId !== undefined && { rolloutId }),
      ...(reason === 'paused' && { rolloutPaused: true }),
    },
  }
}

/** The caller's own value, with the error code and message. */
export function failureOf<Value>(error: unknown, fallback: Value, project: string): OpenFeatureResolution<Value> {
  const errorCode = codeOf(error)
  return {
    value: fallback,
    reason: errorCode === 'FLAG_NOT_FOUND' ? 'DEFAULT' : 'ERROR',
    flagMetadata: { project },
    errorCode,
    errorMessage: error instanceof Error ? error.message : String(error),
  }
}

function codeOf(error: unknown): OpenFeatureErrorCode {
  if (isConfigError(error, 'E_NOT_FOUND')) return 'FLAG_NOT_FOUND'
  if (!isConfigError(error, 'E_INVALID_ARGUMENT')) return 'GENERAL'
  switch ((error as InvalidArgumentError).field) {
    case 'fallback':
      return 'TYPE_MISMATCH'
    case 'subject':
    case 'attributes':
      return 'INVALID_CONTEXT'
    case 'name':
      // No flag can have such a name.
      return 'FLAG_NOT_FOUND'
    default:
      return 'GENERAL'
  }
}
