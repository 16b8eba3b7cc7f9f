import type { LLMErrorFacts, LLMErrorReason } from '../shared/errors.js'
import { recordOf } from './ollama-answer.js'
import { isRetryableStatus } from './retry.js'

/** Words of a server error that blame the request: sent again it fails again. */
const REQUEST_AT_FAULT = /must be|invalid (?!memory)|unmarshal|illegal|unknown format/i

const REASONS: { readonly [status: number]: LLMErrorReason } = {
  401: 'auth',
  403: 'auth',
  429: 'rate_limit',
  499: 'aborted',
  503: 'overloaded',
}

/** What an answer's status and its text mean. */
export function factsOfStatus(status: number, text: string, model: string | undefined): LLMErrorFacts {
  let reason = REASONS[status]
  let hint: string | undefined
  if (status === 404) {
    const isModel = model !== undefined && /model.*not found/.test(text)
    reason = isModel ? 'model_not_found' : 'bad_request'
    hint = isModel ? `Fetch it with \`ollama pull ${model}\`.` : 'Is baseUrl an Ollama server?'
  }
  reason ??= /does not support/.test(text) ? 'unsupported' : /context (length|size|window)/.test(text) ? 'context_length' : undefined
  const isFault = status === 500 ? REQUEST_AT_FAULT.test(text) : status < 500 && !isRetryableStatus(status)
  reason ??= isFault ? 'bad_request' : 'server'
  return { reason, hint, status, retryable: isRetryableStatus(status) || (status === 500 && reason === 'server') }
}

/** The words of an error, in a body or on a line: `{"error": "…"}`, or a proxy's page. */
export function errorText(fields: unknown, body = ''): string {
  return String(recordOf(fields)?.error ?? body.trim()).slice(0, 500)
}
