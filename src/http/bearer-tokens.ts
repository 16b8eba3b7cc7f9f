import crypto from 'node:crypto'
import { InvalidArgumentError } from '../shared/errors.js'
import { checkKeys } from '../shared/known-keys.js'
import type { Action, Actor, Authenticate } from './actor.js'
import { roles } from './roles.js'

/** A token, and what its bearer may do. */
export interface BearerToken {
  /** At least 24 random characters: `openssl rand -hex 32`. */
  readonly token: string | undefined
  /** @default `roles.viewer`: the bearer only reads */
  readonly can?: (action: Action) => boolean | Promise<boolean>
}

/** How the handler asks for the header alone: making a `Request` for each one of Node's takes longer than a cached read. */
export const BY_HEADER = Symbol.for('agent-config.http.by-header')

/** Fewest characters of a token: 96 random bits, written as hexadecimal digits. */
export const SHORTEST_TOKEN = 24
const LONGEST_NAME = 1_000
/** What a header can carry as one word. */
const WORD = /^[\x21-\x7e]+$/
const AUTHORIZATION = /^Bearer +([\x21-\x7e]+) *$/i

/**
 * An `authenticate` for fixed tokens by the name of their bearer, sent as `Authorization: Bearer <token>`. Every comparison takes the same
 * time, whatever is sent. A text instead of `{ token, can }` is a token that only reads.
 *
 * @throws {InvalidArgumentError} when there is no token, one is undefined, too short or not sendable, or two are the same
 *
 * @example
 * ```ts
 * const authenticate = bearerTokens({
 *   ada: { token: process.env.ADA_TOKEN, can: roles.admin },
 *   dashboard: process.env.DASHBOARD_TOKEN,
 * })
 * ```
 */
export function bearerTokens(tokens: Readonly<Record<string, string | BearerToken | undefined>>): Authenticate {
  const named = Object.entries(tokens).map(([name, given]) => bearerOf(name, given))
  if (named.length === 0) throw new InvalidArgumentError('tokens', 'must hold one token or more')
  const width = Math.max(...named.map(({ token }) => token.length))
  const bearers = named.map(({ actor, token }) => ({ actor, padded: Buffer.alloc(width).fill(token, 0, token.length, 'latin1') }))
  for (const [place, { actor, padded }] of bearers.entries()) {
    const twin = bearers.findIndex((other) => other.padded.equals(padded))
    if (twin !== place)
      throw new InvalidArgumentError(`tokens.${actor.name}`, `must not be the token of "${bearers[twin]?.actor.name}" too`)
  }
  const written = Buffer.alloc(width)
  const byHeader = (authorization: string | null | undefined): Actor | undefined => {
    const sent = AUTHORIZATION.exec(authorization ?? '')?.[1]
    if (sent === undefined) return undefined
    // All have one length and are compared to the end, so that the time taken reveals nothing. Texts that are cut off here are longer than
    // any token.
    written.fill(0).write(sent, 0, width, 'latin1')
    let found: Actor | undefined
    for (const bearer of bearers) if (crypto.timingSafeEqual(bearer.padded, written)) found = bearer.actor
    return sent.length > width ? undefined : found
  }
  return Object.assign((request: Request) => byHeader(request.headers.get('authorization')), { [BY_HEADER]: byHeader })
}

function bearerOf(name: string, given: string | BearerToken | undefined): { readonly actor: Actor; readonly token: string } {
  const field = `tokens.${name}`
  if (name === '' || name.length > LONGEST_NAME) {
    throw new InvalidArgumentError('tokens', `must have names of 1 to ${LONGEST_NAME} characters: they stand in the changelog`)
  }
  if (typeof given === 'object' && given !== null) checkKeys(given, ['token', 'can'], field)
  const { token, can }: BearerToken = typeof given === 'object' && given !== null ? given : { token: given }
  // The message does not contain the token.
  if (typeof token !== 'string') throw new InvalidArgumentError(field, 'must be a token, got none: is its environment variable set?')
  if (token.length < SHORTEST_TOKEN) {
    throw new InvalidArgumentError(field, `must have at least ${SHORTEST_TOKEN} characters, got ${token.length}: openssl rand -hex 32`)
  }
  if (!WORD.test(token))
    throw new InvalidArgumentError(field, 'must be letters, digits and punctuation without blanks: it goes into a header')
  if (can === (roles.editor as unknown)) throw new InvalidArgumentError(`${field}.can`, 'must be what roles.editor() gives: call it')
  if (can !== undefined && typeof can !== 'function')
    throw new InvalidArgumentError(`${field}.can`, 'must be a function, such as roles.admin')
  return { actor: Object.freeze({ name, ...(can && { can }) }), token }
}
