import { readLog } from '../store/read-log.js'
import type { Backend } from './backend.js'

/** Counters since the start, and how things stand. */
export interface ManagerStats {
  readonly memory: { readonly hits: number; readonly misses: number; readonly entries: number; readonly bytes: number }
  readonly redis: { readonly hits: number; readonly misses: number; readonly state: 'up' | 'down' | 'off' }
  readonly database: {
    /** Documents loaded. */
    readonly loads: number
    readonly state: 'up' | 'down'
  }
  /** Every change up to this revision is known here; `undefined` until the log was read once. */
  readonly revision: number | undefined
  /** Revisions heard of and not applied yet. */
  readonly lag: number
  /** Gaps in the announcements that lasted until the log was read. */
  readonly gaps: number
  /** Reads of the log. */
  readonly catchUps: number
  /** Last good values served while they could not be confirmed. */
  readonly staleServed: number
  /** Documents dropped on arrival, because something newer was announced while they were on their way. */
  readonly refusedFills: number
}

export interface Health {
  /** Whether PostgreSQL answers and the log was read. */
  readonly ok: boolean
  readonly database: 'up' | 'down'
  readonly redis: 'up' | 'down' | 'off'
  /** Whether changes are announced to this process, rather than found by its poll. */
  readonly subscriber: 'up' | 'down' | 'off'
  readonly revision: number | undefined
  /** When the log was last read; ISO 8601. */
  readonly lastVerifiedAt: string | undefined
}

/** A document in memory that is not what the database says. */
export interface Mismatch {
  readonly scope: string
  readonly cached: number
  readonly actual: number
}

export interface VerifyReport {
  readonly checked: number
  readonly mismatches: readonly Mismatch[]
}

export function statsOf({ cache, redis, reads }: Backend): ManagerStats {
  const { counters, log, memory } = cache
  return {
    memory: { hits: counters.memoryHits, misses: counters.memoryMisses, ...memory },
    redis: { hits: redis?.counters.hits ?? 0, misses: redis?.counters.misses ?? 0, state: redis ? upOrDown(redis.isUp) : 'off' },
    database: { loads: counters.loads, state: upOrDown(reads.isUp) },
    revision: log.applied,
    lag: log.lag,
    gaps: log.counters.gaps,
    catchUps: log.counters.catchUps,
    staleServed: counters.staleServed,
    refusedFills: counters.refusedFills,
  }
}

export async function healthOf(backend: Backend): Promise<Health> {
  const { cache, redis, bus } = backend
  const isReadable = await Promise.all([
    backend.isClosed ? Promise.reject() : backend.start().then(() => cache.log.catchUp()),
    redis?.probe(),
  ]).then(
    () => true,
    () => false,
  )
  const { applied, verifiedAt } = cache.log
  return {
    ok: isReadable,
    database: upOrDown(isReadable),
    redis: redis ? upOrDown(redis.isUp) : 'off',
    subscriber: bus.subscriber,
    revision: applied,
    lastVerifiedAt: verifiedAt === undefined ? undefined : new Date(verifiedAt).toISOString(),
  }
}

/** Documents that are known to be superseded are not served, so they cannot be wrong. */
export async function verifyMemory({ cache, reads, database, options }: Backend): Promise<VerifyReport> {
  await cache.log.catchUp()
  const held = cache.served()
  const log = await reads.run(() => readLog(database.db, options.schema, 0))
  const heads = new Map(log.heads.map((head) => [head.scope, head]))
  const mismatches = held.flatMap(({ scope, revision, token }) => {
    const head = heads.get(scope)
    // A change committed since the catchUp above is news, not a mistake.
    const isRight = head ? head.revision > (cache.log.applied ?? 0) || (head.revision === revision && head.token === token) : revision === 0
    return isRight ? [] : [{ scope, cached: revision, actual: head?.revision ?? 0 }]
  })
  return { checked: held.length, mismatches }
}

function upOrDown(isUp: boolean): 'up' | 'down' {
  return isUp ? 'up' : 'down'
}
