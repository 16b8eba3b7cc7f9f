import { isConfigError } from '../shared/errors.js'

/** One fault of a request. */
export interface Complaint {
  /** Where in the body, as a JSON pointer (RFC 6901): `/labels/0`. */
  readonly pointer?: string
  /** Or which parameter of the query. */
  readonly parameter?: string
  readonly detail: string
}

/** More to say about a problem. */
export interface ProblemFacts {
  /** The first thing that is wrong, as a path: `labels[0]`. */
  readonly field?: string | undefined
  readonly errors?: readonly Complaint[] | undefined
  /** Headers of the answer. */
  readonly headers?: Readonly<Record<string, string>> | undefined
}

/** A refusal of the API's own, as RFC 9457 wants it. */
export class Problem extends Error {
  readonly status: number
  readonly code: string
  readonly facts: ProblemFacts

  constructor(status: number, code: string, detail: string, facts: ProblemFacts = {}) {
    super(detail)
    this.status = status
    this.code = code
    this.facts = facts
  }
}

export function notFound(detail: string): Problem {
  return new Problem(404, 'E_NOT_FOUND', detail)
}

/** A problem as it is sent. */
export interface ProblemBody {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly code: string
  readonly [fact: string]: unknown
}

/** Errors of the library that the caller of a request can act on; every other error is a 500. */
const STATUSES: Readonly<Record<string, number>> = {
  E_INVALID_ARGUMENT: 400,
  E_FORBIDDEN: 403,
  E_NOT_FOUND: 404,
  E_ALREADY_EXISTS: 409,
  E_VERSION_CONFLICT: 409,
  E_CHANGED: 412,
  E_CONTENT: 500,
  E_IN_USE: 409,
  E_TEMPLATE_SYNTAX: 422,
  E_TEMPLATE_VARIABLE: 422,
  E_LLM: 502,
  E_STORE_UNAVAILABLE: 503,
  E_MANAGER_CLOSED: 503,
}

export const TITLES: Readonly<Record<number, string>> = {
  400: 'The request is not acceptable',
  401: 'Sign in first',
  403: 'Not allowed',
  404: 'Not found',
  405: 'Not with this method',
  409: 'In conflict with what is there',
  412: 'Changed in the meantime',
  413: 'Too large',
  415: 'Not JSON',
  422: 'Not acceptable as it is',
  429: 'Too many requests',
  500: 'Something went wrong',
  502: 'The model did not answer',
  503: 'Not available at the moment',
}

/** Facts of the library's errors that help a caller, by their names on the wire. */
const FACTS = ['line', 'column', 'variables', 'label', 'expected', 'actual', 'outcome', 'reason'] as const

/** A problem, ready to be sent. */
export interface Refusal {
  readonly body: ProblemBody
  readonly headers: Record<string, string>
  /** False for an unexpected error: the caller gets no details, and `onError` is called. */
  readonly isForeseen: boolean
}

/**
 * Any thrown value as a problem.
 *
 * @param hasBody whether fields that the library names stood in a body, rather than in the query
 */
export function problemOf(error: unknown, hasBody: boolean): Refusal {
  if (error instanceof Problem) {
    const { field, errors, headers } = error.facts
    return {
      body: bodyOf(error.status, error.code, error.message, { field, errors }),
      headers: headersOf(error.status, headers),
      isForeseen: true,
    }
  }
  const status = isConfigError(error) ? STATUSES[error.code] : undefined
  if (status !== undefined && isConfigError(error)) {
    return { body: bodyOf(status, error.code, error.message, factsOf(error, hasBody)), headers: headersOf(status), isForeseen: true }
  }
  const detail = 'Something went wrong. The log of the host says what.'
  return { body: bodyOf(500, 'E_INTERNAL', detail), headers: {}, isForeseen: false }
}

function bodyOf(status: number, code: string, detail: string, facts: Record<string, unknown> = {}): ProblemBody {
  const type = `urn:agent-config:problem:${code.slice(2).toLowerCase().replaceAll('_', '-')}`
  return { type, title: TITLES[status] ?? 'Something went wrong', status, detail, code, ...facts }
}

function headersOf(status: number, given: Readonly<Record<string, string>> = {}): Record<string, string> {
  if (status === 401) return { 'www-authenticate': 'Bearer', ...given }
  return status === 503 ? { 'retry-after': '1', ...given } : { ...given }
}

function factsOf(error: Error, hasBody: boolean): Record<string, unknown> {
  const known = error as unknown as Record<string, unknown>
  const field = known.code === 'E_TEMPLATE_SYNTAX' ? 'template' : snake(known.field)
  const place = field === undefined ? undefined : hasBody ? { pointer: pointerOf(field) } : { parameter: field }
  const errors = place && [{ ...place, detail: error.message }]
  return { field, errors, ...Object.fromEntries(FACTS.map((fact) => [fact, known[fact]])) }
}

/** `arms[0].version` as a JSON pointer: `/arms/0/version`. */
function pointerOf(field: string): string {
  const parts = field.split(/\.|\[(\d+)\]\.?/).filter((part) => part !== undefined && part !== '')
  return parts.map((part) => `/${part.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}

function snake(field: unknown): string | undefined {
  return typeof field === 'string' ? field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`) : undefined
}
