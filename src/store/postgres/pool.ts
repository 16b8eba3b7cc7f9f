import type { PostgresPool, PostgresPoolClient } from 'kysely'
import { withDeadline } from '../../shared/deadline.js'
import { InvalidArgumentError, isConfigError, StoreUnavailableError } from '../../shared/errors.js'
import { batched } from './batched-client.js'
import { checkAnswer } from './driver-answer.js'
import { ownSession } from './own-session.js'

/** What this package needs of a connection pool; pg's Pool fits. Structural, so that a host's own copy of pg does too. */
export interface PoolLike {
  connect(): Promise<PoolClientLike>
  end(): Promise<void>
}

export interface PoolClientLike {
  // biome-ignore lint/suspicious/noExplicitAny: pg's overloads accept strings, configurations and cursors; only the shape of the answer matters here
  query(...args: any[]): any
  release(destroy?: boolean | Error): void
}

type Emitter = { on?: (event: string, listener: (...args: never[]) => void) => unknown }

export interface GuardedPoolOptions {
  /** Whether this package opened the pool, and has to end it. */
  readonly ownsPool: boolean
  /** Whether its connections take several statements in one text. */
  readonly isBatched?: boolean
  /** Most milliseconds a statement may take; `statement_timeout` does not help against a server that is frozen. */
  readonly queryMs: number
  /** Most milliseconds a read may take on a connection of this package's own pool. @default queryMs */
  readonly readMs?: number
  /** Called when the server has no connection left; says whether to try again. */
  readonly makeRoom?: () => Promise<boolean>
}

/**
 * A pool that never hands out a connection in an unknown state.
 *
 * A query that times out on the client leaves its transaction open on the connection: in the pool, the next borrower's statements would
 * run inside it and never be committed. And a backend that is killed while its connection is lent out raises an `error` event, which ends
 * the process when nobody listens. So every client gets a listener, and one that failed with anything but a plain database error is
 * destroyed on release.
 */
export function guardedPool(
  pool: PoolLike,
  { ownsPool, isBatched = false, queryMs, readMs = queryMs, makeRoom }: GuardedPoolOptions,
): PostgresPool {
  // At once after connecting: the packet that says it is ready may already hold the message that ends it.
  if (listen(pool)) (pool as Emitter).on?.('connect', listen)
  return {
    connect: async () => {
      const client = await connect(pool, queryMs, makeRoom)
      listen(client)
      // Only connections of an own pool are prepared: a host's pool may reset its own between uses (DISCARD ALL).
      return guardedClient(client, { queryMs, isBatched }, ownsPool ? ownSession(client, readMs) : undefined)
    },
    end: async () => {
      if (ownsPool) await pool.end()
    },
  }
}

/** Once for each, however many repositories share a pool. */
const LISTENED = new WeakSet<object>()

/** @returns whether it had no listener of this package's yet */
function listen(emitter: PoolClientLike | PoolLike): boolean {
  if (LISTENED.has(emitter)) return false
  LISTENED.add(emitter)
  ;(emitter as Emitter).on?.('error', () => {})
  return true
}

async function connect(pool: PoolLike, ms: number, makeRoom: GuardedPoolOptions['makeRoom']): Promise<PoolClientLike> {
  try {
    return checkClient(await lend(pool, ms))
  } catch (error) {
    if (isConfigError(error)) throw error
    if (makeRoom && isCrowded(error) && (await makeRoom())) return connect(pool, ms, makeRoom)
    const reason = isCrowded(error) ? 'connections' : 'unreachable'
    throw new StoreUnavailableError(`PostgreSQL cannot be reached: ${reasonOf(error)}`, { cause: error, reason, retryable: true })
  }
}

/** A host's pool may let its callers wait for ever: pg's does unless told otherwise. A client that comes too late goes back at once. */
function lend(pool: PoolLike, ms: number): Promise<PoolClientLike> {
  let isLate = false
  const lent = Promise.resolve(pool.connect())
  void lent.then((client) => isLate && client?.release()).catch(() => {})
  return withDeadline(lent, ms, () => {
    isLate = true
    return new StoreUnavailableError(`The pool gave no connection within ${ms} ms.`, { reason: 'connections', retryable: true })
  })
}

function checkClient(client: PoolClientLike | undefined): PoolClientLike {
  if (typeof client?.query === 'function' && typeof client.release === 'function') return client
  throw new InvalidArgumentError('database', 'must be a pool whose connect() resolves with a client that has query() and release()')
}

function guardedClient(
  client: PoolClientLike,
  { queryMs, isBatched }: { readonly queryMs: number; readonly isBatched: boolean },
  prepare: ReturnType<typeof ownSession> = (args) => args,
): PostgresPoolClient {
  let failure: Error | undefined
  const send = (...args: readonly unknown[]) => {
    // The connection is lost: a further statement, such as the ROLLBACK after a timeout, would only wait for its own timeout.
    if (failure) return Promise.reject(failure)
    const answer = attempt(() => client.query(...prepare(args)) as unknown)
    // A cursor, for example, is not a promise: it is returned unchanged.
    if (!isThenable(answer)) return answer
    // The promise may be another library's, so it is wrapped before `withDeadline` uses it.
    const timely = withDeadline(Promise.resolve(answer), queryMs, () => new Error(`no answer within ${queryMs} ms`))
    return timely.then(checkAnswer, (error: unknown) => {
      if (isDatabaseError(error)) throw error
      const lost = unavailable(error)
      failure = lost
      throw lost
    })
  }
  return {
    query: (isBatched ? batched(send) : send) as PostgresPoolClient['query'],
    release: () => client.release(failure),
  }
}

function attempt(query: () => unknown): unknown {
  try {
    return query()
  } catch (error) {
    return Promise.reject(error)
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | undefined)?.then === 'function'
}

/** Whether the server, this database or this role has as many connections as it may have. */
export function isCrowded(error: unknown): boolean {
  return (error as { code?: unknown } | undefined)?.code === '53300'
}

/** An error that PostgreSQL itself reported and that leaves the connection usable. */
export function isDatabaseError(error: unknown): error is Error & { readonly code: string } {
  if (!(error instanceof Error) || !('severity' in error) || !('code' in error)) return false
  // Class 57P: the server is going down or has ended this connection. Class 08: a pooler reports the same of its own connection to the server.
  return typeof error.code === 'string' && error.code.length === 5 && !/^(57P|08)/.test(error.code)
}

function unavailable(error: unknown): Error {
  return new StoreUnavailableError(`PostgreSQL cannot be reached or did not answer in time: ${reasonOf(error)}`, {
    cause: error,
    reason: 'unreachable',
    retryable: true,
  })
}

// The driver's messages name host, port and user, never the password.
function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message || ((error as { code?: string }).code ?? error.name) : String(error)
}
