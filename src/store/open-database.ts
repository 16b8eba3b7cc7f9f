import { type Kysely, Kysely as KyselyClass, PostgresDialect } from 'kysely'
import pg from 'pg'
import { InvalidArgumentError, SettingsError } from '../shared/errors.js'
import { lockFolder } from './folder-lock.js'
import { NotifyBus, type NotifyBusOptions, type NotifyClient } from './notify-bus.js'
import { PgliteDriver, type PgliteLike, pgliteDialect } from './pglite-dialect.js'
import { guardedPool, type PoolLike } from './pool.js'
import type { Tables } from './tables.js'

/** A Kysely instance or transaction of the host's, by shape: its version need not be this package's. */
export interface KyselyLike {
  withoutPlugins(): unknown
  readonly isTransaction: boolean
}

export interface OpenDatabase {
  readonly db: Kysely<Tables>
  readonly isEmbedded: boolean
  /** Hears NOTIFY on a connection of its own, where there is a way to open one. */
  readonly listen: ((options: NotifyBusOptions) => NotifyBus) | undefined
  close(): Promise<void>
}

/** Connections of a pool that this package opens. */
const POOL_SIZE = 10

/** Opens what the option `database` names. Nothing connects before the first query. */
export function openDatabase(database: string | PoolLike | KyselyLike, databaseMs: number): OpenDatabase {
  if (typeof database === 'string') return database.startsWith('pglite:') ? openEmbedded(database) : openUrl(database, databaseMs)
  if (isKysely(database)) {
    return { db: withoutPlugins(database), isEmbedded: false, listen: undefined, close: async () => {} }
  }
  if (typeof database === 'object' && database !== null && typeof database.connect === 'function')
    return openPool(database, false, databaseMs)
  throw new InvalidArgumentError(
    'database',
    "must be a 'postgresql://…' URL, 'pglite:<folder>', 'pglite:memory', a pg Pool or a Kysely instance",
  )
}

/** One for each instance, so that all repositories on one transaction know each other by it. */
const PLAIN = new WeakMap<KyselyLike, Kysely<Tables>>()

function withoutPlugins(host: KyselyLike): Kysely<Tables> {
  const plain = PLAIN.get(host) ?? (host.withoutPlugins() as Kysely<Tables>)
  PLAIN.set(host, plain)
  return plain
}

export function isKysely(value: unknown): value is KyselyLike {
  return typeof value === 'object' && value !== null && typeof (value as KyselyLike).withoutPlugins === 'function'
}

function openUrl(url: string, databaseMs: number): OpenDatabase {
  if (!URL.canParse(url) || !['postgresql:', 'postgres:'].includes(new URL(url).protocol)) {
    // The value may hold a password: it is not repeated.
    throw new InvalidArgumentError('database', "must be a URL like postgresql://user@host:5432/name, 'pglite:<folder>' or 'pglite:memory'")
  }
  const pool = new pg.Pool({
    connectionString: url,
    max: POOL_SIZE,
    // One connection stays: with an idle timeout shorter than the poll, each poll would open a connection.
    min: 1,
    allowExitOnIdle: true,
    connectionTimeoutMillis: databaseMs,
    keepAlive: true,
  })
  return openPool(pool as unknown as PoolLike, true, databaseMs)
}

function openPool(pool: PoolLike, ownsPool: boolean, databaseMs: number): OpenDatabase {
  // Reads have deadlines of their own; this one is for writes, which may have to wait for the lock.
  const guarded = guardedPool(pool, { ownsPool, queryMs: databaseMs * 2 + 1_000 })
  const db = new KyselyClass<Tables>({ dialect: new PostgresDialect({ pool: guarded }) })
  const { Client, options } = pool as { Client?: new (config: object) => NotifyClient; options?: { readonly password?: unknown } }
  return {
    db,
    isEmbedded: false,
    listen:
      Client &&
      options &&
      // pg hides the password from logs, and thereby from the spread.
      ((busOptions) =>
        new NotifyBus(() => new Client({ ...options, password: options.password, query_timeout: busOptions.databaseMs }), busOptions)),
    // Kysely ends a pool only once it has used it.
    close: async () => {
      if (ownsPool && !(pool as { ended?: boolean }).ended) await pool.end()
    },
  }
}

function openEmbedded(database: string): OpenDatabase {
  const folder = database.slice('pglite:'.length)
  if (folder === '') throw new InvalidArgumentError('database', "must name a folder ('pglite:./data') or be 'pglite:memory'")
  let release = (): void => {}
  const open = async (): Promise<PgliteLike> => {
    const { PGlite } = await importPglite()
    if (folder === 'memory') return PGlite.create()
    release = lockFolder(folder)
    try {
      return await PGlite.create(folder)
    } catch (error) {
      release()
      throw error
    }
  }
  const db = new KyselyClass<Tables>({ dialect: pgliteDialect(() => new PgliteDriver(open)) })
  return {
    db,
    isEmbedded: true,
    listen: undefined,
    close: async () => {
      await db.destroy()
      release()
    },
  }
}

export async function importPglite(): Promise<{ PGlite: { create(folder?: string): Promise<PgliteLike> } }> {
  try {
    return (await import('@electric-sql/pglite')) as never
  } catch (error) {
    throw new SettingsError(
      `The embedded database needs the package @electric-sql/pglite: run: npm install @electric-sql/pglite. (${(error as Error).message})`,
    )
  }
}
