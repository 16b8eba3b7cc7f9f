import { isDeepStrictEqual } from 'node:util'
import { withDeadline } from '../shared/deadline.js'
import { ManagerClosedError, StoreUnavailableError } from '../shared/errors.js'
import { loadDocuments } from '../store/read/load-documents.js'
import { LogReader } from '../store/read/log-reader.js'
import type { Backend } from './backend.js'
import { isSameView, viewOf } from './cached-view.js'

/** Counters since the start, and the state of each server. */
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
  /** Revisions that were announced here and are not applied yet. */
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
  /** Why `ok` is false; the code is one of this package's, such as `E_MIGRATION` when the tables do not fit. Absent while all is well. */
  readonly error?: { readonly code: string; readonly message: string }
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

export function statsOf({ cache, connections }: Backend): ManagerStats {
  const { redis, primary } = connections
  const { counters, log, memory } = cache
  return {
    memory: { hits: counters.memoryHits, misses: counters.memoryMisses, ...memory },
    redis: { hits: redis?.counters.hits ?? 0, misses: redis?.counters.misses ?? 0, state: redis ? upOrDown(redis.isUp) : 'off' },
    database: { loads: counters.loads, state: upOrDown(primary.reads.isUp) },
    revision: log.applied,
    lag: log.lag,
    gaps: log.counters.gaps,
    catchUps: log.counters.catchUps,
    staleServed: counters.staleServed,
    refusedFills: counters.refusedFills,
  }
}

export async function healthOf(backend: Backend): Promise<Health> {
  const { cache, connections, announcements, options, isClosed } = backend
  const { redis, primary } = connections
  const { readMs } = options.timeouts
  const reading = isClosed ? Promise.reject(new ManagerClosedError()) : backend.startup.run().then(() => cache.log.catchUp())
  // No limit for the embedded database: its first start takes seconds, and no other process can make it wait.
  const timely = primary.database.isEmbedded
    ? reading
    : withDeadline(reading, readMs, () => new StoreUnavailableError('No answer in time.'))
  const [failure, isRedisUp] = await Promise.all([
    timely.then(
      () => undefined,
      (error: unknown) => error ?? new StoreUnavailableError('PostgreSQL cannot be used.'),
    ),
    isClosed ? false : redis?.answers(),
  ])
  const { applied, verifiedAt } = cache.log
  return {
    ok: failure === undefined,
    database: upOrDown(failure === undefined),
    redis: redis ? upOrDown(isRedisUp === true) : 'off',
    subscriber: announcements.bus.subscriber,
    revision: applied,
    ...(failure !== undefined && { error: reasonOf(failure) }),
    lastVerifiedAt: verifiedAt === undefined ? undefined : new Date(verifiedAt).toISOString(),
  }
}

function reasonOf(failure: unknown): { readonly code: string; readonly message: string } {
  const code = (failure as { code?: unknown }).code
  return { code: typeof code === 'string' ? code : 'unknown', message: failure instanceof Error ? failure.message : String(failure) }
}

const BATCH_SIZE = 100

/**
 * Compares what memory would serve, and what Redis holds under the last revision of a scope, with what the database says. Documents that
 * are known to be superseded are not served, and readers ignore other documents in Redis: so these are not compared.
 */
export async function verifyCaches(backend: Backend): Promise<VerifyReport> {
  const { cache, connections, options } = backend
  const { redis, primary } = connections
  const { database, reads } = primary
  await cache.log.catchUp()
  const inMemory = new Map(cache.served().map((entry) => [entry.scope, entry]))
  const log = redis && (await new LogReader(database.db, options.schema, (query) => reads.run(query)).read(0))
  const scopes = [...new Set([...(log?.heads ?? []).map((head) => head.scope), ...inMemory.keys()])]
  const mismatches: Mismatch[] = []
  let checked = 0
  for (let start = 0; start < scopes.length; start += BATCH_SIZE) {
    const batch = scopes.slice(start, start + BATCH_SIZE)
    const inRedis = await redis?.inspect(batch)
    const held = batch.filter((scope) => inMemory.has(scope) || inRedis?.has(scope))
    const actual = await reads.run(() => loadDocuments(database.db, options.schema, backend.kinds, held))
    for (const [scope, right] of actual) {
      const entry = inMemory.get(scope)
      const document = inRedis?.get(scope)
      const isNamed = ({ revision, token }: { revision: number; token: string }) => revision === right.revision && token === right.token
      // A document that changed after the catchUp above is not a mismatch.
      if (entry?.isUsable && right.revision <= (cache.log.applied ?? 0)) {
        checked++
        if (!isNamed(entry) || !isSameView(entry.value, viewOf(right, backend.kinds, false)))
          mismatches.push({ scope, tier: 'memory', cached: entry.revision, actual: right.revision })
      }
      if (document && isNamed(document)) {
        checked++
        if (!isSameDocument({ ...document, scope }, right, backend.kinds))
          mismatches.push({ scope, tier: 'redis', cached: document.revision, actual: right.revision })
      }
    }
  }
  return { checked, mismatches }
}

/**
 * Compares decoded documents: one cached before a migration lacks the columns it added, and they decode as null.
 */
function isSameDocument(document: Parameters<typeof viewOf>[0], right: Parameters<typeof viewOf>[0], kinds: Backend['kinds']): boolean {
  if (isSameJson(document.text, right.text)) return true
  try {
    return isSameView(viewOf(document, kinds, true), viewOf(right, kinds, false))
  } catch {
    return false
  }
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
