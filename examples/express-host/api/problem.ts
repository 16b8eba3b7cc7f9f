import { type ConfigErrorCode, isConfigError } from 'agent-config'
import type { ErrorRequestHandler } from 'express'

/** An error of the host's own, as RFC 9457 wants it. */
export class Problem extends Error {
  readonly status: number
  readonly code: string
  readonly field: string | undefined

  constructor(status: number, code: string, detail: string, field?: string) {
    super(detail)
    this.status = status
    this.code = code
    this.field = field
  }
}

const STATUSES: Readonly<Record<ConfigErrorCode, number>> = {
  E_INVALID_ARGUMENT: 400,
  E_FORBIDDEN: 403,
  E_NOT_FOUND: 404,
  E_ALREADY_EXISTS: 409,
  E_VERSION_CONFLICT: 409,
  E_CONTENT: 500,
  E_IN_USE: 409,
  E_TEMPLATE_SYNTAX: 422,
  E_TEMPLATE_VARIABLE: 422,
  E_LLM: 502,
  E_STORE_UNAVAILABLE: 503,
  E_MANAGER_CLOSED: 503,
  E_SETTINGS: 500,
  E_SETTINGS_FILE: 500,
  E_MIGRATION: 500,
}

const TITLES: Readonly<Record<number, string>> = {
  400: 'The request is not acceptable',
  401: 'A token is needed',
  403: 'Not allowed',
  404: 'Not found',
  409: 'In conflict with what is there',
  413: 'Too large',
  415: 'Not JSON',
  422: 'The template is not acceptable',
  502: 'The model did not answer',
  503: 'Not available at the moment',
}

/** What body-parser and Express call their own refusals. */
const REFUSALS: Readonly<Record<string, readonly [code: string, detail: string]>> = {
  'entity.too.large': ['E_TOO_LARGE', 'The body is larger than this host takes.'],
  'entity.parse.failed': ['E_MALFORMED', 'The body is not JSON.'],
}

/** Facts of the library's errors that help a caller, by their names on the wire. */
const FACTS = ['line', 'column', 'variables', 'label', 'expected', 'actual', 'outcome', 'reason'] as const

/** Turns whatever was thrown into `application/problem+json`. What nobody foresaw is told to `report`, and not to the caller. */
export function problems(report: (error: unknown) => void): ErrorRequestHandler {
  return (error, request, response, next) => {
    if (response.headersSent) return next(error)
    const problem = describe(error)
    if (problem.status === 500) report(error)
    if (problem.status === 401) response.set('WWW-Authenticate', 'Bearer')
    if (problem.status === 503) response.set('Retry-After', '1')
    response
      .status(problem.status)
      .type('application/problem+json')
      .send(JSON.stringify({ ...problem, instance: request.originalUrl.split('?')[0] }))
  }
}

function describe(error: unknown): { readonly status: number } & Record<string, unknown> {
  if (error instanceof Problem) return problem(error.status, error.code, error.message, { field: error.field })
  if (isConfigError(error)) {
    const status = STATUSES[error.code] ?? 500
    if (status !== 500) return problem(status, error.code, error.message, factsOf(error))
  }
  const { type, status } = (error ?? {}) as { type?: string; status?: number }
  const refusal = type === undefined ? undefined : REFUSALS[type]
  if (refusal) return problem(status ?? 400, ...refusal)
  if (status !== undefined && status >= 400 && status < 500) return problem(status, 'E_MALFORMED', 'The request cannot be read.')
  return problem(500, 'E_INTERNAL', 'Something went wrong. The log of the host says what.')
}

function problem(status: number, code: string, detail: string, facts: Record<string, unknown> = {}) {
  const type = `urn:agent-config:problem:${code.slice(2).toLowerCase().replaceAll('_', '-')}`
  return { type, title: TITLES[status] ?? 'Something went wrong', status, detail, code, ...facts }
}

function factsOf(error: Error): Record<string, unknown> {
  const known = error as unknown as Record<string, unknown>
  const field = known.code === 'E_TEMPLATE_SYNTAX' ? 'template' : snake(known.field)
  return { field, ...Object.fromEntries(FACTS.map((fact) => [fact, known[fact]])) }
}

function snake(field: unknown): string | undefined {
  return typeof field === 'string' ? field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`) : undefined
}
