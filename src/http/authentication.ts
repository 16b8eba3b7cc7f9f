import type { Action, Actor, Authenticate } from './actor.js'
import { BY_HEADER } from './bearer-tokens.js'
import type { Endpoint } from './endpoint.js'
import type { Exchange } from './exchange.js'
import { Problem } from './problem.js'
import { roles } from './roles.js'

/** Who may make requests. */
export interface AccessRules {
  readonly authenticate: Authenticate | undefined
  /** Whether clients on this machine may read without signing in. */
  readonly anonymousReads: boolean
}

/** The actor of requests without a sign-in; it only reads. */
export const ANONYMOUS: Actor = Object.freeze({ name: 'anonymous', can: roles.viewer })

/**
 * Who makes a request.
 *
 * @throws {Problem} 401 when the caller is unknown, 403 when it may not read
 */
export async function actorOf(exchange: Exchange, access: Endpoint['access'], rules: AccessRules): Promise<Actor> {
  const actor = await identify(exchange, rules.authenticate)
  if (actor !== undefined && actor !== null) {
    if (typeof actor.name === 'string' && actor.name !== '') return actor
    throw new TypeError('authenticate answered with an actor without a name. The changelog needs one.')
  }
  const mayReadAnonymously = rules.anonymousReads && access !== 'write' && !(rules.authenticate && exchange.header('authorization'))
  if (mayReadAnonymously && exchange.locality() === 'here') return ANONYMOUS
  if (mayReadAnonymously && exchange.locality() === 'foreign-host') {
    throw new Problem(403, 'E_FOREIGN_HOST', 'Without signing in this host answers to localhost only.')
  }
  if (!rules.authenticate && access === 'write') {
    throw new Problem(403, 'E_READ_ONLY', 'This host serves reads only: its handler was made without authenticate.')
  }
  throw new Problem(401, 'E_UNAUTHENTICATED', 'Say who you are: with "Authorization: Bearer <token>", or by signing in to the host.')
}

function identify(exchange: Exchange, authenticate: Authenticate | undefined): Actor | undefined | Promise<Actor | undefined> {
  const byHeader = (authenticate as { readonly [BY_HEADER]?: (authorization: string | undefined) => Actor | undefined } | undefined)?.[
    BY_HEADER
  ]
  return byHeader ? byHeader(exchange.header('authorization')) : authenticate?.(exchange.request(), { incoming: exchange.incoming })
}

/** @throws {Problem} 403 when the actor may not */
export async function permit({ name, can = roles.viewer }: Actor, action: Action): Promise<void> {
  if (await mayDo({ name, can }, action)) return
  const on = action.labels.length === 0 ? '' : ` on ${action.labels.map((label) => `"${label}"`).join(', ')}`
  throw new Problem(403, 'E_FORBIDDEN', `"${name}" may not ${action.verb.replaceAll('_', ' ')} ${action.kind} "${action.name}"${on}.`)
}

/** Anything but `true` is a refusal. */
export async function mayDo({ can = roles.viewer }: Actor, action: Action): Promise<boolean> {
  return (await can(action)) === true
}
