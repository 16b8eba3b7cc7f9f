import { StoreUnavailableError } from '../../shared/errors.js'
import type { RedisLike } from './redis-like.js'

/** Why a connection cannot be opened, or was lost. */
export interface RedisReasons {
  /** Why there is no connection now; `undefined` while there is one, or when nothing was said. */
  current(): unknown
}

/**
 * Remembers why a client has no connection. The commands that fail meanwhile say only that there is none: the reason, a wrong password or
 * an unknown host, comes as an event of the client.
 */
export function watchReasons(client: RedisLike): RedisReasons {
  let reason: unknown
  const remember = (error: unknown) => {
    reason = error
  }
  client.on('error', remember as never)
  // A Cluster's, about one of its nodes.
  client.on('node error', remember as never)
  client.on('ready', () => {
    reason = undefined
  })
  return { current: () => reason }
}

/**
 * The error that hosts are told: what the server or the network said, in their own words. It is a new one, since an error of ioredis holds
 * the command it belongs to: for AUTH, the password.
 *
 * @param secrets what must not be repeated; a Redis that knows no AUTH answers with what it was sent
 */
export function redisFailure(error: unknown, reason: unknown, secrets: readonly string[]): StoreUnavailableError {
  const words = wordsOf(isWithoutConnection(error) ? (reason ?? error) : error)
  return new StoreUnavailableError(`Redis cannot be used: ${secrets.reduce((text, secret) => text.replaceAll(secret, '***'), words)}`)
}

/** Whether the server answered, and refuses the command to this user. */
export function isRefusal(error: unknown): boolean {
  return error instanceof Error && /\bNOPERM\b|The user executing the script can't|ACL failure/i.test(error.message)
}

function isWithoutConnection(error: unknown): boolean {
  return (
    error instanceof Error &&
    /isn't writeable|isn't ready|Connection is closed|did not answer|Command timed out|max retries|None of/i.test(error.message)
  )
}

function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  // A Cluster says that no node could be asked, and keeps what the last one said.
  const { lastNodeError } = error as { lastNodeError?: unknown }
  if (lastNodeError instanceof Error) return `${error.message} ${wordsOf(lastNodeError)}`
  // Several addresses of one host were tried.
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.map(wordsOf).join('; ')
  return error.message || ((error as { code?: string }).code ?? error.name)
}
