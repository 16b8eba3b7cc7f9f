import { LLMError, type LLMErrorReason } from '../shared/errors.js'
import type { CallScope } from './call-scope.js'
import { isRetryableStatus, parseRetryAfter } from './retry.js'

/** Whose error it is. */
export interface ErrorOrigin {
  readonly provider: string
  readonly model: string
  /** The text that had arrived, if an answer had begun. */
  readonly partial?: string | undefined
}

/**
 * Whatever a client that is not ours threw, as an `LLMError`: judged by the status it carries, by its name, and by what
 * the network says in its cause.
 */
export function foreignError(error: unknown, origin: ErrorOrigin, scope: CallScope): LLMError {
  if (scope.ending !== undefined) {
    const [what, facts] = scope.ending
    return new LLMError(`The call to ${origin.provider} ${what}.`, { ...origin, attempts: scope.attempts, ...facts })
  }
  if (error instanceof LLMError) return error
  const fields = (typeof error === 'object' && error !== null ? error : {}) as {
    name?: unknown
    code?: unknown
    cause?: { code?: unknown }
    statusCode?: unknown
    status?: unknown
    isRetryable?: unknown
    responseHeaders?: { [name: string]: string }
  }
  const message = error instanceof Error ? error.message : String(error)
  const status = [fields.statusCode, fields.status].find((value) => typeof value === 'number')
  const isBegun = origin.partial !== undefined
  const reason = reasonOf(fields, status, message, isBegun)
  return new LLMError(`${origin.provider}: ${message}`, {
    ...origin,
    reason,
    status,
    retryable: !isBegun && (reason === 'connection' || fields.isRetryable === true || (status !== undefined && isRetryableStatus(status))),
    retryAfterMs: parseRetryAfter(fields.responseHeaders?.['retry-after']),
    attempts: scope.attempts,
    cause: error,
  })
}

function reasonOf(
  fields: { name?: unknown; code?: unknown; cause?: { code?: unknown } },
  status: number | undefined,
  message: string,
  isBegun: boolean,
): LLMErrorReason {
  if (fields.name === 'AbortError') return 'aborted'
  if (isBegun) return 'stream'
  if (status === undefined) {
    if (fields.name === 'TimeoutError') return 'timeout'
    const code = fields.cause?.code ?? fields.code
    return typeof code === 'string' && /^(E[A-Z]+|UND_ERR_.*)$/.test(code) ? 'connection' : 'server'
  }
  if (status === 401 || status === 403) return 'auth'
  if (status === 404) return 'model_not_found'
  if (status === 429) return 'rate_limit'
  if (status === 503 || status === 529) return 'overloaded'
  if (status < 500 && /context (?:length|size|window)|too long|maximum context/i.test(message)) return 'context_length'
  return status < 500 && !isRetryableStatus(status) ? 'bad_request' : 'server'
}
