import { askToSignIn, token } from './session.js'

/** Where the API is: beside the page, wherever the host mounted the two. */
export const API = new URL('../api', document.baseURI).pathname

/** What the API refused, from its RFC 9457 problem; status 0 when it did not answer at all. */
export class ApiError extends Error {
  readonly status: number
  readonly code: string | undefined
  readonly title: string
  readonly problem: Readonly<Record<string, unknown>>

  constructor(status: number, problem: Readonly<Record<string, unknown>>) {
    super(String(problem.detail ?? `The host answered with status ${status}.`))
    this.status = status
    this.problem = problem
    this.code = typeof problem.code === 'string' ? problem.code : undefined
    this.title = String(problem.title ?? 'Something went wrong')
  }
}

export type Query = Readonly<Record<string, string | number | boolean | undefined>>

export interface CallOptions {
  readonly query?: Query | undefined
  readonly body?: unknown
  readonly signal?: AbortSignal | undefined
  /** Whether a missing sign-in opens the dialog. What runs by itself does not ask. @default true */
  readonly asks?: boolean
}

/** Calls the API. Asks to sign in when the host wants it, and then goes on where it was. */
export async function call<Answer>(method: string, path: string, options: CallOptions = {}): Promise<Answer> {
  const response = await send(method, path, options)
  const answer = await readJson(response)
  if (response.ok) return answer as Answer
  if (response.status === 401 && options.asks !== false && (await askToSignIn())) return call(method, path, options)
  if (response.status === 401) throw new ApiError(401, { ...answer, title: 'Not signed in', detail: 'Sign in to do this.' })
  throw new ApiError(response.status, answer)
}

export const get = <Answer>(path: string, query?: Query, options: Omit<CallOptions, 'query' | 'body'> = {}): Promise<Answer> =>
  call('GET', path, { ...options, query })

export const post = <Answer>(path: string, body: unknown = {}, query?: Query, signal?: AbortSignal): Promise<Answer> =>
  call('POST', path, { body, query, signal })

/** A query string of what is set, with its question mark. */
export function queryOf(values: Query): string {
  const set = Object.entries(values).flatMap(([name, value]) => (value === undefined || value === '' ? [] : [[name, String(value)]]))
  return set.length === 0 ? '' : `?${new URLSearchParams(set)}`
}

export function authorization(): Record<string, string> {
  return token.value === undefined ? {} : { authorization: `Bearer ${token.value}` }
}

async function send(method: string, path: string, { query = {}, body, signal }: CallOptions): Promise<Response> {
  try {
    return await fetch(API + path + queryOf(query), {
      method,
      headers: { ...authorization(), ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(signal && { signal }),
    })
  } catch (error) {
    if (signal?.aborted) throw error
    throw new ApiError(0, { title: 'No connection', detail: 'The host does not answer.' })
  }
}

async function readJson(response: Response): Promise<Record<string, unknown>> {
  try {
    return (await response.json()) as Record<string, unknown>
  } catch {
    return {}
  }
}
