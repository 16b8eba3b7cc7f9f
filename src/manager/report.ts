import { isDeepStrictEqual } from 'node:util'
import type { Scope } from '../entities/scope.js'
import { loadDocuments } from '../store/load-documents.js'
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

/** A cached document that would be served and is not what the database says. */
export interface Mismatch {
  readonly scope: string
  readonly tier: 'memory' | 'redis'
  /** The revision the cached document claims. */
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

const BATCH_SIZE = 100

/** Documents that are known to be superseded are not served, so they cannot be wrong. */
export async function verifyCaches(backend: Backend): Promise<VerifyReport> {
  const { cache, reads, database, options } = backend
  await cache.log.catchUp()
  const held = cache.served()
  const log = await reads.run(() => readLog(database.db, options.schema, 0))
  const heads = new Map(log.heads.map((head) => [head.scope, head]))
  const mismatches = held.flatMap(({ scope, revision, token }) => {
    const head = heads.get(scope)
    // A change committed since the catchUp above is news, not a mistake.
    const isRight = head ? head.revision > (cache.log.applied ?? 0) || (head.revision === revision && head.token === token) : revision === 0
    return isRight ? [] : [{ scope, tier: 'memory' as const, cached: revision, actual: head?.revision ?? 0 }]
  })
  const inRedis = await verifyRedis(backend, [...new Set([...heads.keys(), ...held.map((entry) => entry.scope)])])
  return { checked: held.length + inRedis.checked, mismatches: [...mismatches, ...inRedis.mismatches] }
}

/** What Redis holds under the last revision of a scope must say what the database says; anything else there is passed over by readers. */
async function verifyRedis({ redis, reads, database, options }: Backend, scopes: readonly Scope[]): Promise<VerifyReport> {
  const mismatches: Mismatch[] = []
  let checked = 0
  for (let start = 0; redis && start < scopes.length; start += BATCH_SIZE) {
    const held = await redis.inspect(scopes.slice(start, start + BATCH_SIZE))
    const actual = await reads.run(() => loadDocuments(database.db, options.schema, [...held.keys()]))
    for (const [scope, { revision, token, text }] of held) {
      const right = actual.get(scope)
      if (right?.revision !== revision || right.token !== token) continue
      checked++
      if (!isSameJson(text, right.text)) mismatches.push({ scope, tier: 'redis', cached: revision, actual: right.revision })
    }
  }
  return { checked, mismatches }
}

/** PostgreSQL promises no order of an object's keys. */
function isSameJson(one: string, other: string): boolean {
  if (one === other) return true
  try {
    return isDeepStrictEqual(JSON.parse(one), JSON.parse(other))
  } catch {
    return false
  }
}

function upOrDown(isUp: boolean): 'up' | 'down' {
  return isUp ? 'up' : 'down'
}
