import { isConfigError, type LLMError } from '../shared/errors.js'

/** The value of `error.type`, of which there are few: the reason of a failed call to a model, the code of another error, or its class. */
export function errorType(error: unknown): string {
  if (isConfigError(error, 'E_LLM')) return (error as LLMError).reason
  if (isConfigError(error)) return error.code
  return error instanceof Error ? error.name : '_OTHER'
}
