import { LLMError, type LLMErrorReason } from '../shared/errors.js'
import type { CallScope } from './call-scope.js'
import { retryAfterOf } from './retry.js'
import { factsOfStatus } from './status-facts.js'
import { type Fields, numberOf, recordOf, stringOf } from './wire-values.js'

/** The client that the error came from. */
export interface ErrorOrigin {
  readonly provider: string
  readonly model: string
  /** The text that had arrived, if an answer had begun. */
  readonly partial?: string | undefined
}

/**
 * Makes an `LLMError` of what another client threw. Its reason comes from the status, from the error's name, and from what
 * the network says in its cause.
 */
export function foreignError(error: unknown, origin: ErrorOrigin, scope: CallScope): LLMError {
  if (scope.ending !== undefined) {
    const [what, facts] = scope.ending
    return new LLMError(`The call to ${origin.provider} ${what}.`, { ...origin, attempts: scope.attempts, ...facts })
  }
  if (error instanceof LLMError) return error
  const fields = recordOf(error) ?? {}
  const message = withoutPasswords(error instanceof Error ? error.message : String(error))
  const status = numberOf(fields.statusCode) ?? numberOf(fields.status)
  const said = [message, fields.code, fields.type, fields.responseBody].join(' ')
  const isBegun = origin.partial !== undefined
  const facts = status === undefined || status < 400 ? factsOf(fields, message) : factsOfStatus(status, said)
  const reason = isBegun && facts.reason !== 'aborted' ? 'stream' : facts.reason
  return new LLMError(`${origin.provider}: ${message}`, {
    ...origin,
    reason,
    status,
    // Other libraries call every 429 retryable; `factsOfStatus` tells an empty account apart.
    retryable: !isBegun && (facts.retryable || (fields.isRetryable === true && status !== 429)),
    retryAfterMs: retryAfter(fields),
    attempts: scope.attempts,
    cause: error,
  })
}

interface Judged {
  readonly reason: LLMErrorReason
  readonly retryable: boolean
}

/** Without a status: by the name of the error, and by what the network says in its cause or the cause of that. */
function factsOf(fields: Fields, message: string): Judged {
  const name = String(fields.name)
  if (/AbortError$/.test(name)) return { reason: 'aborted', retryable: false }
  if (name === 'TimeoutError') return { reason: 'timeout', retryable: false }
  const isNetwork =
    /^(?:fetch failed|failed to fetch)/i.test(message) || causesOf(fields).some(({ code }) => NETWORK_CODE.test(String(code)))
  return isNetwork ? { reason: 'connection', retryable: true } : { reason: 'server', retryable: false }
}

/** Codes of Node's sockets and of undici; `ERR_…` are faults of a program. */
const NETWORK_CODE = /^(?:E(?!RR_)[A-Z_]+|UND_ERR_\w+)$/

function causesOf(fields: Fields): Fields[] {
  const list: Fields[] = []
  for (let next: Fields | undefined = fields; next !== undefined && list.length < 5; next = recordOf(next.cause)) list.push(next)
  return list
}

/** The AI SDK keeps headers as an object, the `openai` package as `Headers`. */
function retryAfter({ responseHeaders, headers }: Fields): number | undefined {
  const kept = recordOf(responseHeaders) ?? recordOf(headers)
  if (kept === undefined) return undefined
  const get =
    typeof kept.get === 'function'
      ? (kept.get as (name: string) => string | null).bind(kept)
      : (name: string) => stringOf(kept[name]) ?? null
  return retryAfterOf({ get })
}

/** Errors of fetch show the address as it was given. */
function withoutPasswords(message: string): string {
  return message.replace(/\/\/[^/\s@]*@/g, '//***@')
}
