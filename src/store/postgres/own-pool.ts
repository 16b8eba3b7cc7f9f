import pg from 'pg'
import { InvalidArgumentError } from '../../shared/errors.js'

/** Most connections of a pool that this package opens. */
const POOL_SIZE = 10

/** How long a pool opens no further connection after the server refused one. */
const CROWDED_MS = 10_000

/** Between two attempts to get the first connection. */
const PAUSE_MS = 50

/** What pg reads as an address: a URL, or the folder of a socket. */
const ADDRESS = /^(postgres(ql)?:\/\/|socket:|\/)/

/**
 * A pool of this package's own. Nothing connects before the first query.
 *
 * @throws {InvalidArgumentError} when pg cannot read the address
 */
export function ownPool(url: string, databaseMs: number): pg.Pool {
  checkAddress(url)
  return new pg.Pool({
    connectionString: url,
    // Seen in pg_stat_activity, unless the address or PGAPPNAME says otherwise.
    fallback_application_name: 'agent-config',
    max: POOL_SIZE,
    // One connection stays: with an idle timeout shorter than the poll, each poll would open a connection.
    min: 1,
    allowExitOnIdle: true,
    connectionTimeoutMillis: databaseMs,
    keepAlive: true,
  })
}

/** Makes a pool work with fewer connections for a while when the server has none to spare. */
export function fewerConnections(pool: pg.Pool, databaseMs: number): () => Promise<boolean> {
  const most = pool.options.max
  let refusedAt = 0
  let restore: NodeJS.Timeout | undefined
  return async () => {
    // Waiting callers get the connections that exist.
    if (pool.totalCount > 0) {
      pool.options.max = pool.totalCount
      clearTimeout(restore)
      restore = setTimeout(() => {
        pool.options.max = most
      }, CROWDED_MS).unref()
      return true
    }
    // PostgreSQL counts a connection that was closed just now for a moment longer.
    const now = performance.now()
    if (now - refusedAt > databaseMs * 2) refusedAt = now
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
    return now - refusedAt < databaseMs
  }
}

function checkAddress(url: string): void {
  if (!ADDRESS.test(url)) throw notAnAddress()
  try {
    // pg reads an address when a client is made, and connects later.
    if (!url.startsWith('/')) new pg.Client({ connectionString: url })
  } catch (error) {
    const { code, path } = error as NodeJS.ErrnoException
    if (code === undefined || path === undefined || code.startsWith('ERR_')) throw notAnAddress()
    throw new InvalidArgumentError('database', `names a certificate file that cannot be read: ${path} (${code})`)
  }
}

// The value may hold a password: it is not repeated, and neither is pg's error, which holds it too.
function notAnAddress(): InvalidArgumentError {
  return new InvalidArgumentError(
    'database',
    "must be a URL like postgresql://user@host:5432/name, 'pglite:<folder>' or 'pglite:memory'. In a URL, characters such as @ : / # and % " +
      'of a password are percent-encoded.',
  )
}
