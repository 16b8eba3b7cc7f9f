import type { LLMRegistry } from '../llm/llm-registry.js'
import { InvalidArgumentError } from '../shared/errors.js'
import { checkKeys } from '../shared/known-keys.js'
import type { Authenticate } from './actor.js'
import type { RedisStatistics } from './redis-statistics.js'
import { PLAYGROUND_DEFAULTS, type PlaygroundLimits } from './run-limiter.js'

/** How the API and the page are served. */
export interface ConfigHandlerOptions {
  /** The path that everything is below: the API in `<basePath>/api`, the page in `<basePath>/admin`. @default '/config' */
  readonly basePath?: string | undefined
  /**
   * Finds out who makes a request: `bearerTokens({ … })`, or a function that reads the host's own session. Required unless `anonymousReads`
   * is given.
   */
  readonly authenticate?: Authenticate | undefined
  /**
   * `'loopback'`: clients on this machine read without signing in, for development. Only behind `toNodeHandler`, which sees the socket, and
   * never in production (`NODE_ENV`). @default false
   */
  readonly anonymousReads?: 'loopback' | false | undefined
  /** Origins whose pages may write: `https://tools.example.com`. @default none but the handler's own */
  readonly trustedOrigins?: readonly string[] | undefined
  /** Whether the admin page is served. @default true */
  readonly admin?: boolean | undefined
  /** Models for the playground; without it there is no `POST /playground/run`. */
  readonly llm?: LLMRegistry | undefined
  /** How much of a model's time each actor may use, in this process. */
  readonly playground?: PlaygroundLimits | undefined
  /** Largest body, in bytes. @default 2_621_440 (a template of 1 MiB, escaped as JSON) */
  readonly maxBodyBytes?: number | undefined
  /** A Redis client for the figures of the cache page; the manager has its own connections. */
  readonly redisStatistics?: RedisStatistics | undefined
  /** Called with unexpected errors, which callers see as a 500 without details. @default nothing */
  readonly onError?: ((error: unknown, facts: { readonly requestId: string; readonly path: string }) => void) | undefined
}

export const HANDLER_DEFAULTS = { basePath: '/config', admin: true, maxBodyBytes: 2_621_440 } as const

const KEYS = [
  'basePath',
  'authenticate',
  'anonymousReads',
  'trustedOrigins',
  'admin',
  'llm',
  'playground',
  'maxBodyBytes',
  'redisStatistics',
  'onError',
] as const

/** Options with their defaults, checked. */
export interface ResolvedOptions extends Omit<ConfigHandlerOptions, 'basePath' | 'anonymousReads' | 'trustedOrigins'> {
  /** Without a slash at its end; empty for the root. */
  readonly basePath: string
  readonly anonymousReads: boolean
  readonly trustedOrigins: ReadonlySet<string>
  readonly admin: boolean
  readonly maxBodyBytes: number
}

/** @throws {InvalidArgumentError} when an option is not valid, or neither `authenticate` nor `anonymousReads` is given */
export function resolveOptions(options: ConfigHandlerOptions, variables: NodeJS.ProcessEnv = process.env): ResolvedOptions {
  checkKeys(options, KEYS, 'options')
  const { authenticate, anonymousReads = false, maxBodyBytes = HANDLER_DEFAULTS.maxBodyBytes, playground = {} } = options
  if (authenticate !== undefined && typeof authenticate !== 'function') {
    throw new InvalidArgumentError('authenticate', 'must be a function, such as bearerTokens({ ada: { token, can: roles.admin } })')
  }
  if (anonymousReads !== false && anonymousReads !== 'loopback')
    throw new InvalidArgumentError('anonymousReads', "must be 'loopback' or false")
  // These two names always mean production; another name need not mean a developer's machine.
  const isProduction = /^prod(uction)?$/i.test(variables.NODE_ENV?.trim() ?? '')
  if (authenticate === undefined && (anonymousReads === false || isProduction)) {
    const why =
      anonymousReads === false ? "or pass anonymousReads: 'loopback' on a developer's machine" : 'anonymousReads is not for production'
    throw new InvalidArgumentError('authenticate', `must be given: bearerTokens({ … }), or your session's own; ${why}`)
  }
  if (!Number.isSafeInteger(maxBodyBytes) || maxBodyBytes < 1) throw new InvalidArgumentError('maxBodyBytes', 'must be a number of bytes')
  checkKeys(playground, Object.keys(PLAYGROUND_DEFAULTS), 'playground')
  for (const [name, limit] of Object.entries(playground)) {
    if (limit !== undefined && !(typeof limit === 'number' && limit > 0))
      throw new InvalidArgumentError(`playground.${name}`, 'must be more than 0')
  }
  return {
    ...options,
    basePath: checkBasePath(options.basePath ?? HANDLER_DEFAULTS.basePath),
    anonymousReads: anonymousReads === 'loopback' && !isProduction,
    trustedOrigins: new Set((options.trustedOrigins ?? []).map(checkOrigin)),
    admin: options.admin ?? HANDLER_DEFAULTS.admin,
    maxBodyBytes,
  }
}

function checkBasePath(path: unknown): string {
  if (typeof path !== 'string' || !/^\/([\w.~-]+(\/[\w.~-]+)*\/?)?$/.test(path)) {
    throw new InvalidArgumentError(
      'basePath',
      'must be a path such as "/config": a slash, then letters, digits, "-", "_", ".", "~" and slashes',
    )
  }
  return path.replace(/\/$/, '')
}

function checkOrigin(origin: unknown, place: number): string {
  const field = `trustedOrigins[${place}]`
  if (typeof origin !== 'string' || !URL.canParse(origin) || new URL(origin).origin !== origin) {
    throw new InvalidArgumentError(field, 'must be an origin as browsers write it: https://tools.example.com, without a path')
  }
  return origin
}
