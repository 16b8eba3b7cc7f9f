import { ask } from './dialog.js'
import { field, h } from './dom.js'

const BASE = new URL('../api', import.meta.url).pathname
const KEY = 'agent-config-token'

// A link printed at start carries its token in the fragment; it leaves the address bar at once.
const [, linked] = /^#token=(.+)$/.exec(location.hash) ?? []
if (linked) {
  sessionStorage.setItem(KEY, decodeURIComponent(linked))
  history.replaceState(null, '', `${location.pathname}#/prompts`)
}

/** What the host refused, with its RFC 9457 problem. */
export class ApiError extends Error {
  constructor(problem) {
    super(problem.detail)
    this.problem = problem
  }
}

/** Calls the API. Asks for the token when it is missing, and goes on when it was given. */
export async function call(method, path, body, { signal } = {}) {
  const response = await fetch(BASE + path, {
    method,
    signal,
    headers: { ...authorization(), ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  })
  const answer = await response.json()
  if (response.ok) return answer
  if (response.status !== 401) throw new ApiError(answer)
  signIn()
  throw new ApiError({ ...answer, detail: 'Sign in to do this.' })
}

export const get = (path, options) => call('GET', path, undefined, options)
export const post = (path, body = {}, options) => call('POST', path, body, options)

/** The stream of events, with the token in its header: EventSource cannot send one. */
export async function openEvents(signal) {
  const response = await fetch(`${BASE}/events`, { headers: authorization(), signal })
  if (!response.ok) throw new ApiError(await response.json())
  return response.body.pipeThrough(new TextDecoderStream()).getReader()
}

/** A query string of what is set. */
export function queryOf(values) {
  const set = Object.entries(values).filter(([, value]) => value !== undefined && value !== '')
  return set.length ? `?${new URLSearchParams(set)}` : ''
}

export function isSignedIn() {
  return sessionStorage.getItem(KEY) !== null
}

export function signOut() {
  sessionStorage.removeItem(KEY)
  location.reload()
}

/** The token stays in this tab, until it is closed. */
export function signIn() {
  if (document.querySelector('dialog')) return
  const token = h('input', { type: 'password', required: true, autocomplete: 'off', id: 'token' })
  ask({
    title: 'Sign in',
    text: 'The host takes a token. It stays in this tab until you close it.',
    action: 'Sign in',
    fields: [field('Token', token)],
    submit: async () => {
      sessionStorage.setItem(KEY, token.value.trim())
      location.reload()
    },
  })
}

function authorization() {
  const token = sessionStorage.getItem(KEY)
  return token === null ? {} : { authorization: `Bearer ${token}` }
}
