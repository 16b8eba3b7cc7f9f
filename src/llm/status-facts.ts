import type { LLMErrorFacts, LLMErrorReason } from '../shared/errors.js'
import { isRetryableStatus } from './retry.js'
import { recordOf } from './wire-values.js'

/** Words of a server error that blame the request: sent again it fails again. */
const REQUEST_AT_FAULT = /must be|invalid (?!memory)|unmarshal|illegal|unknown format/i
/** The model wrote a broken tool call or broken JSON (Ollama, llama.cpp, Groq); asked again it may write a good one. */
const MODEL_AT_FAULT = /pars\w+ tool call|tool call pars|failed_generation/i
const NO_SUCH_MODEL = /(?:model|deployment).*not.(?:found|exist)|(?:unknown|such|invalid) model|no endpoints found for/is
/** The same with status 400, where other words of a model are about the request: OpenRouter, Groq. */
const NO_MODEL_OF_400 = /not a valid model|model_(?:decommissioned|not_found)/i
const TOO_LONG = /context.(?:length|size|window)|maximum (?:context|prompt)|too (?:many tokens|long)|token count.*exceeds|`inputs`.*tokens/i

/**
 * The account has no credit left, or no requests for the day: a limit of speed passes, this does not. In the words of OpenAI, Moonshot,
 * one-api, DeepSeek, OpenRouter, Anthropic and Google.
 */
const NO_CREDIT = /insufficient[ _](?:\w*quota|\w*balance|credits)|exceeded_current_|credit balance is too low|billing_hard_limit|PerDay/i
/** OpenAI's words for the same without its code. Google has them for a limit of speed too, with the time to wait. */
const QUOTA = /plan and billing(?!.*(?:retryDelay|retry in))/is

const REASONS: { readonly [status: number]: LLMErrorReason } = {
  401: 'auth',
  403: 'auth',
  413: 'context_length',
  429: 'rate_limit',
  498: 'overloaded',
  499: 'aborted',
  503: 'overloaded',
  529: 'overloaded',
}

/** What an answer's status and its words, codes included, mean. The status of a failed request is 400 or more. */
export function factsOfStatus(status: number, text: string): LLMErrorFacts & { readonly retryable: boolean } {
  const isFaultOfModel = MODEL_AT_FAULT.test(text)
  const hasNoCredit = NO_CREDIT.test(text) || QUOTA.test(text)
  const isFaultOfRequest = !isFaultOfModel && (status === 500 ? REQUEST_AT_FAULT.test(text) : status < 500 && !isRetryableStatus(status))
  const reason =
    (hasNoCredit && 'rate_limit') ||
    (/request too large/i.test(text) && 'context_length') ||
    REASONS[status] ||
    ((status === 404 ? NO_SUCH_MODEL : NO_MODEL_OF_400).test(text) && 'model_not_found') ||
    (/does not support|support tool/.test(text) && 'unsupported') ||
    (TOO_LONG.test(text) && 'context_length') ||
    (/api key not valid/i.test(text) && 'auth') ||
    (isFaultOfRequest ? 'bad_request' : 'server')
  const mayPass = isRetryableStatus(status) ? reason !== 'context_length' : reason === 'server' && (status === 500 || isFaultOfModel)
  return { reason, status, retryable: mayPass && !hasNoCredit }
}

/**
 * The words of an error, in a body or on a line: `{"error": "…"}`, `{"error": {"message": "…"}}`, `{"detail": "…"}`,
 * or a proxy's page.
 */
export function errorText(value: unknown, body = ''): string {
  // Google's are the one item of a list.
  const fields = recordOf(Array.isArray(value) ? value[0] : value) ?? {}
  const error = fields.error ?? fields.message ?? fields.detail
  const said = recordOf(error)?.message ?? error ?? body.trim()
  return (typeof said === 'string' ? said : JSON.stringify(said)).slice(0, 500)
}
