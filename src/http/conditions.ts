import type { Answer } from './answer.js'
import type { Exchange } from './exchange.js'
import { Problem } from './problem.js'

/** Whether a list of entity tags, or `*`, names one. Tags are compared weakly, so a compressed answer counts as the same. */
function names(header: string, etag: string): boolean {
  return header.trim() === '*' || header.split(',').some((tag) => bare(tag) === bare(etag))
}

function bare(tag: string): string {
  return tag.trim().replace(/^W\//, '')
}

/** 304 instead of an answer that the client has already. */
export function unlessKnown(answer: Answer, ifNoneMatch: string | undefined): Answer {
  const { etag } = answer.headers
  if (ifNoneMatch === undefined || etag === undefined || answer.status !== 200 || !names(ifNoneMatch, etag)) return answer
  const { 'content-type': _, ...headers } = answer.headers
  return { status: 304, headers }
}

/** What a write is to find. */
export interface Conditions {
  readonly ifMatch: string | undefined
  readonly ifNoneMatch: string | undefined
}

/** The conditions of a write; `undefined` when it has none. */
export function conditionsOf({ header }: Pick<Exchange, 'header'>): Conditions | undefined {
  const [ifMatch, ifNoneMatch] = [header('if-match'), header('if-none-match')]
  return ifMatch === undefined && ifNoneMatch === undefined ? undefined : { ifMatch, ifNoneMatch }
}

/**
 * @param current what a GET answers now
 * @throws {Problem} 412 when that is not what the client wants to find
 */
export function requireConditions({ ifMatch, ifNoneMatch }: Conditions, current: Answer | undefined): void {
  if (ifMatch !== undefined) requireMatch(ifMatch, current)
  if (ifNoneMatch !== undefined) requireNoMatch(ifNoneMatch, current)
}

/** RFC 9110, 13.1.1: a write that must meet what the client saw. */
function requireMatch(ifMatch: string, current: Answer | undefined): void {
  const etag = current?.headers.etag
  if (etag !== undefined && names(ifMatch, etag)) return
  const now = etag === undefined ? 'There is nothing of that name now.' : `It has the entity tag ${etag} now.`
  throw new Problem(412, 'E_CHANGED', `This is no longer what If-Match names. ${now} Read it again and decide with that in view.`)
}

/** RFC 9110, 13.1.2: with `*`, a write that must find nothing; with tags, one that must not meet what they name. */
function requireNoMatch(ifNoneMatch: string, current: Answer | undefined): void {
  const etag = current?.headers.etag
  if (etag === undefined || !names(ifNoneMatch, etag)) return
  throw new Problem(412, 'E_CHANGED', `This is what If-None-Match rules out: there is something of that name, with the entity tag ${etag}.`)
}
