import type { LLMErrorFacts, LLMErrorReason } from '../shared/errors.js'
import { isRetryableStatus } from './retry.js'
import { recordOf } from './wire-values.js'

/** Words of a server error that blame the request: sent again it fails again. */
const REQUEST_AT_FAULT = /must be|invalid (?!memory)|unmarshal|illegal|unknown format/i
/** The model wrote a broken tool call; asked again it may write a good one. */
const MODEL_AT_FAULT = /parsing tool call/i
const NO_SUCH_MODEL = /model.*not.(?:found|exist)|(?:unknown|such|invalid) model/is
const TOO_LONG = /context.(?:length|size|window)|maximum context|too (?:many tokens|long)/i

/** The account has no credit left, in the words of OpenAI, Moonshot and one-api: a limit of speed passes, this does not. */
const NO_CREDIT = /insufficient_\w*(?:quota|balance)|exceeded_current_/

const REASONS: { readonly [status: number]: LLMErrorReason } = {
  401: 'auth',
  403: 'auth',
  429: 'rate_limit',
  499: 'aborted',
  503: 'overloaded',
  529: 'overloaded',
}

/** What an answer's status and its words, codes included, mean. The status of a failed request is 400 or more. */
export function factsOfStatus(status: number, text: string): LLMErrorFacts & { readonly retryable: boolean } {
  const isFaultOfRequest =
    status === 500 ? REQUEST_AT_FAULT.test(text) && !MODEL_AT_FAULT.test(text) : status < 500 && !isRetryableStatus(status)
  const reason =
    REASONS[status] ??
    (status === 404 && NO_SUCH_MODEL.test(text) ? 'model_not_found' : undefined) ??
    (/does not support/.test(text) ? 'unsupported' : TOO_LONG.test(text) ? 'context_length' : undefined) ??
    (isFaultOfRequest ? 'bad_request' : 'server')
  return { reason, status, retryable: !NO_CREDIT.test(text) && (isRetryableStatus(status) || (status === 500 && reason === 'server')) }
}

/**
 * The words of an error, in a body or on a line: `{"error": "…"}`, `{"error": {"message": "…"}}`, `{"detail": "…"}`,
 * or a proxy's page.
 */
export function errorText(value: unknown, body = ''): string {
  const fields = recordOf(value) ?? {}
  const error = fields.error ?? fields.message ?? fields.detail
  const said = recordOf(error)?.message ?? error ?? body.trim()
  return (typeof said === 'string' ? said : JSON.stringify(said)).slice(0, 500)
}
